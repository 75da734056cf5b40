//go:build browser

package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/googlelogin/operator/docs/frontend"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/test/standalone"
)

const kitCookie = "__Host-shop"

// kitShop is a team's site on one origin, as its users reach it: the React example as it is built, the callback server under
// /auth, and a backend under /api. Servers share a clock that the test moves; the browser has its own.
type kitShop struct {
	*world
	clock *kitClock
	// renewed is told of each new access token that an answer of me carries.
	renewed chan struct{}

	mu sync.Mutex
	// down are the paths that are answered with 503.
	down map[string]bool
	// backend has the status of every answer of the backend.
	backend []int
}

func newKitShop(t *testing.T) *kitShop {
	t.Helper()
	example := os.DirFS(kitExample + "/dist")
	if _, err := fs.Stat(example, "index.html"); err != nil {
		t.Fatalf("the React example is not built, `make kit` does it: %v", err)
	}
	s := &kitShop{
		world: &world{t: t, logs: new(standalone.Log)}, clock: new(kitClock),
		down: map[string]bool{}, renewed: make(chan struct{}, 100),
	}
	s.google = googletest.NewServer(t, googletest.Options{Now: s.clock.Now})
	site := httptest.NewUnstartedServer(nil)
	s.origin = strings.Replace("http://"+site.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	s.base, s.home = s.origin+"/auth", s.origin+"/"
	login := s.startServer()
	site.Config.Handler = s.routes(example, login)
	site.Start()
	t.Cleanup(site.Close)
	return s
}

// startServer runs the callback server as its program does, but by the shop's clock, and returns where it listens.
func (s *kitShop) startServer() *url.URL {
	s.t.Helper()
	cfg := newConfig(s.t, s.world)
	cfg.Frontend.LoginURL = s.home
	// The shortest there is.
	cfg.Session.AccessTokenTTL = config.Duration(time.Minute)
	cfg.Session.Cookie.Name = kitCookie
	cfg.Listen.Public = "127.0.0.1:0"
	return &url.URL{Scheme: "http", Host: standalone.Run(s.t, cfg, s.logs, s.clock.Now)}
}

// routes are what a team's own proxy has: /auth to the callback server with the Host header left alone, /api to the backend, and
// for every other page the application.
func (s *kitShop) routes(example fs.FS, login *url.URL) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(login)
			r.Out.Host = r.In.Host
		},
		ModifyResponse: s.watch,
	}
	mux := http.NewServeMux()
	mux.Handle("/auth/", proxy)
	mux.Handle("GET /api/hello", s.hello(login))
	mux.Handle("/assets/", http.FileServerFS(example))
	mux.Handle("/assets/googlelogin.js", http.StripPrefix("/assets", http.FileServerFS(frontend.Files)))
	mux.Handle("/assets/googlelogin.css", http.StripPrefix("/assets", http.FileServerFS(frontend.Files)))
	mux.HandleFunc("/quick-start", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(kitQuickStart(s.t))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		// What Vite builds needs nothing inline and nobody else's.
		w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'")
		http.ServeFileFS(w, r, example, "index.html")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		down := s.down[r.URL.Path]
		s.mu.Unlock()
		if down {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// kitQuickStart is the page that the document gives to copy.
func kitQuickStart(t *testing.T) []byte {
	document, err := os.ReadFile("../../docs/frontend/README.md")
	if err != nil {
		t.Error(err)
	}
	_, page, _ := bytes.Cut(document, []byte("```html\n"))
	page, _, _ = bytes.Cut(page, []byte("```\n"))
	return page
}

// watch tells of renewals as the server's answers pass.
func (s *kitShop) watch(response *http.Response) error {
	if response.Request.URL.Path != "/auth/me" || response.StatusCode != http.StatusOK {
		return nil
	}
	for _, cookie := range response.Cookies() {
		if cookie.Name == kitCookie {
			s.renewed <- struct{}{}
		}
	}
	return nil
}

// hello is a backend that verifies the access JWT offline, by a library that knows nothing of this project.
func (s *kitShop) hello(login *url.URL) http.Handler {
	keys := oidc.NewRemoteKeySet(context.Background(), login.JoinPath("/auth/jwks.json").String())
	tokens := oidc.NewVerifier(s.origin+"/auth", keys, &oidc.Config{
		ClientID: "shop", SupportedSigningAlgs: []string{oidc.ES256}, Now: s.clock.Now,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, answer := http.StatusUnauthorized, map[string]string{}
		if cookie, err := r.Cookie(kitCookie); err == nil {
			var claims struct{ Email string }
			token, err := tokens.Verify(r.Context(), cookie.Value)
			if err == nil && token.Claims(&claims) == nil {
				status, answer["message"] = http.StatusOK, "Hello "+claims.Email
			}
		}
		s.mu.Lock()
		s.backend = append(s.backend, status)
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer)
	})
}

// setDown answers a path with 503, or no longer.
func (s *kitShop) setDown(path string, down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down[path] = down
}

func (s *kitShop) backendStatuses() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]int(nil), s.backend...)
}

func (s *kitShop) waitForRenewal() {
	s.t.Helper()
	select {
	case <-s.renewed:
	case <-time.After(patience):
		s.t.Fatal("no new access token came")
	}
}

// kitClock is the time for all servers: the real one, and what was skipped.
type kitClock struct {
	mu      sync.Mutex
	skipped time.Duration
}

func (c *kitClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.skipped)
}

func (c *kitClock) skip(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skipped += d
}
