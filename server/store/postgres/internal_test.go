package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/store/storetest"
)

const lockNotAvailable = "55P03"

func openInternal(t *testing.T, uriFile, instance string) (*Store, error) {
	t.Helper()
	store, err := Open(t.Context(), Options{URIFile: uriFile, Instance: instance})
	if err == nil {
		t.Cleanup(func() { _ = store.Close() })
	}
	return store, err
}

func TestMigrate_UsesASchemaOneVersionNewerAndNoOther(t *testing.T) {
	server := Servers.Shared(t)
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
	store, err := openInternal(t, Servers.Shared(t).URIFile(t), "team/shop")
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
	store, err := openInternal(t, Servers.Shared(t).URIFile(t), "team/shop")
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
	file := Servers.Shared(t).URIFile(t)
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
	file := Servers.Shared(t).URIFile(t)
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
	server := Servers.Own(t)
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
	server := Servers.Own(t)
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

// What waits for a lock gives up before a transaction that is frozen is ended. Otherwise the second transaction of a frozen server would get
// the row after the first, and hold it as long again.
func TestInTransaction_WaitsForALockNoLongerThanTheFrozenMayHoldIt(t *testing.T) {
	t.Parallel()
	store, err := openInternal(t, Servers.Shared(t).URIFile(t), "team/shop")
	if err != nil {
		t.Fatal(err)
	}
	holder, err := store.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Rollback(context.Background()) }()
	if _, err := holder.Exec(t.Context(), `LOCK TABLE googlelogin.users`); err != nil {
		t.Fatal(err)
	}
	// No deadline of our own that counts: a frozen server looks at none.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = store.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var idle, lock time.Duration
		if err := tx.QueryRow(ctx, `SELECT extract(epoch FROM current_setting('idle_in_transaction_session_timeout')::interval)::int8 * 1000000000,
			extract(epoch FROM current_setting('lock_timeout')::interval)::int8 * 1000000000`).Scan(&idle, &lock); err != nil {
			return err
		}
		if lock <= 0 || lock >= idle {
			t.Errorf("a transaction waits %s for a lock, and may hold one for %s", lock, idle)
		}
		_, err := tx.Exec(ctx, `SELECT id FROM googlelogin.users FOR UPDATE`)
		return err
	})
	if state(err) != lockNotAvailable {
		t.Errorf("waiting for the lock ends with %v, want SQLSTATE %s", err, lockNotAvailable)
	}
}
