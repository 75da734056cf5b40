package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
)

const refreshURL = shop + "/auth/refresh"

func (b *browser) refresh(headers ...string) answer {
	b.w.t.Helper()
	return b.script(http.MethodPost, refreshURL, headers...)
}

func (b *browser) accessToken() string { return b.cookie("__Host-shop") }

func TestRefresh_GivesAFreshTokenAtEveryRequest(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	before := b.accessToken()
	w.clock.advance(time.Second)
	a := b.refresh()
	if a.StatusCode != 200 || len(a.Cookies()) != 1 || a.Cookies()[0].Name != "__Host-shop" || b.accessToken() == before {
		t.Fatalf("status %d, cookies %v", a.StatusCode, a.Cookies())
	}
	me := b.script(http.MethodGet, shop+"/auth/me")
	if diff := cmp.Diff(me.body, a.body); diff != "" {
		t.Errorf("the answer is not that of me (-me +refresh):\n%s", diff)
	}
	if strings.Contains(a.body, b.accessToken()) || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("G94 headers %v, body %s", a.Header, a.body)
	}
	w.clock.advance(w.cfg.Session.AccessTokenTTL.Std() + time.Second)
	if a := b.refresh(); a.StatusCode != 200 || len(a.Cookies()) != 1 {
		t.Errorf("after the token's end: status %d, cookies %v", a.StatusCode, a.Cookies())
	}
}

func TestG88_RefreshMovesTheIdleLimitAndNotTheLifetime(t *testing.T) {
	w := newWorld(t, func(c *config.Config) {
		c.Session.IdleTimeout, c.Session.Lifetime = config.Duration(30*time.Minute), config.Duration(time.Hour)
	})
	b, idle := w.browser(), w.browser()
	b.login()
	idle.login()
	for range 2 {
		w.clock.advance(29 * time.Minute)
		if a := b.refresh(); a.StatusCode != 200 {
			t.Fatalf("status %d: %s", a.StatusCode, a.body)
		}
	}
	if a := idle.refresh(); a.StatusCode != 401 {
		t.Errorf("a session that nobody used: status %d", a.StatusCode)
	}
	w.clock.advance(2 * time.Minute)
	if a := b.refresh(); a.StatusCode != 401 {
		t.Errorf("after its lifetime: status %d", a.StatusCode)
	}
}

func TestRefresh_WithoutASession(t *testing.T) {
	for name, row := range map[string]struct {
		change  func(w *world, b *browser)
		headers []string
	}{
		"no cookies":       {func(_ *world, b *browser) { b.jar, b.client.Jar = nil, nil }, nil},
		"after the logout": {func(_ *world, b *browser) { b.script(http.MethodPost, shop+"/auth/logout") }, nil},
		"E72 blocked":      {func(w *world, _ *browser) { w.block("ann@example.com") }, nil},
		"a bearer token":   {func(*world, *browser) {}, []string{"Authorization", "Bearer x"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser()
			b.login()
			row.change(w, b)
			a := b.refresh(row.headers...)
			var got map[string]string
			if err := json.Unmarshal([]byte(a.body), &got); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"error": "unauthenticated", "login_url": shop + "/auth/login"}
			if diff := cmp.Diff(want, got); diff != "" || a.StatusCode != 401 || len(a.Cookies()) != 0 {
				t.Errorf("status %d, cookies %v (-want +got):\n%s", a.StatusCode, a.Cookies(), diff)
			}
		})
	}
}

func TestG93_RefreshWhileTheStoreIsDown(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	w.store.down.Store(true)
	if a := b.refresh(); a.StatusCode != 503 || a.Header.Get("Retry-After") == "" || len(a.Cookies()) != 0 {
		t.Errorf("status %d, Retry-After %q, cookies %v", a.StatusCode, a.Header.Get("Retry-After"), a.Cookies())
	}
	w.store.down.Store(false)
	if a := b.refresh(); a.StatusCode != 200 {
		t.Errorf("afterwards: status %d", a.StatusCode)
	}
}

func TestG90_G95_RefreshFromOtherOrigins(t *testing.T) {
	for origin, want := range map[string]int{shop: 200, "https://app.example.com": 200, "https://evil.test": 403, "null": 403} {
		w := newWorld(t)
		b := w.browser()
		b.login()
		before := b.accessToken()
		w.clock.advance(time.Second)
		a := b.refresh("Origin", origin, "Sec-Fetch-Site", "cross-site")
		allowed := map[bool]string{true: origin}[want == 200]
		if a.StatusCode != want || a.Header.Get("Access-Control-Allow-Origin") != allowed || (b.accessToken() != before) != (want == 200) {
			t.Errorf("%s: status %d, want %d; allowed %q", origin, a.StatusCode, want, a.Header.Get("Access-Control-Allow-Origin"))
		}
	}
	w := newWorld(t)
	if a := w.browser().script(http.MethodGet, refreshURL); a.StatusCode != 405 {
		t.Errorf("GET: status %d", a.StatusCode)
	}
}
