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

func TestMe_RenewsInPlaceWithOneCookie(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	w.clock.advance(w.cfg.Session.AccessTokenTTL.Std() + time.Second)
	a := b.script(http.MethodGet, shop+"/auth/me")
	if a.StatusCode != 200 || len(a.Cookies()) != 1 || a.Cookies()[0].Name != "__Host-shop" {
		t.Errorf("status %d, cookies %v", a.StatusCode, a.Cookies())
	}
	if again := b.script(http.MethodGet, shop+"/auth/me"); len(again.Cookies()) != 0 {
		t.Errorf("a valid token was renewed: %v", again.Cookies())
	}
}

func TestMe_UnauthenticatedNamesTheLogin(t *testing.T) {
	w := newWorld(t)
	for host, want := range map[string]string{"shop.example.com": shop + "/auth/login", "other.example.com": "https://other.example.com/auth/login"} {
		a := w.browser().script(http.MethodGet, shop+"/auth/me", "Host", host)
		var got map[string]string
		if err := json.Unmarshal([]byte(a.body), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"error": "unauthenticated", "login_url": want}, got); diff != "" || a.StatusCode != 401 {
			t.Errorf("status %d (-want +got):\n%s", a.StatusCode, diff)
		}
	}
}

func TestMe_HandleOfAnotherSessionSaysNothingAboutThisOne(t *testing.T) {
	w := newWorld(t)
	b, other := w.browser(), w.browser()
	b.login()
	other.login()
	u := mustParse(t, shop)
	for _, c := range other.jar.Cookies(u) {
		if c.Name == "__Host-shop-session" {
			b.jar.SetCookies(u, secured([]*http.Cookie{c}))
		}
	}
	if a := b.script(http.MethodGet, shop+"/auth/me"); a.StatusCode != 200 || strings.Contains(a.body, `"expires_at"`) {
		t.Errorf("status %d: %s", a.StatusCode, a.body)
	}
}

func TestG93_StoreDownIsNoLogout(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	w.clock.advance(w.cfg.Session.AccessTokenTTL.Std() + time.Second)
	w.store.down.Store(true)
	for _, a := range []answer{b.script(http.MethodGet, shop+"/auth/me"), b.script(http.MethodPost, shop+"/auth/logout")} {
		if a.StatusCode != 503 || a.Header.Get("Retry-After") == "" || len(a.Cookies()) != 0 {
			t.Errorf("%s: status %d, Retry-After %q, cookies %v", a.Request.URL.Path, a.StatusCode, a.Header.Get("Retry-After"), a.Cookies())
		}
	}
	if status, body := w.probe("/readyz"); status != 503 || !strings.Contains(body, `{"name":"storage","ok":false`) {
		t.Errorf("readyz: %d %s", status, body)
	}
	w.store.down.Store(false)
	if !b.signedIn() {
		t.Error("the session did not survive a store that was away")
	}
}

func TestG94_JSONEndpoints(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	tokens := b.jar.Cookies(mustParse(t, shop))
	for name, a := range map[string]answer{
		"me":              b.script(http.MethodGet, shop+"/auth/me"),
		"unauthenticated": w.browser().script(http.MethodGet, shop+"/auth/me"),
		"error":           b.script(http.MethodGet, shop+"/auth/login?prompt=login"),
		"not found":       b.script(http.MethodGet, shop+"/auth/nowhere"),
	} {
		if a.Header.Get("Content-Type") != "application/json" || a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", name, a.Header)
		}
		for _, token := range tokens {
			if strings.Contains(a.body, token.Value) {
				t.Errorf("%s: the body holds the cookie %s", name, token.Name)
			}
		}
	}
}

func TestLogout_EndsThisSessionForGood(t *testing.T) {
	w := newWorld(t)
	b, other := w.browser(), w.browser()
	b.login()
	other.login()
	copied := w.browser()
	copied.jar.SetCookies(mustParse(t, shop), secured(b.jar.Cookies(mustParse(t, shop))))
	if a := b.script(http.MethodPost, shop+"/auth/logout"); a.StatusCode != 204 || len(b.cookies()) != 0 {
		t.Errorf("status %d, cookies left %v", a.StatusCode, b.cookies())
	}
	if copied.signedIn() {
		t.Error("a copy of the cookies is still good")
	}
	if !other.signedIn() {
		t.Error("the user's other browser was signed out, too")
	}
	if got := w.audits(); got[len(got)-1] != "logout success" {
		t.Errorf("audit %v", got)
	}
}

