package server

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/googlelogin/operator/server/config"
)

func read1(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestBearer_BadHeaderNeverFallsBackToTheCookie(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	good := b.cookie("__Host-shop")
	for name, header := range map[string]string{
		"nonsense": "Bearer nonsense", "another scheme": "Basic " + good, "no token": "Bearer", "forged": "Bearer " + good + "A",
		"the handle": "Bearer " + b.cookie("__Host-shop-session"),
	} {
		for _, request := range [][2]string{{http.MethodGet, "/auth/me"}, {http.MethodPost, "/auth/logout"}, {http.MethodPost, "/auth/logout?everywhere=true"}} {
			a := b.script(request[0], shop+request[1], "Authorization", header)
			if a.StatusCode != 401 || a.Header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` || len(a.Cookies()) != 0 {
				t.Errorf("%s, %s: status %d, WWW-Authenticate %q, cookies %v", name, request[1], a.StatusCode, a.Header.Get("WWW-Authenticate"), a.Cookies())
			}
		}
	}
	if !b.signedIn() {
		t.Error("the cookie's session has ended")
	}
}

func TestBearer_LogoutEndsTheTokensSessionAndLeavesTheCookies(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	b, c := w.browser(), w.client()
	b.login()
	token := granted(t, c.assertion(w.mint("ann@example.com", c.nonce()))).AccessToken
	if a := b.script(http.MethodPost, shop+"/auth/logout", "Authorization", "Bearer "+token); a.StatusCode != 204 || len(a.Cookies()) != 0 {
		t.Errorf("status %d, cookies %v", a.StatusCode, a.Cookies())
	}
	if c.me(token).StatusCode != 401 || !b.signedIn() {
		t.Error("the wrong session has ended")
	}
	if got := w.audits(); got[len(got)-1] != "logout success" {
		t.Errorf("audit %v", got)
	}
}

func TestG91_BearerLogoutEverywhere(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	b, c := w.browser(), w.client()
	b.login()
	token := granted(t, c.assertion(w.mint("ann@example.com", c.nonce()))).AccessToken
	other := granted(t, c.assertion(w.mint("ann@example.com", c.nonce()))).AccessToken
	if a := c.do(http.MethodPost, shop+"/auth/logout?everywhere=true", "Accept", "*/*", "Authorization", "Bearer "+token); a.StatusCode != 204 {
		t.Errorf("status %d", a.StatusCode)
	}
	if c.me(other).StatusCode != 401 || b.signedIn() {
		t.Error("a session lives on")
	}
}

func TestBearer_LogoutOfTheBrowserEverywhereEndsTokensToo(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	b, c := w.browser(), w.client()
	b.login()
	token := granted(t, c.assertion(w.mint("ann@example.com", c.nonce()))).AccessToken
	b.script(http.MethodPost, shop+"/auth/logout?everywhere=true")
	if a := c.me(token); a.StatusCode != 401 {
		t.Errorf("status %d", a.StatusCode)
	}
}

func TestE72_BearerOfSomebodyNoLongerAdmitted(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	token := granted(t, c.assertion(w.mint("ann@example.com", c.nonce()))).AccessToken
	w.cfg.Access = config.Access{Accounts: config.AccountsRestricted, Emails: []string{"bob@example.com"}}
	w.start()
	if a := w.client().me(token); a.StatusCode != 401 || strings.Contains(a.body, "ann@") {
		t.Errorf("status %d: %s", a.StatusCode, a.body)
	}
}

func TestG93_StoreDownIsNoLogoutOfABearer(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	token := granted(t, c.assertion(w.mint("ann@example.com", c.nonce()))).AccessToken
	w.store.down.Store(true)
	for _, a := range []answer{c.me(token), c.do(http.MethodPost, shop+"/auth/logout", "Authorization", "Bearer "+token)} {
		if a.StatusCode != 503 || a.Header.Get("Retry-After") == "" {
			t.Errorf("status %d, Retry-After %q", a.StatusCode, a.Header.Get("Retry-After"))
		}
	}
	w.store.down.Store(false)
	if c.me(token).StatusCode != 200 {
		t.Error("the session did not survive a store that was away")
	}
}

// What the cookie holds is an access token like any other.
func TestBearer_TokenOfTheCookieIsOneToo(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	if a := w.client().me(b.cookie("__Host-shop")); a.StatusCode != 200 || len(a.Cookies()) != 0 {
		t.Errorf("status %d, cookies %v", a.StatusCode, a.Cookies())
	}
}
