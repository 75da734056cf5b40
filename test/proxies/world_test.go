//go:build proxies

package proxies

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/test/standalone"
)

const (
	shop = "https://shop.example.com"
	ann  = "ann@example.com"
)

// longAccount is Ann with about the longest profile that a session's JWT still says.
var longAccount = []googletest.Account{{
	Email: ann, Sub: "1", Name: strings.Repeat("安", 256), Picture: "https://pictures.example.com/" + strings.Repeat("p", 750), HostedDomain: "example.com",
}}

// world is a callback server for https://shop.example.com, a stand-in for Google, and one for the application.
type world struct {
	t      *testing.T
	google *googletest.Server
	app    *application
	// server is where the callback server listens.
	server string
	clock  *clock
	logs   *standalone.Log
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, nil)
}

// newWorldWith is one where Google knows these accounts; none: the default ones. edit changes the configuration before.
func newWorldWith(t *testing.T, accounts []googletest.Account, edit ...func(*config.Config)) *world {
	t.Helper()
	w := &world{t: t, clock: new(clock), logs: new(standalone.Log), app: newApplication(t), server: "127.0.0.1:" + standalone.FreePort(t)}
	w.google = googletest.NewServer(t, googletest.Options{Auto: ann, Accounts: accounts, Now: w.clock.Now})
	cfg := newConfig(t, w)
	for _, e := range edit {
		e(&cfg)
	}
	standalone.Run(t, cfg, w.logs, w.clock.Now)
	return w
}

func newConfig(t *testing.T, w *world) config.Config {
	t.Helper()
	cfg := standalone.Config(t, shop+"/auth", w.google.URL)
	cfg.Listen.Public = w.server
	cfg.TrustedProxies = []string{"127.0.0.0/8"}
	// Ann signs in for each weakening, dozens of times a minute.
	cfg.RateLimits = config.RateLimits{PerAddress: 10_000, PerAccount: 10_000}
	return cfg
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
