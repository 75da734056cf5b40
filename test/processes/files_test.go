package processes

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/googlelogin/operator/controllers/rotation"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
)

const (
	home       = "https://shop.example.com/"
	cookieName = "__Host-shop"
)

// newConfig is a server for the shop, and the files that its configuration names. Where users are kept is left to the caller.
func newConfig(t *testing.T, googleURL string) config.Config {
	t.Helper()
	dir := t.TempDir()
	cfg := config.Default()
	cfg.APIVersion, cfg.Instance, cfg.Issuer = config.APIVersion, "team/shop", home+"auth"
	cfg.RedirectURIs = []string{home + "auth/callback"}
	cfg.Client = config.Client{IDFile: filepath.Join(dir, "client_id"), SecretFile: filepath.Join(dir, "client_secret")}
	cfg.Google.Issuer = googleURL
	cfg.Frontend = config.Frontend{HomeURL: home, LoginURL: home + "login"}
	cfg.Access = config.Access{Accounts: config.AccountsRestricted, HostedDomains: []string{"example.com"}}
	cfg.Session.Audiences, cfg.Session.Cookie.Name = []string{"shop"}, cookieName
	cfg.RateLimits = config.RateLimits{PerAddress: 100_000, PerAccount: 10_000}
	cfg.Keys.SigningFile, cfg.Keys.SealingFile = filepath.Join(dir, "keys.json"), filepath.Join(dir, "keyset.json")
	cfg.Listen = config.Listen{Public: "127.0.0.1:0", Internal: "127.0.0.1:0"}
	write(t, cfg.Client.IDFile, []byte(googletest.ClientID))
	write(t, cfg.Client.SecretFile, []byte(googletest.ClientSecret))
	write(t, cfg.Keys.SigningFile, signingKeys(t))
	write(t, cfg.Keys.SealingFile, sealingKeys(t))
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

func signingKeys(t *testing.T) []byte {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := rotation.Initial(time.Now(), private)
	if err != nil {
		t.Fatal(err)
	}
	content, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func sealingKeys(t *testing.T) []byte {
	t.Helper()
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&out)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
