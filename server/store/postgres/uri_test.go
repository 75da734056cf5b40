package postgres_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/googlelogin/operator/server/store/postgres"
	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
)

func TestARotatedPasswordNeedsNoRestart(t *testing.T) {
	d := newDatabaseOfItsOwn(t)
	const fresh = "canary-of-the-database-2"
	d.server.Exec(d.uri, "ALTER ROLE "+postgrestest.Role+" PASSWORD '"+fresh+"'")
	renewed := strings.Replace(d.uri, postgrestest.Password, fresh, 1)
	postgrestest.WriteURI(t, d.file, renewed)

	t.Run("a new connection uses it before anybody says that the file changed", func(t *testing.T) {
		conn := d.server.Connect(renewed)
		defer conn.Close(t.Context())
		if _, err := conn.Exec(t.Context(), "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'googlelogin'"); err != nil {
			t.Fatal(err)
		}
		d.wantAsBefore(t)
	})
	if err := d.store.Reload(); err != nil {
		t.Error(err)
	}
	d.wantAsBefore(t)
}

func TestReloadMovesToAnotherDatabase(t *testing.T) {
	d := newDatabase(t)
	other := d.server.Database()
	open(t, postgrestest.WriteURI(t, filepath.Join(t.TempDir(), "uri"), other))
	postgrestest.WriteURI(t, d.file, other)
	d.wantAsBefore(t)
	if err := d.store.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.store.User(t.Context(), ann.ID); err == nil {
		t.Error("connections to the first database are still in use")
	}
}

func TestABadURIKeepsTheOneBefore(t *testing.T) {
	d := newDatabase(t)
	for name, spoil := range map[string]func() error{
		"empty":    func() error { return os.WriteFile(d.file, nil, 0o600) },
		"not one":  func() error { return os.WriteFile(d.file, []byte("mysql://shop:canary-of-the-database@db"), 0o600) },
		"too long": func() error { return os.WriteFile(d.file, bytes.Repeat([]byte("x"), 10_000), 0o600) },
		"away":     func() error { return os.Remove(d.file) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if err := d.store.Reload(); err == nil {
			t.Errorf("%s: was taken", name)
		}
		d.server.Terminate(d.uri)
		d.wantAsBefore(t)
	}
}

func TestM8_ThePasswordIsInNoErrorAndNoLog(t *testing.T) {
	server := postgres.Servers.Shared(t)
	uri := server.Database()
	for name, content := range map[string]string{
		"a role that does not exist":     strings.Replace(uri, postgrestest.Role+":", "nobody:", 1),
		"a password that is wrong":       strings.Replace(uri, postgrestest.Password, "wrong-"+postgrestest.Password, 1),
		"a database that does not exist": server.URI("none"),
		"a server that is away":          strings.Replace(uri, "host=", "host=/nowhere", 1),
		"a port that is none":            "postgresql://shop:" + postgrestest.Password + "@db:54x/app",
		"a percent sign":                 "postgresql://shop:%zz" + postgrestest.Password + "@db/app",
		"an at sign in the password":     "postgresql://shop:p@" + postgrestest.Password + "@db:x/app",
		"a line break":                   "postgresql://shop:p\n" + postgrestest.Password + "@db/app",
		"no scheme":                      "shop:" + postgrestest.Password + "@db/app",
		"settings":                       "host=db password=" + postgrestest.Password,
		"an SSL mode that is none":       "postgresql://shop@127.0.0.1:1/app?sslmode=" + postgrestest.Password,
		"a setting that is none":         uri + "&setting=" + postgrestest.Password,
		"a certificate that is none":     "postgresql://shop:" + postgrestest.Password + "@127.0.0.1:1/app?sslmode=verify-full&sslrootcert=/nowhere",
	} {
		t.Run(name, func(t *testing.T) {
			var logs bytes.Buffer
			log := slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
			file := postgrestest.WriteURI(t, filepath.Join(t.TempDir(), "uri"), content)
			store, err := postgres.Open(t.Context(), postgres.Options{URIFile: file, Instance: instance, Log: log})
			if err == nil {
				err = store.Ping(t.Context())
				_ = store.Close()
			}
			if err == nil {
				t.Fatal("this opened, and should not have")
			}
			for where, text := range map[string]string{"error": err.Error(), "log": logs.String()} {
				if strings.Contains(text, "canary") {
					t.Errorf("the %s has the password: %s", where, text)
				}
			}
			t.Log(err)
		})
	}
}
