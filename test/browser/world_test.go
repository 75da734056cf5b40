//go:build browser

package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/test/standalone"
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
	logs               *standalone.Log
}

// newWorld starts one. edit changes the configuration before.
func newWorld(t *testing.T, edit ...func(*config.Config)) *world {
	t.Helper()
	w := &world{t: t, google: googletest.NewServer(t, googletest.Options{}), logs: new(standalone.Log)}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,"><h1 id="shop">Shop</h1>`)
	}))
	t.Cleanup(front.Close)
	w.origin = "http://localhost:" + standalone.FreePort(t)
	w.base, w.home = w.origin+"/auth", strings.Replace(front.URL, "127.0.0.1", "localhost", 1)+"/"
	w.config = newConfig(t, w)
	for _, e := range edit {
		e(&w.config)
	}
	standalone.Run(t, w.config, w.logs, time.Now)
	return w
}

func newConfig(t *testing.T, w *world) config.Config {
	t.Helper()
	cfg := standalone.Config(t, w.base, w.google.URL)
	cfg.Frontend = config.Frontend{HomeURL: w.home, ReturnURLs: []string{w.home + "*"}}
	cfg.Listen.Public = strings.Replace(w.origin, "http://localhost", "127.0.0.1", 1)
	return cfg
}
