//go:build proxies

package proxies

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"path/filepath"
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
	shop = "https://shop.example.com"
	ann  = "ann@example.com"
)

// world is a callback server for https://shop.example.com, a stand-in for Google, and one for the application.
type world struct {
	t      *testing.T
	google *googletest.Server
	app    *application
	// server is where the callback server listens.
	server string
	clock  *clock
	logs   *logs
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clock: new(clock), logs: new(logs), app: newApplication(t), server: "127.0.0.1:" + freePort(t)}
	w.google = googletest.NewServer(t, googletest.Options{Auto: ann, Now: w.clock.Now})
	w.run(newConfig(t, w))
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
	cfg.Issuer = shop + "/auth"
	cfg.RedirectURIs = []string{shop + "/auth/callback"}
	cfg.Client = config.Client{ID: googletest.ClientID, SecretFile: in("client_secret", []byte(googletest.ClientSecret))}
	cfg.Google.Issuer = w.google.URL
	cfg.Frontend = config.Frontend{HomeURL: shop + "/", ReturnURLs: []string{shop + "/*"}}
	cfg.Access = config.Access{Accounts: config.AccountsRestricted, HostedDomains: []string{"example.com"}}
	cfg.Session.Audiences = []string{"shop"}
	cfg.Session.Cookie.Name = "__Host-shop"
	cfg.Keys.SigningFile = in("keys.json", signingKeys(t))
	cfg.Keys.SealingFile = in("keyset.json", sealingKeys(t))
	cfg.Listen = config.Listen{Public: w.server, Internal: "127.0.0.1:0"}
	cfg.TrustedProxies = []string{"127.0.0.0/8"}
	cfg.DrainTimeout = config.Duration(time.Second)
	return cfg
}

// run serves until the test ends.
func (w *world) run(cfg config.Config) {
	w.t.Helper()
	content, err := cfg.Marshal()
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
			ConfigPath: path, Version: "test", Log: slog.New(slog.NewTextHandler(w.logs, nil)), Now: w.clock.Now,
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

// freePort is a port that nobody listens on: who asks at it is configured before it listens.
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

// clock is the time of the server and of the stand-in, ahead of the machine's by what was advanced.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// logs are what a program says.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String is the end of it.
func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.buf.Bytes()[max(0, l.buf.Len()-2000):])
}
