package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/store/postgres"
	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
	"github.com/googlelogin/operator/server/users"
)

var (
	now   = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	ann   = identity.User{ID: "user-ann", Issuer: "iss", Subject: "1", Email: "ann@example.com", Name: "Ann", CreatedAt: now, LastLoginAt: now}
	alive = identity.Session{ID: "alive", HandleHash: [32]byte{1}, UserID: ann.ID, CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour)}
)

// database is an empty one with ann in it, signed in once.
type database struct {
	server    *postgrestest.Server
	uri, file string
	store     *postgres.Store
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	server, uri := postgres.Servers.Database(t)
	return newDatabaseAt(t, server, uri)
}

// newDatabaseOfItsOwn is for tests that stop or change the server.
func newDatabaseOfItsOwn(t *testing.T) *database {
	t.Helper()
	server := postgres.Servers.Own(t)
	return newDatabaseAt(t, server, server.Database())
}

func newDatabaseAt(t *testing.T, server *postgrestest.Server, uri string) *database {
	t.Helper()
	d := &database{server: server, uri: uri}
	d.file = postgrestest.WriteURI(t, filepath.Join(t.TempDir(), "uri"), d.uri)
	d.store = open(t, d.file)
	if _, err := d.store.SaveUser(t.Context(), ann.Issuer, ann.Subject, to(ann)); err != nil {
		t.Fatal(err)
	}
	if err := d.store.CreateSession(t.Context(), alive); err != nil {
		t.Fatal(err)
	}
	return d
}

// to is a change that ends in this user.
func to(u identity.User) func(identity.User) (identity.User, error) {
	return func(identity.User) (identity.User, error) { return u, nil }
}

// wantAsBefore fails if ann or her session is not as newDatabase left them.
func (d *database) wantAsBefore(t *testing.T) {
	t.Helper()
	if found, err := d.store.SessionByHandle(t.Context(), alive.HandleHash); err != nil || !cmp.Equal(alive, found) {
		t.Errorf("session (%v):\n%s", err, cmp.Diff(alive, found))
	}
	if found, err := d.store.User(t.Context(), ann.ID); err != nil || !cmp.Equal(ann, found) {
		t.Errorf("user (%v):\n%s", err, cmp.Diff(ann, found))
	}
}

func TestAConnectionLostInATransactionLosesNothing(t *testing.T) {
	d := newDatabase(t)
	changed := ann
	changed.Name = "Mallory"

	_, err := d.store.SaveUser(t.Context(), ann.Issuer, ann.Subject, func(identity.User) (identity.User, error) {
		d.server.Terminate(d.uri)
		return changed, nil
	})

	if !errors.Is(err, session.ErrStoreUnavailable) {
		t.Errorf("error is %v, want ErrStoreUnavailable", err)
	}
	d.wantAsBefore(t)
	if _, err := d.store.SaveUser(t.Context(), ann.Issuer, ann.Subject, to(changed)); err != nil {
		t.Errorf("the store takes no writes after that: %v", err)
	}
}

func TestG93_AServerThatIsAwayEndsNoSession(t *testing.T) {
	d := newDatabaseOfItsOwn(t)
	d.server.Stop()

	for name, call := range map[string]func() error{
		"find":  func() error { _, err := d.store.SessionByHandle(t.Context(), alive.HandleHash); return err },
		"touch": func() error { return d.store.TouchSession(t.Context(), alive.ID, now) },
		"end":   func() error { return d.store.RevokeSession(t.Context(), alive.ID, now) },
		"user":  func() error { _, err := d.store.User(t.Context(), ann.ID); return err },
		"ping":  func() error { return d.store.Ping(t.Context()) },
	} {
		err := call()
		if !errors.Is(err, session.ErrStoreUnavailable) || errors.Is(err, session.ErrNoSession) || errors.Is(err, users.ErrNotFound) {
			t.Errorf("%s: error is %v, want ErrStoreUnavailable alone", name, err)
		}
	}
	d.server.StartAgain()
	if err := d.store.Ping(t.Context()); err != nil {
		t.Errorf("ping after the server came back: %v", err)
	}
	d.wantAsBefore(t)
}