func TestLogout_OfAFormEndsAtAPage(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	a := b.do(http.MethodPost, shop+"/auth/logout", "Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "same-origin")
	if got := a.redirected(t); got != "/auth/signed-out" {
		t.Errorf("ends at %s", got)
	}
	if page := b.get(shop + "/auth/signed-out"); page.StatusCode != 200 || !strings.Contains(page.body, "You are signed out") {
		t.Errorf("status %d: %s", page.StatusCode, page.body)
	}
	if b.script(http.MethodPost, shop+"/auth/logout").StatusCode != 204 {
		t.Error("signing out twice is an error")
	}
}

func TestG91_LogoutEverywhere(t *testing.T) {
	w := newWorld(t)
	here, there, bob := w.browser(), w.browser(), w.browser()
	here.login()
	there.login()
	bob.login("login_hint", "bob@example.com")
	if a := here.script(http.MethodPost, shop+"/auth/logout?everywhere=true"); a.StatusCode != 204 {
		t.Errorf("status %d: %s", a.StatusCode, a.body)
	}
	if there.signedIn() || !bob.signedIn() {
		t.Errorf("the user's other browser: %v, another user: %v; want false and true", there.signedIn(), bob.signedIn())
	}
	if a := here.script(http.MethodPost, shop+"/auth/logout?everywhere=true"); a.StatusCode != 401 {
		t.Errorf("everywhere without a session: status %d, want 401", a.StatusCode)
	}
	if a := here.script(http.MethodPost, shop+"/auth/logout?everywhere=yes"); a.StatusCode != 400 {
		t.Errorf("everywhere=yes: status %d, want 400", a.StatusCode)
	}
}

func TestG90_LogoutFromAnotherSite(t *testing.T) {
	rows := map[string]struct {
		method  string
		headers []string
		want    int
	}{
		"G90 image":                 {http.MethodGet, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "image"}, 405},
		"G90 link":                  {http.MethodGet, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document"}, 405},
		"G90 form of another site":  {http.MethodPost, []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.test"}, 403},
		"G90 form of a neighbour":   {http.MethodPost, []string{"Sec-Fetch-Site", "same-site", "Origin", "https://evil.example.com"}, 403},
		"G90 old browser":           {http.MethodPost, []string{"Origin", "https://evil.test"}, 403},
		"G90 sandboxed page":        {http.MethodPost, []string{"Origin", "null"}, 403},
		"G90 suffix of our own":     {http.MethodPost, []string{"Sec-Fetch-Site", "cross-site", "Origin", shop + ".evil.test"}, 403},
		"G90 our own page may":      {http.MethodPost, []string{"Sec-Fetch-Site", "same-origin", "Origin", shop, "Sec-Fetch-Dest", "empty"}, 204},
		"G90 the front end may":     {http.MethodPost, []string{"Sec-Fetch-Site", "same-site", "Origin", "https://app.example.com", "Sec-Fetch-Dest", "empty"}, 204},
		"G90 front end, other port": {http.MethodPost, []string{"Sec-Fetch-Site", "same-site", "Origin", "https://app.example.com:444"}, 403},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser()
			b.login()
			if a := b.do(row.method, shop+"/auth/logout", row.headers...); a.StatusCode != row.want {
				t.Errorf("status %d, want %d", a.StatusCode, row.want)
			}
			if signedIn, want := b.signedIn(), row.want != 204; signedIn != want {
				t.Errorf("signed in: %v, want %v", signedIn, want)
			}
			if got := w.audits(); row.want == 403 && got[len(got)-1] != "request refused forbidden" {
				t.Errorf("audit %v", got)
			}
		})
	}
}

func TestG95_CORS(t *testing.T) {
	w := newWorld(t, func(c *config.Config) {
		c.Frontend.ReturnURLs = append(c.Frontend.ReturnURLs, "https://*.preview.example.com/*")
	})
	b := w.browser()
	b.login()
	for origin, allowed := range map[string]bool{
		shop: true, "https://app.example.com": true,
		"https://evil.test": false, "null": false, shop + ".evil.test": false, "https://evilshop.example.com": false,
		"http://shop.example.com": false, "https://app.example.com:444": false, "https://x.preview.example.com": false,
		"https://*.preview.example.com": false, "HTTPS://SHOP.EXAMPLE.COM": false, "*": false,
	} {
		for name, a := range map[string]answer{
			"me":               b.script(http.MethodGet, shop+"/auth/me", "Origin", origin),
			"me without login": w.browser().script(http.MethodGet, shop+"/auth/me", "Origin", origin),
			"preflight":        b.script(http.MethodOptions, shop+"/auth/logout", "Origin", origin, "Access-Control-Request-Method", "POST"),
		} {
			want := map[bool][2]string{true: {origin, "true"}, false: {"", ""}}[allowed]
			got := [2]string{a.Header.Get("Access-Control-Allow-Origin"), a.Header.Get("Access-Control-Allow-Credentials")}
			if got != want {
				t.Errorf("%s from %s: origin and credentials are %q, want %q", name, origin, got, want)
			}
			if !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Origin") {
				t.Errorf("%s from %s: no Vary: Origin", name, origin)
			}
		}
	}
	a := b.script(http.MethodOptions, shop+"/auth/logout", "Origin", shop, "Access-Control-Request-Method", "POST")
	if a.Header.Get("Access-Control-Allow-Methods") != "POST" || a.StatusCode != 204 {
		t.Errorf("preflight: status %d, methods %q", a.StatusCode, a.Header.Get("Access-Control-Allow-Methods"))
	}
}
