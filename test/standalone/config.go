// Package standalone sets a callback server up without a cluster: the files that the operator would make for it, and a run of it
// in the process of a test.
package standalone

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net"
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

const (
	// Home is the home page of the front end, where a test has no other.
	Home = "https://shop.example.com/"
	// CookieName is the cookie with the access JWT.
	CookieName = "__Host-shop"
)

// Config is that of a server whose routes are below base, "https://shop.example.com/auth" say, and whose Google is the stand-in at
// googleURL. Who is at example.com may sign in. The files that it names are there; it listens where there is room, and keeps
// users in memory.
func Config(t testing.TB, base, googleURL string) config.Config {
	t.Helper()
	dir := t.TempDir()
	cfg := config.Default()
	cfg.Instance = "team/shop"
	cfg.Issuer = base
	cfg.RedirectURIs = []string{base + "/callback"}
	cfg.Client = config.Client{ID: googletest.ClientID, SecretFile: Write(t, dir, "client_secret", []byte(googletest.ClientSecret))}
	cfg.Google.Issuer = googleURL
	cfg.Frontend = config.Frontend{HomeURL: Home, ReturnURLs: []string{Home + "*"}}
	cfg.Access = config.Access{Accounts: config.AccountsRestricted, HostedDomains: []string{"example.com"}}
	cfg.Session.Audiences = []string{"shop"}
	cfg.Session.Cookie.Name = CookieName
	cfg.Keys.SigningFile = Write(t, dir, "keys.json", SigningKeys(t, time.Now()))
	cfg.Keys.SealingFile = Write(t, dir, "keyset.json", SealingKeys(t))
	cfg.Listen = config.Listen{Public: "127.0.0.1:0", Internal: "127.0.0.1:0"}
	cfg.DrainTimeout = config.Duration(time.Second)
	return cfg
}

// WriteConfig writes the configuration to a file of its own, if it is valid.
func WriteConfig(t testing.TB, cfg config.Config) (path string) {
	t.Helper()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	content, err := cfg.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return Write(t, t.TempDir(), "config.yaml", content)
}

// Write writes a file into a folder.
func Write(t testing.TB, dir, name string, content []byte) (path string) {
	t.Helper()
	path = filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// SigningKeys is a key file with one key, which is in use since then.
func SigningKeys(t testing.TB, since time.Time) []byte {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := rotation.Initial(since, private)
	if err != nil {
		t.Fatal(err)
	}
	content, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// SealingKeys is a keyset with one key.
func SealingKeys(t testing.TB) []byte {
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

// FreePort is a port that nobody listens on: a redirect URI has to be known before the server listens.
func FreePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
