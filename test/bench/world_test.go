//go:build bench

package bench

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/test/standalone"
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
	address := "127.0.0.1:" + standalone.FreePort(t)
	p := start(t, filepath.Join(bin, "fake-google"), "--listen", address, "--issuer", "http://"+address,
		"--accounts", standalone.Write(t, t.TempDir(), "accounts.json", document), "--auto", person(0))
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
	port, internal := standalone.FreePort(t), "127.0.0.1:"+standalone.FreePort(t)
	w := &world{base: "http://localhost:" + port + "/auth", address: "127.0.0.1:" + port}
	cfg := newConfig(t, w.base, googleURL)
	cfg.Listen = config.Listen{Public: w.address, Internal: internal}
	cfg.Storage = storage
	w.program = pinned(t, filepath.Join(bin, "server"), "--config", standalone.WriteConfig(t, cfg))
	w.ready = w.await("http://" + internal + "/readyz")
	return w
}

func newConfig(t *testing.T, base, googleURL string) config.Config {
	t.Helper()
	cfg := standalone.Config(t, base, googleURL)
	// No token is to end, and be renewed, in the midst of a measurement.
	cfg.Session.AccessTokenTTL = config.Duration(2 * time.Hour)
	cfg.Keys.SigningFile = standalone.Write(t, t.TempDir(), "keys.json", standalone.SigningKeys(t, time.Now().Add(-time.Hour)))
	// The limits are at work; they are only never reached by the one client that there is.
	cfg.RateLimits = config.RateLimits{PerAddress: 10_000_000, PerAccount: 10_000_000}
	return cfg
}
