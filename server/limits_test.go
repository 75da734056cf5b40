package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
)

func tenPerAddress(c *config.Config) { c.RateLimits.PerAddress = 10 }

func behindProxy(c *config.Config) { c.TrustedProxies = []string{"127.0.0.0/8"} }

// refusedByRate checks what every refusal by rate is.
func refusedByRate(t *testing.T, a answer) {
	t.Helper()
	if a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") != "6" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: status %d, Retry-After %q, Cache-Control %q; want 429 after 6 seconds, uncached", a.Request.URL.Path,
			a.StatusCode, a.Header.Get("Retry-After"), a.Header.Get("Cache-Control"))
	}
	if len(a.Cookies()) != 0 {
		t.Errorf("%s: sets %v", a.Request.URL.Path, a.Cookies())
	}
}

func TestLimit_ARefusedCallbackLosesNothing(t *testing.T) {
	w := newWorld(t, tenPerAddress)
	b := w.browser()
	at := b.authorize(b.start())
	for range 9 {
		w.browser().start()
	}
	refused := b.get(at)
	refusedByRate(t, refused)
	if !strings.Contains(refused.Header.Get("Content-Type"), "text/html") || w.google.Calls(googletest.Token) != 0 || b.flowCookies() != 1 {
		t.Errorf("%s after %d calls, with %d flow cookies left", refused.Header.Get("Content-Type"), w.google.Calls(googletest.Token), b.flowCookies())
	}
	// 5.3 seconds are left. Told 5, the client would come too early.
	w.clock.advance(700 * time.Millisecond)
	refusedByRate(t, b.get(at))
	if a := b.script(http.MethodGet, shop+"/auth/login"); !strings.Contains(a.body, `"error":"too_many_requests"`) {
		t.Errorf("a script is told %s", a.body)
	}
	w.clock.advance(6 * time.Second)
	if got := b.get(at).redirected(t); got != home {
		t.Errorf("reloaded after the wait the login ends at %s", got)
	}
	// The other two are counted, and in the next line if there is one.
	want := []string{"rate_limit refused too_many_requests", "login success"}
	if diff := cmp.Diff(want, w.audits()); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
	if _, body := w.probe("/metrics"); !strings.Contains(body, `googlelogin_rate_limited_total{limit="address"} 3`) {
		t.Error("the refusals are not counted")
	}
}

// Whoever floods the server must not flood whoever reads its audit events.
func TestLimit_AFloodIsALineAMinute(t *testing.T) {
	w := newWorld(t, tenPerAddress)
	b := w.browser()
	for range 3 {
		for range 100 {
			b.get(shop + "/auth/login")
		}
		w.clock.advance(time.Minute)
	}
	var counts []any
	for _, event := range w.events("rate_limit") {
		counts = append(counts, event["count"])
	}
	if diff := cmp.Diff([]any{1.0, 90.0, 90.0}, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if _, body := w.probe("/metrics"); !strings.Contains(body, `googlelogin_rate_limited_total{limit="address"} 270`) {
		t.Error("the metric does not count each")
	}
}

func TestLimit_WhatCostsLittleIsNotCounted(t *testing.T) {
	w := newWorld(t, tenPerAddress, hostedPages)
	b := w.browser()
	for range 30 {
		for _, path := range []string{"/auth/me", "/auth/jwks.json", "/auth/", "/auth/.well-known/openid-configuration", "/auth/error", "/auth/nowhere"} {
			if a := b.get(shop + path); a.StatusCode == http.StatusTooManyRequests {
				t.Fatalf("%s is limited", path)
			}
		}
		b.do(http.MethodPost, shop+"/auth/login")
	}
	if b.login().redirected(t) != home {
		t.Error("none of that should have used up the client's budget")
	}
}

func TestA9_I105_NobodyChoosesTheAddressTheyAreCountedBy(t *testing.T) {
	rows := map[string]struct {
		trusted []func(*config.Config)
		// client is the X-Forwarded-For of the n-th request.
		client func(n int) string
		want   bool
	}{
		"I105 untrusted peer, another address each time": {nil, func(n int) string { return fmt.Sprintf("203.0.113.%d", n) }, true},
		"one client behind a trusted proxy":              {[]func(*config.Config){behindProxy}, func(int) string { return "203.0.113.7" }, true},
		"many clients behind a trusted proxy":            {[]func(*config.Config){behindProxy}, func(n int) string { return fmt.Sprintf("203.0.113.%d", n) }, false},
		"I105 one client that invents others on the left": {[]func(*config.Config){behindProxy}, func(n int) string {
			return fmt.Sprintf("198.51.100.%d, 203.0.113.7", n)
		}, true},
		"I105 one client with a /64 of its own": {[]func(*config.Config){behindProxy}, func(n int) string { return fmt.Sprintf("2001:db8::%x", n) }, true},
		"clients in networks of their own":      {[]func(*config.Config){behindProxy}, func(n int) string { return fmt.Sprintf("2001:db8:0:%x::1", n) }, false},
		"I105 garbage":                          {[]func(*config.Config){behindProxy}, func(n int) string { return fmt.Sprintf("<%d>", n) }, true},
		"I105 an empty entry":                   {[]func(*config.Config){behindProxy}, func(n int) string { return fmt.Sprintf("203.0.113.%d,", n) }, true},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, append(row.trusted, tenPerAddress)...)
			b := w.browser()
			var last answer
			for n := range 12 {
				last = b.get(shop+"/auth/login", "X-Forwarded-For", row.client(n+1))
			}
			if got := last.StatusCode == http.StatusTooManyRequests; got != row.want {
				t.Errorf("refused: %t, want %t (status %d)", got, row.want, last.StatusCode)
			}
		})
	}
}

