package sqlite

import (
	"database/sql"
	"log/slog"
	"path/filepath"
	"runtime"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"modernc.org/sqlite"

	"github.com/googlelogin/operator/server/store/storetest"
)

func openInternal(t *testing.T, path string) *Store {
	t.Helper()
	store, err := Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func TestConnections_AreSafeAndSmall(t *testing.T) {
	store := openInternal(t, filepath.Join(t.TempDir(), "users.db"))
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "temp_store": "2", "cache_size": "-512",
	}
	for name, db := range map[string]*sql.DB{"writer": store.writer, "reader": store.reader} {
		got := map[string]string{}
		for pragma := range want {
			var value string
			if err := db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&value); err != nil {
				t.Fatal(err)
			}
			got[pragma] = value
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if !sqlite.FdatasyncEnabled() && runtime.GOOS == "linux" {
		t.Error("syncs write down when the file changed, which nobody needs")
	}
}

func TestMigrate_UsesASchemaOneVersionNewerAndNoOther(t *testing.T) {
	ours := fstest.MapFS{"00001_one.sql": {Data: []byte("-- +goose Up\nCREATE TABLE one (a);\n-- +goose Down\nDROP TABLE one;\n")}}
	later := func(n ...string) fstest.MapFS {
		files := fstest.MapFS{"00001_one.sql": ours["00001_one.sql"]}
		for _, number := range n {
			files["0000"+number+"_later.sql"] = &fstest.MapFile{
				Data: []byte("-- +goose Up\nALTER TABLE one ADD COLUMN b" + number + " DEFAULT 0;\n-- +goose Down\nSELECT 1;\n"),
			}
		}
		return files
	}
	for name, row := range map[string]struct {
		file fstest.MapFS
		ok   bool
	}{
		"the same version":   {ours, true},
		"one version newer":  {later("2"), true},
		"two versions newer": {later("2", "3"), false},
	} {
		t.Run(name, func(t *testing.T) {
			db, err := open(filepath.Join(t.TempDir(), "users.db"), "immediate", 1, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := migrateWith(t.Context(), db, row.file, slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
			err = migrateWith(t.Context(), db, ours, slog.New(slog.DiscardHandler))
			if row.ok != (err == nil) {
				t.Errorf("error is %v, want ok %t", err, row.ok)
			}
			if err == nil {
				_, err = db.ExecContext(t.Context(), "INSERT INTO one (a) VALUES (1)")
			}
			if row.ok && err != nil {
				t.Errorf("write beside the newer schema: %v", err)
			}
		})
	}
}

func TestMigrations_GoDownAndUpAgain(t *testing.T) {
	store := openInternal(t, filepath.Join(t.TempDir(), "users.db"))
	provider := newTestProvider(t, store.writer)
	if _, err := provider.DownTo(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestMigrations_ServeTheVersionBefore(t *testing.T) {
	db, err := open(filepath.Join(t.TempDir(), "users.db"), "immediate", 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	provider := newTestProvider(t, db)
	var before storetest.Schema
	for _, source := range provider.ListSources() {
		if _, err := provider.UpTo(t.Context(), source.Version); err != nil {
			t.Fatal(err)
		}
		after := schemaOf(t, db)
		if len(after.Columns) == 0 {
			t.Fatalf("version %d has no columns", source.Version)
		}
		storetest.ServesTheVersionBefore(t, before, after)
		before = after
	}
}

func schemaOf(t *testing.T, db *sql.DB) storetest.Schema {
	t.Helper()
	s := storetest.Schema{Columns: map[string]string{}, Optional: map[string]bool{}, Rules: map[string]string{}}
	rows, err := db.QueryContext(t.Context(), `SELECT t.name, c.name, c.type, c."notnull", c.dflt_value IS NOT NULL
		FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'goose%' AND t.name NOT LIKE 'sqlite%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			table, column, kind string
			required, defaulted bool
		)
		if err := rows.Scan(&table, &column, &kind, &required, &defaulted); err != nil {
			t.Fatal(err)
		}
		s.Columns[table+"."+column], s.Optional[table+"."+column] = kind, defaulted || !required
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	unique, err := db.QueryContext(t.Context(), `SELECT t.name, i.name, coalesce(s.sql, '') FROM sqlite_schema t JOIN pragma_index_list(t.name) i
		LEFT JOIN sqlite_schema s ON s.name = i.name WHERE t.type = 'table' AND i."unique" AND t.name NOT LIKE 'goose%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer unique.Close()
	for unique.Next() {
		var table, index, definition string
		if err := unique.Scan(&table, &index, &definition); err != nil {
			t.Fatal(err)
		}
		s.Rules[index] = table + " " + definition
	}
	if err := unique.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}
