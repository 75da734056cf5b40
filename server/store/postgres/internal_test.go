package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
	"github.com/googlelogin/operator/server/store/storetest"
)

func openInternal(t *testing.T, uriFile, instance string) (*Store, error) {
	t.Helper()
	store, err := Open(t.Context(), Options{URIFile: uriFile, Instance: instance})
	if err == nil {
		t.Cleanup(func() { _ = store.Close() })
	}
	return store, err
}

// A statement without an index would be quick in every test and slow in the one place that counts. With this many rows the planner
// takes an index wherever there is one.
func TestStatements_UseAnIndex(t *testing.T) {
	server := postgrestest.Start(t)
	store, err := openInternal(t, server.URIFile(t), "team/shop")
	if err != nil {
		t.Fatal(err)
	}
	for _, fill := range []string{
		`INSERT INTO googlelogin.users SELECT 'u'||n, 'iss', n::text, n||'@example.com', true, '', 'N', '', '', '', now(), now(), NULL FROM generate_series(1, 5000) n`,
		`INSERT INTO googlelogin.sessions SELECT 's'||n, sha256(n::text::bytea), 'u'||(n % 5000 + 1), now(), now(), now() + interval '30 days',
			CASE WHEN n % 1000 = 0 THEN now() END, 'Browser', '' FROM generate_series(1, 20000) n`,
		`INSERT INTO googlelogin.used_nonces SELECT sha256(n::text::bytea), now() + n * interval '1 second' FROM generate_series(1, 20000) n`,
		`INSERT INTO googlelogin.ended_sessions SELECT 'e'||n, now() - n * interval '1 second' FROM generate_series(1, 20000) n`,
		`INSERT INTO googlelogin.refresh_families SELECT 's'||n, 'client', '', 1, '', now() FROM generate_series(1, 20000) n`,
		`ANALYZE googlelogin.ended_sessions, googlelogin.users, googlelogin.sessions, googlelogin.used_nonces, googlelogin.refresh_families`,
	} {
		if _, err := store.pool.Exec(t.Context(), fill); err != nil {
			t.Fatal(err)
		}
	}
	at, hash := time.Now(), make([]byte, 32)
	user := []any{"u1", "iss", "1", "1@example.com", true, "", "", "", "", "", at, at, nil}
	table := map[string]struct {
		statement, index string
		args             []any
	}{
		"selectUser":            {selectUser, "users_pkey", []any{"u1"}},
		"lockByIdentity":        {lockByIdentity, "users_identity", []any{"iss", "1"}},
		"lockByEmail":           {lockByEmail, "users_email", []any{"1@example.com"}},
		"selectByEmail":         {selectByEmail, "users_email", []any{"1@example.com"}},
		"selectBySubject":       {selectBySubject, "users_identity", []any{"iss", "1"}},
		"updateIdentity":        {updateIdentity, "users_pkey", []any{"iss", "1", "u1"}},
		"upsertUser":            {upsertUser, "users_pkey", user},
		"insertSession":         {insertSession, "", []any{"s", hash, "u1", at, at, at, nil, "", ""}},
		"selectSessionByHandle": {selectSessionByHandle, "sessions_handle", []any{hash}},
		"touchSession":          {touchSession, "sessions_pkey", []any{at, "s1"}},
		"revokeSession":         {revokeSession, "sessions_pkey", []any{at, "s1"}},
		"revokeUserSessions":    {revokeUserSessions, "sessions_(of_)?user", []any{at, "u1"}},
		"revokeUserSession":     {revokeUserSession, "sessions_pkey", []any{at, "s1", "u1"}},
		"selectUserSessions":    {selectUserSessions, "sessions_of_user", []any{"u1", at, at, 50}},
		"selectRevokedSince":    {selectRevokedSince, "sessions_revoked", []any{at.Add(-time.Minute)}},
		"deleteExpired":         {deleteExpired, "sessions_expiry", []any{at, at.Add(-time.Hour), 200}},
		"selectUserByEmail":     {selectUserByEmail, "users_email", []any{"1@example.com"}},
		"selectUserByIdentity":  {selectUserByIdentity, "users_identity", []any{"iss", "1"}},
		"listUsers":             {listUsers, "users_pkey", []any{"u4000", 51}},
		"listUsersByEmail":      {listUsersByEmail, "users_email_prefix", []any{"49", "49\U0010FFFF", "490@example.com", 51}},
		"selectKeptSessions":    {selectKeptSessions, "sessions_(of_)?user", []any{"u1", 50}},
		"lockUser":              {lockUser, "users_pkey", []any{"u1"}},
		"insertEnds":            {insertEnds, "sessions_(of_)?user|sessions_revoked", []any{"u1"}},
		"deleteUser":            {deleteUser, "users_pkey", []any{"u1"}},
		"deleteExpiredEnds":     {deleteExpiredEnds, "ended_sessions_time", []any{at.Add(-333 * time.Minute), 200}},
		"insertNonce":           {insertNonce, "", []any{hash, at}},
		"deleteExpiredNonces":   {deleteExpiredNonces, "used_nonces_expiry", []any{at, 200}},
		"insertFamily":          {insertFamily, "", []any{"s1", "client", hash, 1, hash, at}},
		"selectFamily":          {selectFamily, "refresh_families_pkey", []any{"s1"}},
		"selectUserFamilies":    {selectUserFamilies, "sessions_(of_)?user", []any{"u1", 50}},
		"rotateFamily":          {rotateFamily, "refresh_families_pkey", []any{2, hash, at, "s1", 1}},
	}
	known := storetest.Statements(t,
		// Of the server itself, and of the one row that says whose database this is.
		"SELECT pg_advisory_xact_lock($1)", "SELECT to_regnamespace('googlelogin') IS NULL", "SELECT pg_is_in_recovery()",
		"SELECT set_config('idle_in_transaction_session_timeout', '10s', true)",
		"INSERT INTO googlelogin.instance (name) VALUES ($1) ON CONFLICT DO NOTHING", "SELECT name FROM googlelogin.instance")
	if diff := cmp.Diff(known, slices.Sorted(maps.Keys(table))); diff != "" {
		t.Errorf("the table has not every statement (-package +table):\n%s", diff)
	}
	for name, row := range table {

		rows, err := store.pool.Query(t.Context(), "EXPLAIN "+row.statement, row.args...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var plan strings.Builder
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			plan.WriteString(line + "\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if strings.Contains(plan.String(), "Seq Scan") || !regexp.MustCompile(row.index).MatchString(plan.String()) {
			t.Errorf("%s does not go by %s:\n%s", name, row.index, plan.String())
		}
	}
}

func TestMigrate_UsesASchemaOneVersionNewerAndNoOther(t *testing.T) {
	server := postgrestest.Start(t)
	ours := fstest.MapFS{"00001_one.sql": {Data: []byte("-- +goose Up\nCREATE TABLE one (a int);\n-- +goose Down\nDROP TABLE one;\n")}}
	later := func(n ...string) fstest.MapFS {
		files := fstest.MapFS{"00001_one.sql": ours["00001_one.sql"]}
		for _, number := range n {
			files["0000"+number+"_later.sql"] = &fstest.MapFile{
				Data: []byte("-- +goose Up\nALTER TABLE one ADD COLUMN b" + number + " int DEFAULT 0;\n-- +goose Down\nSELECT 1;\n"),
			}
		}
		return files
	}
	for name, row := range map[string]struct {
		database fstest.MapFS
		ok       bool
	}{
		"the same version":   {ours, true},
		"one version newer":  {later("2"), true},
		"two versions newer": {later("2", "3"), false},
	} {
		t.Run(name, func(t *testing.T) {
			store, err := openInternal(t, server.URIFile(t), "team/shop")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := store.pool.Exec(t.Context(), "DROP SCHEMA googlelogin CASCADE"); err != nil {
				t.Fatal(err)
			}
			log := slog.New(slog.DiscardHandler)
			if err := migrateWith(t.Context(), store.pool, row.database, log); err != nil {
				t.Fatal(err)
			}
			err = migrateWith(t.Context(), store.pool, ours, log)
			if row.ok != (err == nil) || (err != nil && !errors.Is(err, errRefused)) {
				t.Errorf("error is %v, want ok %t", err, row.ok)
			}
			if _, err := store.pool.Exec(t.Context(), "INSERT INTO one (a) VALUES (1)"); row.ok && err != nil {
				t.Errorf("write beside the newer schema: %v", err)
			}
		})
	}
}

func TestMigrations_GoDownAndUpAgain(t *testing.T) {
	store, err := openInternal(t, postgrestest.Start(t).URIFile(t), "team/shop")
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDBFromPool(store.pool)
	defer db.Close()
	provider, err := newProvider(db, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.DownTo(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := store.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := store.User(t.Context(), "nobody"); errors.Is(err, session.ErrStoreUnavailable) {
		t.Error(err)
	}
}

func TestMigrations_ServeTheVersionBefore(t *testing.T) {
	store, err := openInternal(t, postgrestest.Start(t).URIFile(t), "team/shop")
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDBFromPool(store.pool)
	defer db.Close()
	provider, err := newProvider(db, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.DownTo(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	var before storetest.Schema
	for _, source := range provider.ListSources() {
		if _, err := provider.UpTo(t.Context(), source.Version); err != nil {
			t.Fatal(err)
		}
		after := store.schema(t)
		if len(after.Columns) == 0 {
			t.Fatalf("version %d has no columns", source.Version)
		}
		storetest.ServesTheVersionBefore(t, before, after)
		before = after
	}
}

func (s *Store) schema(t *testing.T) storetest.Schema {
	t.Helper()
	found := storetest.Schema{Columns: map[string]string{}, Optional: map[string]bool{}, Rules: map[string]string{}}
	each := func(query string, use func(a, b, c string, optional bool)) {
		rows, err := s.pool.Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var (
				a, b, c  string
				optional bool
			)
			if err := rows.Scan(&a, &b, &c, &optional); err != nil {
				t.Fatal(err)
			}
			use(a, b, c, optional)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	each(`SELECT table_name, column_name, data_type, is_nullable = 'YES' OR column_default IS NOT NULL OR is_identity = 'YES'
		FROM information_schema.columns WHERE table_schema = 'googlelogin' AND table_name <> 'schema_version'`,
		func(table, column, kind string, optional bool) {
			found.Columns[table+"."+column], found.Optional[table+"."+column] = kind, optional
		})
	each(`SELECT tablename, indexname, indexdef, false FROM pg_indexes
		WHERE schemaname = 'googlelogin' AND tablename <> 'schema_version' AND indexdef LIKE 'CREATE UNIQUE%'`,
		func(table, index, definition string, _ bool) { found.Rules[index] = table + " " + definition })
	each(`SELECT c.relname, k.conname, pg_get_constraintdef(k.oid), false FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
		WHERE k.connamespace = 'googlelogin'::regnamespace AND c.relname <> 'schema_version'`,
		func(table, constraint, definition string, _ bool) { found.Rules[constraint] = table + " " + definition })
	return found
}

func TestOpen_ManyServersAtOnce(t *testing.T) {
	file := postgrestest.Start(t).URIFile(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			store, err := Open(t.Context(), Options{URIFile: file, Instance: "team/shop"})
			if err != nil {
				t.Error(err)
				return
			}
			if err := store.Ping(t.Context()); err != nil {
				t.Error(err)
			}
			_ = store.Close()
		})
	}
	group.Wait()
}

func TestOpen_RefusesTheDatabaseOfAnotherGoogleLogin(t *testing.T) {
	file := postgrestest.Start(t).URIFile(t)
	if _, err := openInternal(t, file, "team/shop"); err != nil {
		t.Fatal(err)
	}
	if _, err := openInternal(t, file, "team/stock"); !errors.Is(err, errRefused) || !strings.Contains(fmt.Sprint(err), "team/shop") {
		t.Errorf("error is %v, want one that names the other", err)
	}
	if _, err := openInternal(t, file, "team/shop"); err != nil {
		t.Errorf("its own GoogleLogin is refused: %v", err)
	}
}

func TestOpen_WaitsForADatabaseThatIsAway(t *testing.T) {
	server := postgrestest.Start(t)
	file := server.URIFile(t)
	server.Stop()
	store, err := openInternal(t, file, "team/shop")
	if err != nil {
		t.Fatalf("a database that is away kept the server from starting: %v", err)
	}
	if err := store.Ping(t.Context()); !errors.Is(err, session.ErrStoreUnavailable) {
		t.Errorf("ping: %v, want ErrStoreUnavailable", err)
	}
	server.StartAgain()
	store.done.Wait()
	if err := store.Ping(t.Context()); err != nil {
		t.Errorf("ping after the database came: %v", err)
	}
}

func TestClose_EndsTheWaitForADatabase(t *testing.T) {
	server := postgrestest.Start(t)
	file := server.URIFile(t)
	server.Stop()
	store, err := Open(context.Background(), Options{URIFile: file, Instance: "team/shop"})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}
