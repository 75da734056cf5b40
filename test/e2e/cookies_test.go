//go:build e2e

package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/network"
)

func TestG87_CookiesHaveTheFlagsThatKeepThem(t *testing.T) {
	ready(t)
	b := newProfile(t)
	b.open(shopURL)
	b.pressSignIn()
	b.see(visible("button.account"))
	flows := b.cookies()
	if len(flows) != 1 {
		t.Errorf("%d cookies while a login is under way, want the flow's alone", len(flows))
	}
	wantFlags(t, flows)

	b.pick(ann)
	b.consentIfAsked(signedIn)
	cookies := b.cookies()
	wantFlags(t, cookies)
	if cookies[cookieName] == nil || cookies[cookieName+"-session"] == nil || len(cookies) != 2 {
		t.Errorf("cookies after the login: %v, want %s and %s-session", names(cookies), cookieName, cookieName)
	}
	size := 0
	for name, cookie := range cookies {
		size += len(name) + len(cookie.Value)
	}
	if size > 4096 {
		t.Errorf("the cookies take %d bytes", size)
	}
	if seen := do(b, "read document.cookie", script("document.cookie")); seen != "" {
		t.Error("a script can read a cookie")
	}
}

// wantFlags checks what the browser itself made of each cookie.
func wantFlags(t *testing.T, cookies map[string]*network.Cookie) {
	t.Helper()
	for name, cookie := range cookies {
		if name[:len("__Host-")] != "__Host-" {
			t.Errorf("%s has no __Host- prefix", name)
		}
		if !cookie.Secure || !cookie.HTTPOnly || cookie.Path != "/" || cookie.Domain != "shop.localhost" || cookie.SameSite != network.CookieSameSiteLax {
			t.Errorf("%s: secure %v, httpOnly %v, path %s, domain %s, sameSite %s",
				name, cookie.Secure, cookie.HTTPOnly, cookie.Path, cookie.Domain, cookie.SameSite)
		}
	}
}

func names(cookies map[string]*network.Cookie) []string {
	var found []string
	for name := range cookies {
		found = append(found, name)
	}
	return found
}