func TestA9_ForwardedHostAndProtoDoNotChooseTheRedirectURI(t *testing.T) {
	forged := []string{"X-Forwarded-Host", "evil.test", "X-Forwarded-Proto", "http", "X-Forwarded-Port", "81", "Forwarded", "host=evil.test;proto=http"}
	w := newWorld(t)
	if got := param(t, w.browser().get(shop+"/auth/login", forged...).redirected(t), "redirect_uri"); got != callback {
		t.Errorf("untrusted: redirect_uri %s", got)
	}
	trusting := newWorld(t, behindProxy)
	forged[1] = "shop.example.com"
	if got := param(t, trusting.browser().get(shop+"/auth/login", forged...).redirected(t), "redirect_uri"); got != callback {
		t.Errorf("trusted: redirect_uri %s", got)
	}
}

func TestLimit_OneAccountSignsInSoOften(t *testing.T) {
	w := newWorld(t, func(c *config.Config) { c.RateLimits.PerAccount = 2 })
	for range 2 {
		w.browser().login().redirected(t)
	}
	b := w.browser()
	failed := b.login().redirected(t)
	if param(t, failed, "error") != "too_many_requests" || len(param(t, failed, "error_id")) != 32 {
		t.Errorf("the third login ends at %s", failed)
	}
	if b.signedIn() {
		t.Error("signed in all the same")
	}
	if got := w.browser().login("login_hint", "bob@example.com").redirected(t); got != home {
		t.Errorf("another account ends at %s", got)
	}
	w.clock.advance(30 * time.Second)
	if got := b.login().redirected(t); got != home {
		t.Errorf("half a minute later the login ends at %s", got)
	}
	want := []string{"login success", "login success", "login denied too_many_requests", "login success", "login success"}
	if diff := cmp.Diff(want, w.audits()); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
	if _, body := w.probe("/metrics"); !strings.Contains(body, `googlelogin_rate_limited_total{limit="account"} 1`) {
		t.Error("the refusal is not counted")
	}
}

// openTabs starts n logins that do not see one another's cookies, and gives all of their cookies to b.
func (b *browser) openTabs(n int, query ...string) []string {
	b.w.t.Helper()
	var atGoogle []string
	for range n {
		tab := b.w.browser()
		atGoogle = append(atGoogle, tab.start(query...))
		b.jar.SetCookies(mustParse(b.w.t, shop), secured(tab.jar.Cookies(mustParse(b.w.t, shop))))
	}
	return atGoogle
}

func TestA2_AHundredTabsAtOnce(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	tabs := b.openTabs(100, "return_to", shop+"/cart?item=123456789")
	if got := b.flowCookies(); got != 100 {
		t.Fatalf("%d flow cookies after a hundred starts at once, so this proves nothing", got)
	}
	for i, atGoogle := range tabs[92:] {
		if got := b.get(b.authorize(atGoogle)).redirected(t); got != shop+"/cart?item=123456789" {
			t.Errorf("tab %d of the newest eight ends at %s", i+1, got)
		}
	}
	if got := b.flowCookies(); got > 8 {
		t.Errorf("%d flow cookies are left, want at most 8", got)
	}
	if !b.signedIn() {
		t.Error("not signed in")
	}
}

func TestA2_CookiesThatAreTooManyForAnyRequestAreCleared(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	tabs := b.openTabs(60, "return_to", shop+"/"+strings.Repeat("a", 1800))
	at := b.authorize(tabs[59])
	for range 3 {
		if a := b.get(at); a.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			if got := a.redirected(t); !strings.HasPrefix(got, shop+"/aaa") {
				t.Errorf("ends at %s", got)
			}
			return
		}
	}
	t.Errorf("locked out, with %d flow cookies", b.flowCookies())
}

// TestA2_AHundredTabsOverHTTP2: there the header is counted in another way, and each cookie may be a field of its own.
func TestA2_AHundredTabsOverHTTP2(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	tabs := b.openTabs(100)
	s := httptest.NewUnstartedServer(nil)
	s.Config = newServer(w.app.public, slog.New(slog.DiscardHandler))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	at := mustParse(t, b.authorize(tabs[99]))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+at.RequestURI(), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = at.Host
	for _, c := range b.jar.Cookies(mustParse(t, shop)) {
		request.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	done, err := s.Client().Transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = done.Body.Close()
	if done.ProtoMajor != 2 || done.StatusCode != http.StatusSeeOther || done.Header.Get("Location") != home {
		t.Errorf("%s: status %d to %q", done.Proto, done.StatusCode, done.Header.Get("Location"))
	}
}
