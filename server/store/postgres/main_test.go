package postgres

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
)

// Servers are those of this package's tests, inside it and outside.
var Servers = postgrestest.Servers{Prepare: func(t testing.TB, uri string) {
	file := postgrestest.WriteURI(t, filepath.Join(t.TempDir(), "uri"), uri)
	store, err := Open(context.Background(), Options{URIFile: file, Instance: "team/shop"})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Ping(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}}

func TestMain(m *testing.M) { os.Exit(Servers.Run(m)) }
