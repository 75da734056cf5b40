package postgres_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/googlelogin/operator/server/store/postgres"
	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
)

// TestACertificateAuthorityOfOnesOwn holds the store to the authority that it is given, on a server that speaks TLS and nothing else.
func TestACertificateAuthorityOfOnesOwn(t *testing.T) {
	ours, another := postgrestest.NewAuthority(t), postgrestest.NewAuthority(t)
	server := postgres.Servers.OwnWith(t, ours.Serve("127.0.0.1", "localhost"))
	for name, row := range map[string]struct {
		host, query string
		ca          []byte
		refused     string
	}{
		"the URI names no mode":               {"localhost", "", ours.PEM, ""},
		"verify-full":                         {"localhost", "?sslmode=verify-full", ours.PEM, ""},
		"verify-ca asks for no name":          {"127.0.0.1", "?sslmode=verify-ca", ours.PEM, ""},
		"a URI with a path of its own":        {"localhost", "?sslmode=verify-full&sslrootcert=/etc/ssl/elsewhere.pem", ours.PEM, ""},
		"one CA of several":                   {"localhost", "", append(another.PEM[:len(another.PEM):len(another.PEM)], ours.PEM...), ""},
		"another CA":                          {"localhost", "", another.PEM, "certificate"},
		"another CA, verify-ca":               {"localhost", "?sslmode=verify-ca", another.PEM, "certificate"},
		"another host, the URI names no mode": {"127.0.0.1", "", ours.PEM, "certificate"},
		"another host":                        {"127.0.0.1", "?sslmode=verify-full", ours.PEM, "certificate"},
		"a mode that looks at nothing":        {"localhost", "?sslmode=require", ours.PEM, `sslmode="require"`},
		"a mode that takes what it gets":      {"localhost", "?sslmode=prefer", ours.PEM, `sslmode="prefer"`},
		"no TLS":                              {"localhost", "?sslmode=disable", ours.PEM, `sslmode="disable"`},
		"a CA that is none":                   {"localhost", "", []byte("canary"), "no certificate in PEM"},
		"verify-full by the system's roots":   {"localhost", "?sslmode=verify-full", nil, "certificate"},
		"a mode in the URI a second time":     {"localhost", "?sslmode=verify-full&sslmode=disable", ours.PEM, "sslmode twice"},
	} {
		t.Run(name, func(t *testing.T) {
			o := postgres.Options{Instance: "team/shop"}
			o.URIFile = postgrestest.WriteURI(t, filepath.Join(t.TempDir(), "uri"), server.RemoteURI(row.host)+row.query)
			if row.ca != nil {
				o.CAFile = writeCA(t, filepath.Join(t.TempDir(), "ca.crt"), row.ca)
			}
			err := reach(t, o)
			if (row.refused == "") != (err == nil) {
				t.Fatalf("error %v, want one with %q", err, row.refused)
			}
			if err != nil && (!strings.Contains(err.Error(), row.refused) || strings.Contains(err.Error(), "canary")) {
				t.Errorf("error %v, want one with %q and without the password", err, row.refused)
			}
		})
	}
}

// reach opens a store and asks it once.
func reach(t *testing.T, o postgres.Options) error {
	t.Helper()
	store, err := postgres.Open(t.Context(), o)
	if err != nil {
		return err
	}
	t.Cleanup(func() { _ = store.Close() })
	return store.Ping(t.Context())
}

func TestANewAuthorityNeedsNoRestart(t *testing.T) {
	ours, another := postgrestest.NewAuthority(t), postgrestest.NewAuthority(t)
	server := postgres.Servers.OwnWith(t, ours.Serve("127.0.0.1", "localhost"))
	ca := filepath.Join(t.TempDir(), "ca.crt")
	store, err := postgres.Open(t.Context(), postgres.Options{
		URIFile:  postgrestest.WriteURI(t, filepath.Join(t.TempDir(), "uri"), server.RemoteURI("localhost")),
		CAFile:   writeCA(t, ca, ours.PEM),
		Instance: "team/shop",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, step := range []struct {
		name   string
		ca     []byte
		reload bool
		good   bool
	}{
		{"the authority changes, and the server's certificate has not", another.PEM, true, false},
		{"a file that is none is refused, and the one before stays", []byte("none"), false, false},
		{"the right one is back", ours.PEM, true, true},
		{"a file that is none changes nothing", []byte("none"), false, true},
	} {
		writeCA(t, ca, step.ca)
		if err := store.Reload(); (err == nil) != step.reload {
			t.Fatalf("%s: reload: %v", step.name, err)
		}
		if err := store.Ping(t.Context()); (err == nil) != step.good {
			t.Errorf("%s: %v", step.name, err)
		}
	}
}

func writeCA(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	return path
}
