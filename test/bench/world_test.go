//go:build bench

package bench

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
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
)

// people is how many accounts sign in.
const people = 500

func person(n int) string { return fmt.Sprintf("person%d@example.com", n%people) }

// google is a stand-in, in a process of its own.
func google(t *testing.T, bin string) (issuer string) {
	t.Helper()
	var accounts []googletest.Account
	for n := range people {
		accounts = append(accounts, googletest.Account{
			Email: person(n), Sub: fmt.Sprintf("1100000000000000%05d", n), Name: fmt.Sprintf("Person Number%d", n),
			Picture: "https://lh3.googleusercontent.com/a/ACg8ocJ0000000000000000000000000000000=s96-c", HostedDomain: "example.com",
		})
	}
	document, err := json.Marshal(map[string]any{"accounts": accounts})
	if err != nil {
		t.Fatal(err)
	}
	address := "127.0.0.1:" + freePort(t)
	p := start(t, filepath.Join(bin, "fake-google"), "--listen", address, "--issuer", "http://"+address,
		"--accounts", write(t, t.TempDir(), "accounts.json", document), "--auto", person(0))
	p.await("http://" + address + "/healthz")
	return "http://" + address
}

// world is a callback server that runs.
type world struct {
	*program
	// base is where its routes are; address is its public port.
	base, address string
	ready         time.Duration
}

// newWorld starts the server with this storage.
func newWorld(t *testing.T, bin, googleURL string, storage config.Storage) *world {
	t.Helper()
	port, internal := freePort(t), "127.0.0.1:"+freePort(t)
	w := &world{base: "http://localhost:" + port + "/auth", address: "127.0.0.1:" + port}
	cfg := newConfig(t, w.base, googleURL)
	cfg.Listen = config.Listen{Public: w.address, Internal: internal}
	cfg.Storage = storage
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	content, err := cfg.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	w.program = pinned(t, filepath.Join(bin, "server"), "--config", write(t, t.TempDir(), "config.yaml", content))
	w.ready = w.await("http://" + internal + "/readyz")
	return w
}

func newConfig(t *testing.T, base, googleURL string) config.Config {
	t.Helper()
	dir := t.TempDir()
	cfg := config.Default()
	cfg.Instance = "team/shop"
	cfg.Issuer = base
	cfg.RedirectURIs = []string{base + "/callback"}
	cfg.Client = config.Client{ID: googletest.ClientID, SecretFile: write(t, dir, "client_secret", []byte(googletest.ClientSecret))}
	cfg.Google.Issuer = googleURL
	cfg.Frontend = config.Frontend{HomeURL: "https://shop.example.com/", ReturnURLs: []string{"https://shop.example.com/*"}}
	cfg.Access = config.Access{Accounts: config.AccountsRestricted, HostedDomains: []string{"example.com"}}
	cfg.Session.Audiences = []string{"shop"}
	// No token is to end, and be renewed, in the midst of a measurement.
	cfg.Session.AccessTokenTTL = config.Duration(2 * time.Hour)
	cfg.Session.Cookie.Name = "__Host-shop"
	cfg.Keys.SigningFile = write(t, dir, "keys.json", signingKeys(t))
	cfg.Keys.SealingFile = write(t, dir, "keyset.json", sealingKeys(t))
	// The limits are at work; they are only never reached by the one client that there is.
	cfg.RateLimits = config.RateLimits{PerAddress: 10_000_000, PerAccount: 10_000_000}
	cfg.DrainTimeout = config.Duration(time.Second)
	return cfg
}

func write(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func signingKeys(t *testing.T) []byte {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := rotation.Initial(time.Now().Add(-time.Hour), private)
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
