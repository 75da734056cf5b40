//go:build browser

package browser

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/googlelogin/operator/controllers/rotation"
	"github.com/googlelogin/operator/server"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
)

const (
	ann = "ann@example.com"
	bob = "bob@example.com"
)

// world is a callback server, a stand-in for Google, and the home page of a front end.
type world struct {
	t      *testing.T
	google *googletest.Server
	config config.Config
	// origin is where the callback server is, base where its pages are, home where logins end.
	origin, base, home string
	logs               *logs
}

// newWorld starts one. edit changes the configuration before.
func newWorld(t *testing.T, edit ...func(*config.Config)) *world {
	t.Helper()
	w := &world{t: t, google: googletest.NewServer(t, googletest.Options{}), logs: new(logs)}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,"><h1 id="shop">Shop</h1>`)
	}))
	t.Cleanup(front.Close)
	w.origin = "http://localhost:" + freePort(t)
	w.base, w.home = w.origin+"/auth", strings.Replace(front.URL, "127.0.0.1", "localhost", 1)+"/"
	w.config = newConfig(t, w)
	for _, e := range edit {
		e(&w.config)
	}
	w.run()
	return w
}

func newConfig(t *testing.T, w *world) config.Config {
	t.Helper()
	dir := t.TempDir()
	in := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cfg := config.Default()
	cfg.Instance = "team/shop"
	cfg.Issuer = w.base
	cfg.RedirectURIs = []string{w.base + "/callback"}
	cfg.Client = config.Client{ID: googletest.ClientID, SecretFile: in("client_secret", []byte(googletest.ClientSecret))}
	cfg.Google.Issuer = w.google.URL
	cfg.Frontend = config.Frontend{HomeURL: w.home, ReturnURLs: []string{w.home + "*"}}
	cfg.Access = config.Access{Accounts: config.AccountsRestricted, HostedDomains: []string{"example.com"}}
	cfg.Session.Audiences = []string{"shop"}
	cfg.Session.Cookie.Name = "__Host-shop"
	cfg.Keys.SigningFile = in("keys.json", signingKeys(t))
	cfg.Keys.SealingFile = in("keyset.json", sealingKeys(t))
	cfg.Listen = config.Listen{Public: strings.Replace(w.origin, "http://localhost", "127.0.0.1", 1), Internal: "127.0.0.1:0"}
	cfg.DrainTimeout = config.Duration(time.Second)
	return cfg
}

// run serves until the test ends.
func (w *world) run() {
	w.t.Helper()
	content, err := w.config.Marshal()
	if err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(w.t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	listening, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, server.Options{
			ConfigPath: path, Version: "test", Log: slog.New(slog.NewTextHandler(w.logs, nil)),
			Listening: func(net.Addr, net.Addr) { close(listening) },
		})
	}()
	select {
	case <-listening:
	case err := <-ended:
		w.t.Fatalf("run the server: %v", err)
	}
	w.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			w.t.Errorf("the server ended with: %v", err)
		}
		if w.t.Failed() {
			w.t.Logf("the server said:\n%s", w.logs)
		}
	})
}

// freePort is a port that nobody listens on: a redirect URI has to be known before the server listens.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func signingKeys(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := rotation.Initial(time.Now(), key)
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

// logs are what the server says.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
