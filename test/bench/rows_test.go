//go:build bench

package bench

import (
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
)

// sizes are how many sessions are there before. A user has five.
var sizes = []struct {
	name string
	rows int
}{{"1e2", 100}, {"1e4", 10_000}, {"1e6", 1_000_000}}

const (
	perUser = 5
	// rowLogins and rowRenewals are how many of each are measured.
	rowLogins, rowRenewals = 1000, 3000
)

// rowFigures are the names of the figures by size.
func rowFigures() (names []string) {
	for _, store := range []string{"sqlite", "postgres"} {
		for _, size := range sizes {
			for _, what := range []string{"check", "login", "renewal"} {
				names = append(names, fmt.Sprintf("%s_%s_%s", what, store, size.name))
			}
		}
	}
	return names
}

// handle is what the browser of session n holds.
func handle(n int) [32]byte { return sha256.Sum256(fmt.Appendf(nil, "handle %d", n)) }

// fillSQLite fills the tables that a server made before.
func fillSQLite(t *testing.T, path string, rows int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(OFF)&_pragma=cache_size(-400000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	prepare := func(text string) *sql.Stmt {
		statement, err := tx.Prepare(text)
		if err != nil {
			t.Fatal(err)
		}
		return statement
	}
	user := prepare(`INSERT INTO users (id, issuer, subject, email, email_verified, hosted_domain, name, given_name, family_name, picture,
		created_at, last_login_at) VALUES (?, 'https://accounts.google.com', ?, ?, 1, 'example.com', ?, 'Given', 'Family', '', ?, ?)`)
	session := prepare(`INSERT INTO sessions (id, handle_hash, user_id, created_at, last_used_at, expires_at, user_agent, missing_scopes)
		VALUES (?, ?, ?, ?, ?, ?, ?, '')`)
	now := time.Now()
	at := func(d time.Duration) int64 { return now.Add(d).UnixMicro() }
	for n := range rows {
		raw := handle(n)
		hash := sha256.Sum256(raw[:])
		userID := fmt.Sprintf("user-%d", n/perUser)
		if n%perUser == 0 {
			_, err = user.Exec(userID, userID, userID+"@example.com", "Given Family", at(-time.Hour), at(-time.Hour))
		}
		if err == nil {
			_, err = session.Exec(base64.RawURLEncoding.EncodeToString(raw[:16]), hash[:], userID, at(-time.Hour), at(-time.Minute),
				at(time.Duration(n%700+1)*time.Hour), userAgent)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// fillPostgres has the same rows.
func fillPostgres(server *postgrestest.Server, uri string, rows int) {
	server.Exec(uri,
		fmt.Sprintf(`INSERT INTO googlelogin.users (id, issuer, subject, email, email_verified, hosted_domain, name, given_name, family_name,
			picture, created_at, last_login_at) SELECT 'user-'||n, 'https://accounts.google.com', 'user-'||n, 'user-'||n||'@example.com', true,
			'example.com', 'Given Family', 'Given', 'Family', '', now(), now() FROM generate_series(0, %d) n`, (rows-1)/perUser),
		fmt.Sprintf(`INSERT INTO googlelogin.sessions (id, handle_hash, user_id, created_at, last_used_at, expires_at, user_agent, missing_scopes)
			SELECT encode(sha256(('id '||n)::bytea), 'hex'), sha256(sha256(('handle '||n)::bytea)), 'user-'||n/%d,
			now() - interval '1 hour', now() - interval '1 minute', now() + (n %% 700 + 1) * interval '1 hour', '%s', ''
			FROM generate_series(0, %d) n`, perUser, userAgent, rows-1),
		"VACUUM ANALYZE googlelogin.users, googlelogin.sessions")
}

// renewals renews sessions far apart in the tables: their JWTs are gone, and the handles left.
func (w *world) renewals(t *testing.T, n, rows int) time.Duration {
	t.Helper()
	b := newBrowser()
	defer b.transport.CloseIdleConnections()
	return w.each(t, crowd, n, func(i int) error {
		raw := handle(i * 7919 % rows)
		cookie := &http.Cookie{Name: "__Host-shop-session", Value: base64.RawURLEncoding.EncodeToString(raw[:])}
		response, err := b.get(w.base+"/check/nginx", []*http.Cookie{cookie}, http.StatusOK)
		if err == nil && len(response.Cookies()) != 1 {
			err = fmt.Errorf("no renewed JWT for session %d", i)
		}
		return err
	})
}

// sized measures a server whose store is filled.
func sized(t *testing.T, f *figures, suffix string, w *world, rows int, ratio func(*world) float64) {
	t.Helper()
	defer w.stop()
	f.print("renewal_"+suffix, milliseconds(w.renewals(t, rowRenewals, rows)), "ms")
	f.print("login_"+suffix, milliseconds(w.logins(t, crowd, rowLogins)), "ms")
	f.print("check_"+suffix, ratio(w), "ratio")
}

func sizedSQLite(t *testing.T, f *figures, bin, googleURL string, ratio func(*world) float64) {
	t.Helper()
	for _, size := range sizes {
		storage := sqliteIn(t)
		newWorld(t, bin, googleURL, storage).stop()
		fillSQLite(t, storage.Path, size.rows)
		w := newWorld(t, bin, googleURL, storage)
		say("%d sessions in SQLite, ready in %.3f s", size.rows, w.ready.Seconds())
		sized(t, f, "sqlite_"+size.name, w, size.rows, ratio)
	}
}

func sizedPostgres(t *testing.T, f *figures, bin, googleURL string, ratio func(*world) float64) {
	t.Helper()
	server := postgrestest.Start(t)
	for _, size := range sizes {
		uri := server.Database()
		storage := config.Storage{Type: config.StoragePostgres, URIFile: postgrestest.WriteURI(t, filepath.Join(t.TempDir(), "uri"), uri)}
		newWorld(t, bin, googleURL, storage).stop()
		fillPostgres(server, uri, size.rows)
		w := newWorld(t, bin, googleURL, storage)
		say("%d sessions in PostgreSQL, ready in %.3f s", size.rows, w.ready.Seconds())
		sized(t, f, "postgres_"+size.name, w, size.rows, ratio)
	}
}
