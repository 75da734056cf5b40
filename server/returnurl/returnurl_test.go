package returnurl_test

import (
	"strings"
	"testing"

	"github.com/googlelogin/operator/server/returnurl"
)

// patterns are of every kind.
var patterns = []string{
	"https://ok.com/*",
	"https://*.apps.example.com/app/*",
	"https://exact.example.com/done",
	"https://bare.example.com",
	"https://port.example.com:8443/*",
	"http://localhost:3000/*",
	"http://[::1]:3000/*",
	"https://prefix.example.com/v2*",
}

func parse(t testing.TB, patterns ...string) returnurl.List {
	t.Helper()
	list, err := returnurl.Parse(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestAllows(t *testing.T) {
	list := parse(t, patterns...)
	for _, raw := range []string{
		"https://ok.com/", "https://ok.com", "https://ok.com/a/b?c=d&e=%2F%2Fevil.com#f", "https://ok.com:443/a", "https://ok.com?q=1",
		"https://ok.com#top", "https://ok.com/caf%C3%A9", "https://ok.com/a%20b", "https://ok.com/a;b=c", "https://ok.com/~ann/@me/x:y",
		"https://ok.com/?next=https://evil.com/", "https://ok.com/#//evil.com", "https://ok.com/?q=100%", "https://ok.com/.hidden/...",
		"https://ok.com/?q={a|b}[c]^`'", "https://ok.com/a|b[c]",
		"https://x.apps.example.com/app/", "https://xn--80ak6aa92e.apps.example.com/app/a",
		"https://exact.example.com/done", "https://exact.example.com/done?ok=1#x",
		"https://bare.example.com", "https://bare.example.com/",
		"https://port.example.com:8443/a", "http://localhost:3000/", "http://[::1]:3000/a",
		"https://prefix.example.com/v2", "https://prefix.example.com/v2/a", "https://prefix.example.com/v2beta",
	} {
		if !list.Allows(raw) {
			t.Errorf("refuses %q", raw)
		}
	}
}

func TestAllows_RefusesAttacks(t *testing.T) {
	list := parse(t, patterns...)
	for row, raws := range map[string][]string{
		"F78 another host by way of slashes": {
			"//evil.com", "///evil.com", "/\\evil.com", "\\\\evil.com", "\\/evil.com", "/%09/evil.com", "/\t/evil.com", "https:evil.com",
			"https:/evil.com", "https:///evil.com", "https:\\\\evil.com", "https:/\\evil.com", "https://\\evil.com", "https://ok.com\\@evil.com",
			"https://ok.com\\.evil.com", "https://evil.com\\@ok.com/", "https://evil.com\\.ok.com/", "https:ok.com", "https:///ok.com/",
		},
		"F78 a user name": {
			"http://ok@evil.com", "https://ok.com@evil.com", "https://ok.com:443@evil.com", "https://ok.com%40evil.com", "https://@ok.com/",
			"https://user:pass@ok.com/", "https://evil.com@ok.com/", "https://ok.com:@evil.com/", "https://ok.com;@evil.com/",
			"https://ok.com#@evil.com\\", "https://evil.com#@ok.com/", "https://evil.com?@ok.com/", "https://evil.com/@ok.com/",
		},
		"F78 a host that only looks right": {
			"https://ok.com.evil.com", "https://ok.com%2eevil.com", "https://ok.com%2e", "https://okxcom/", "https://notok.com/",
			"https://ok.com./", "https://.ok.com/", "https://ok..com/", "https://OK.com/", "https://ok.com%00.evil.com", "https://ok.com%20/",
			"https://ok%2ecom/", "https://ok.com\u3002evil.com/", "https://\u006fk.com\u2044.evil.com/", "https://\uff4fk.com/", "https://ok\u00ad.com/",
			"https://m\u00fcller.com/", "https://ok.com,evil.com/", "https://ok.com evil.com/", "https://[ok.com]/", "https://[::1]/", "https://-ok.com/",
		},
		"F78 another scheme": {
			"javascript:alert(1)", "JavaScript://ok.com/%0aalert(1)", "data:text/html,x", "data://ok.com/", "vbscript:x", "file:///etc/passwd",
			"ftp://ok.com/", "HTTPS://ok.com/", "blob:https://ok.com/", "view-source:https://ok.com/", "://ok.com/", "https//ok.com/",
			"intent://ok.com/#Intent;end", " https://ok.com/", "https ://ok.com/", "javascript://ok.com/", "https://https://ok.com/",
		},
		"F78 white space and control characters": {
			"https://ok.com/\r\nLocation: https://evil.com", "https://ok.com/\n", "https://ok.com/\t", "https://ok\t.com/", "\thttps://ok.com/",
			"https://ok.com/ ", "https://ok.com/\x00", "https://ok.com/\x7f", "https://ok.com/%00", "https://ok.com/%0d%0a", "https://ok.com/%09",
			"https://ok.com/\u2028", "https://ok.com/\xff", "https://ok.com/%ff", "https://ok.com/%c2%85",
		},
		"F79 the wildcard is one label": {
			"https://apps.example.com/app/", "https://evilapps.example.com/app/", "https://a.b.apps.example.com/app/",
			"https://.apps.example.com/app/", "https://*.apps.example.com/app/", "https://x.apps.example.com.evil.com/app/",
			"https://x.apps.example.com/", "https://x.apps.example.com/app", "https://x.apps.example.com/application", "https://x%2eapps.example.com/app/",
			"https://evil.com/.apps.example.com/app/", "https://evil.com?.apps.example.com/app/", "https://evil.com#.apps.example.com/app/",
		},
		"F80 another port or scheme": {
			"http://ok.com/", "http://ok.com:443/", "https://ok.com:80/", "https://ok.com:444/", "https://ok.com:0443/", "https://ok.com:+443/",
			"https://ok.com:/", "https://ok.com:443:443/", "https://ok.com:65979/", "https://ok.com:-443/", "https://ok.com:4 43/",
			"https://port.example.com/", "https://port.example.com:443/", "https://localhost:3000/", "http://localhost/", "http://127.0.0.1:3000/",
			"http://[::ffff:127.0.0.1]:3000/", "http://[0:0:0:0:0:0:0:1]:3000/", "http://[::1/:3000", "http://[::1]x:3000/",
		},
		"F81 too long": {"https://ok.com/" + strings.Repeat("a", 2048-14)},
		"a path alone": {"", "/", "/app", "app", "?q=1", "#x", ".", ".."},
		"another page": {"https://exact.example.com/", "https://exact.example.com/done/", "https://exact.example.com/done/more", "https://exact.example.com/DONE", "https://bare.example.com/x", "https://prefix.example.com/v1"},
		"dot segments": {
			"https://x.apps.example.com/app/../admin", "https://x.apps.example.com/app/..", "https://x.apps.example.com/app/./x",
			"https://x.apps.example.com/app/%2e%2e/admin", "https://x.apps.example.com/app/%2E%2e/admin", "https://x.apps.example.com/app/.%2e/admin",
			"https://x.apps.example.com/app/..;/admin", "https://x.apps.example.com/app/..;a=b/admin", "https://x.apps.example.com/app/..%3b/admin",
			"https://x.apps.example.com/app/..%2fadmin", "https://x.apps.example.com/app/..%5cadmin", "https://x.apps.example.com/app/..\\admin",
			"https://x.apps.example.com/app/%252e%252e/admin", "https://x.apps.example.com/app/%25252e/x", "https://ok.com/%c0%ae%c0%ae/",
			"https://x.apps.example.com/app/%2", "https://x.apps.example.com/app/%zz", "https://ok.com//evil.com", "https://ok.com/a//b", "https://ok.com/%2fevil.com",
		},
	} {
		for _, raw := range raws {
			if list.Allows(raw) {
				t.Errorf("%s: allows %q", row, raw)
			}
		}
	}
}

func TestF81_TheLongestURL(t *testing.T) {
	list := parse(t, "https://ok.com/*")
	if raw := "https://ok.com/" + strings.Repeat("a", 2048-15); len(raw) != 2048 || !list.Allows(raw) {
		t.Errorf("refuses a URL of %d bytes", len(raw))
	}
}

func TestF82_OurOwnEndpoints(t *testing.T) {
	list := parse(t, "https://ok.com/*", "https://front.example.com/*", "https://ok.com:8443/*").
		Except("/auth", []string{"https://ok.com/auth/callback", "https://ok.com/oauth/return", "http://localhost:8000/cb"})
	for raw, want := range map[string]bool{
		"https://ok.com/":                         true,
		"https://ok.com/authors":                  true,
		"https://ok.com/oauth/return/more":        true,
		"https://front.example.com/auth/login":    true,
		"https://ok.com/?next=/auth/login":        true,
		"https://ok.com/auth":                     false,
		"https://ok.com/auth/":                    false,
		"https://ok.com/auth/login":               false,
		"https://ok.com/auth/login?return_to=x#y": false,
		"https://ok.com/auth/callback?code=1":     false,
		"https://ok.com/%61uth/login":             false,
		"https://ok.com/oauth/return":             false,
		"https://ok.com/oauth/%72eturn":           false,
		"https://ok.com:443/auth/login":           false,
		"https://ok.com:8443/auth/login":          false,
		"https://ok.com/cb":                       false,
	} {
		if got := list.Allows(raw); got != want {
			t.Errorf("%q is allowed: %t, want %t", raw, got, want)
		}
	}
}

func TestF84_FragmentAndQueryAreFree(t *testing.T) {
	list := parse(t, "https://exact.example.com/done")
	for _, raw := range []string{
		"https://exact.example.com/done#/route?x=1", "https://exact.example.com/done?x=1#y", "https://exact.example.com/done#../../x",
	} {
		if !list.Allows(raw) {
			t.Errorf("refuses %q", raw)
		}
	}
	for _, raw := range []string{"https://exact.example.com/done#\\", "https://exact.example.com/#/done", "https://exact.example.com/?/done"} {
		if list.Allows(raw) {
			t.Errorf("allows %q", raw)
		}
	}
}

func TestZeroList_AllowsNothing(t *testing.T) {
	if (returnurl.List{}).Allows("https://ok.com/") || parse(t).Allows("https://ok.com/") {
		t.Error("an empty list allows a URL")
	}
}

func TestParse_NamesEveryBadPattern(t *testing.T) {
	bad := []string{
		"", "*", "/app/*", "https://", "https:///x", "https://*", "https://*.com/*", "https://*.1.2.3.4/", "https://*.localhost/*",
		"https://a.*.example.com/*", "https://*a.example.com/*", "https://**.example.com/*", "https://ok.com/*/x", "https://ok.com/**",
		"https://ok.com*", "https://ok.com:*/", "https://ok.com:0443/*", "https://ok.com:65536/*", "https://Ok.com/*", "https://ok.com/?q=*", "https://ok.com/#x", "https://user@ok.com/*",
		"https://ok.com/../*", "https://ok.com/a//b", "https://ok.com\\/*", "ftp://ok.com/*", "javascript:*", "*://ok.com/*", "https://m\u00fcller.com/*",
	}
	_, err := returnurl.Parse(append([]string{"https://ok.com/*"}, bad...))
	if err == nil {
		t.Fatal("every pattern is accepted")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(bad) {
		t.Errorf("%d problems for %d bad patterns:\n%v", len(lines), len(bad), err)
	}
	for _, raw := range bad {
		if _, err := returnurl.Parse([]string{raw}); err == nil {
			t.Errorf("accepts %q", raw)
		}
	}
}
