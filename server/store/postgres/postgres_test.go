package postgres_test

import (
	"path/filepath"
	"testing"

	"github.com/googlelogin/operator/server/store/postgres"
	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
	"github.com/googlelogin/operator/server/store/storetest"
)

const instance = "team/shop"

func open(t *testing.T, uriFile string) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), postgres.Options{URIFile: uriFile, Instance: instance})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func TestStore(t *testing.T) {
	server := postgrestest.Start(t)
	storetest.Run(t, func(t *testing.T) storetest.Store { return open(t, server.URIFile(t)) })
}

func TestStore_BehindAPoolerInTransactionMode(t *testing.T) {
	server := postgrestest.Start(t)
	through := server.Pooler(t)
	storetest.Run(t, func(t *testing.T) storetest.Store {
		return open(t, postgrestest.WriteURI(t, filepath.Join(t.TempDir(), "uri"), through(server.Database())))
	})
}
