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
	storetest.Run(t, func(t *testing.T) storetest.Store {
		_, uri := postgres.Servers.Database(t)
		return open(t, postgrestest.WriteURI(t, filepath.Join(t.TempDir(), "uri"), uri))
	})
}

func TestStore_BehindAPoolerInTransactionMode(t *testing.T) {
	through := postgres.Servers.Shared(t).Pooler(t)
	storetest.Run(t, func(t *testing.T) storetest.Store {
		_, uri := postgres.Servers.Database(t)
		return open(t, postgrestest.WriteURI(t, filepath.Join(t.TempDir(), "uri"), through(uri)))
	})
}
