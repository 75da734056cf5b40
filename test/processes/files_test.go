package processes

import (
	"path/filepath"
	"testing"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
	"github.com/googlelogin/operator/test/standalone"
)

const (
	home       = standalone.Home
	cookieName = standalone.CookieName
)

// newConfig is a server for the shop, and the files that its configuration names. Where users are kept is left to the caller.
func newConfig(t *testing.T, googleURL string) config.Config {
	t.Helper()
	cfg := standalone.Config(t, home+"auth", googleURL)
	cfg.Frontend = config.Frontend{HomeURL: home, LoginURL: home + "login"}
	cfg.RateLimits = config.RateLimits{PerAddress: 100_000, PerAccount: 10_000}
	cfg.DrainTimeout = config.Default().DrainTimeout
	return cfg
}

// onSQLite keeps users in a file.
func onSQLite(t *testing.T, cfg config.Config) config.Config {
	t.Helper()
	cfg.Storage = config.Storage{Type: config.StorageSQLite, Path: filepath.Join(t.TempDir(), "users.db")}
	return cfg
}

// onPostgres keeps users in the database with this URI.
func onPostgres(t *testing.T, cfg config.Config, uri string) config.Config {
	t.Helper()
	file := postgrestest.WriteURI(t, filepath.Join(t.TempDir(), "uri"), uri)
	cfg.Storage = config.Storage{Type: config.StoragePostgres, URIFile: file}
	return cfg
}