func TestAServerThatHangsIsUnavailable(t *testing.T) {
	d := newDatabase(t)
	conn := d.server.Connect(d.uri)
	defer conn.Close(context.Background())
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE googlelogin.users, googlelogin.sessions IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	brief, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()

	_, findErr := d.store.SessionByHandle(brief, alive.HandleHash)
	_, saveErr := d.store.SaveUser(brief, ann.Issuer, ann.Subject, to(ann))

	for name, err := range map[string]error{"find": findErr, "save": saveErr} {
		if !errors.Is(err, session.ErrStoreUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: error is %v, want ErrStoreUnavailable for a deadline", name, err)
		}
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.wantAsBefore(t)
}

// The sequence outlives a transaction that was rolled back, and so counts attempts.
func TestFailuresOfTheDatabase(t *testing.T) {
	for name, row := range map[string]struct {
		code            string
		times, attempts int
		ok              bool
	}{
		"a serialization failure is tried again": {"40001", 3, 4, true},
		"a deadlock is tried again":              {"40P01", 1, 2, true},
		"a race that is lost for ever":           {"40001", 1000, 5, false},
		"a full disk is not tried again":         {"53100", 1, 1, false},
		"too little memory is not tried again":   {"53200", 1, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDatabase(t)
			d.server.Exec(d.uri, "CREATE SEQUENCE attempts",
				fmt.Sprintf(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
					IF nextval('attempts') <= %d THEN RAISE EXCEPTION 'injected' USING ERRCODE = '%s'; END IF; RETURN NEW; END $$`, row.times, row.code),
				"CREATE TRIGGER fail BEFORE UPDATE ON googlelogin.users FOR EACH ROW EXECUTE FUNCTION fail()",
				"CREATE TRIGGER fail BEFORE UPDATE ON googlelogin.sessions FOR EACH ROW EXECUTE FUNCTION fail()")
			for what, call := range map[string]func() error{
				"save":   func() error { _, err := d.store.SaveUser(t.Context(), ann.Issuer, ann.Subject, to(ann)); return err },
				"relink": func() error { _, _, err := d.store.RelinkUser(t.Context(), ann.Email, now, to(ann)); return err },
				"touch":  func() error { return d.store.TouchSession(t.Context(), alive.ID, now) },
			} {
				d.server.Exec(d.uri, "ALTER SEQUENCE attempts RESTART")
				err := call()
				if row.ok != (err == nil) || (err != nil && !errors.Is(err, session.ErrStoreUnavailable)) {
					t.Errorf("%s: error is %v, want ok %t", what, err, row.ok)
				}
				if got := d.number(t, "SELECT last_value FROM attempts"); !row.ok && got != row.attempts {
					t.Errorf("%s: tried %d times, want %d", what, got, row.attempts)
				}
				if !row.ok {
					d.wantAsBefore(t)
				}
				if what == "relink" && err == nil {
					d.server.Exec(d.uri, "ALTER SEQUENCE attempts RESTART 1001", "UPDATE googlelogin.sessions SET revoked_at = NULL")
				}
			}
		})
	}
}

func (d *database) number(t *testing.T, query string) int {
	t.Helper()
	conn := d.server.Connect(d.uri)
	defer conn.Close(context.Background())
	var n int
	if err := conn.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTwoServersSignInOnePersonAtOnce(t *testing.T) {
	d := newDatabase(t)
	stores := []*postgres.Store{d.store, open(t, d.file)}
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			_, err := stores[i%2].SaveUser(t.Context(), "iss", "new", func(known identity.User) (identity.User, error) {
				if known.ID == "" {
					known = identity.User{ID: fmt.Sprintf("user-%d", i), Issuer: "iss", Subject: "new", Email: "new@example.com"}
				}
				known.Name += "x"
				return known, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := d.number(t, "SELECT count(*) FROM googlelogin.users WHERE subject = 'new'"); n != 1 {
		t.Errorf("one person became %d users", n)
	}
	if n := d.number(t, "SELECT length(name) FROM googlelogin.users WHERE subject = 'new'"); n != 100 {
		t.Errorf("%d changes of 100 are left", n)
	}
}

func TestE70_TwoServersGiveOneEmailToOneUser(t *testing.T) {
	d := newDatabase(t)
	stores := []*postgres.Store{d.store, open(t, d.file)}
	var (
		group     sync.WaitGroup
		mu        sync.Mutex
		conflicts int
	)
	for i := range 40 {
		group.Go(func() {
			u := identity.User{ID: fmt.Sprintf("user-%d", i), Issuer: "iss", Subject: fmt.Sprintf("eve-%d", i), Email: "wanted@example.com"}
			_, err := stores[i%2].SaveUser(t.Context(), u.Issuer, u.Subject, to(u))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, users.ErrEmailConflict):
				conflicts++
			case err != nil:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if conflicts != 39 {
		t.Errorf("%d of 40 were refused, want all but one", conflicts)
	}
}

func TestAStandbyIsNotReady(t *testing.T) {
	d := newDatabaseOfItsOwn(t)
	d.server.Stop()
	if err := os.WriteFile(filepath.Join(d.server.Dir, "data", "standby.signal"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	d.server.StartAgain()
	if err := d.store.Ping(t.Context()); !errors.Is(err, session.ErrStoreUnavailable) {
		t.Errorf("ping of a standby: %v, want ErrStoreUnavailable", err)
	}
	if err := d.store.RevokeSession(t.Context(), alive.ID, now); !errors.Is(err, session.ErrStoreUnavailable) {
		t.Errorf("logout at a standby: %v, want ErrStoreUnavailable", err)
	}
	d.server.Exec(d.uri, "SELECT pg_promote()")
	if err := d.store.Ping(t.Context()); err != nil {
		t.Errorf("ping of the new primary: %v", err)
	}
	d.wantAsBefore(t)
}

func TestKeepsPeopleWhateverTheyCallThemselves(t *testing.T) {
	d := newDatabase(t)
	odd := ann
	odd.Name, odd.GivenName = "A\x00nn", "\xff'; DROP TABLE googlelogin.users; --"
	want := ann
	want.Name, want.GivenName = "Ann", "'; DROP TABLE googlelogin.users; --"
	saved, err := d.store.SaveUser(t.Context(), ann.Issuer, ann.Subject, to(odd))
	if err != nil || !cmp.Equal(want, saved) {
		t.Errorf("saved (%v):\n%s", err, cmp.Diff(want, saved))
	}
	if found, err := d.store.User(t.Context(), ann.ID); err != nil || !cmp.Equal(want, found) {
		t.Errorf("read (%v):\n%s", err, cmp.Diff(want, found))
	}
}

// A server that freezes in a transaction, on a node that is paused say, must not keep the others waiting for its rows.
func TestAServerThatFreezesInATransactionGivesItsRowsBack(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	other := open(t, d.file)
	frozen, thaw, failed := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := d.store.SaveUser(context.Background(), ann.Issuer, ann.Subject, func(known identity.User) (identity.User, error) {
			close(frozen)
			<-thaw
			known.Name = "Mallory"
			return known, nil
		})
		failed <- err
	}()
	<-frozen
	began, renamed := time.Now(), ann
	renamed.Name = "Ann Smith"
	for {
		_, err := other.SaveUser(t.Context(), ann.Issuer, ann.Subject, to(renamed))
		if err == nil {
			break
		}
		if !errors.Is(err, session.ErrStoreUnavailable) || time.Since(began) > time.Minute {
			t.Fatalf("after %s: %v", time.Since(began).Round(time.Second), err)
		}
	}
	t.Logf("the row was free after %s", time.Since(began).Round(time.Second))
	close(thaw)
	if err := <-failed; !errors.Is(err, session.ErrStoreUnavailable) {
		t.Errorf("what was frozen ends with %v, want ErrStoreUnavailable", err)
	}
	if found, err := other.User(t.Context(), ann.ID); err != nil || !cmp.Equal(renamed, found) {
		t.Errorf("user (%v):\n%s", err, cmp.Diff(renamed, found))
	}
}
