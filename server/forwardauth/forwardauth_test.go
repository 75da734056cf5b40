package forwardauth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/session"
)

func TestI106_IsClear(t *testing.T) {
	for uri, want := range map[string]bool{
		"/":                           true,
		"/a/b;x=1/c.html?q=//..%2e#0": false,
		"/a/b;x=1/c.html?q=//..%2e%0": true,
		"/a/.well-known/x..y/...":     true,
		"/caf%C3%A9/100%25":           true,
		"/100%25/%41":                 true,
		"":                            false,
		"a":                           false,
		"*":                           false,
		"http://evil.example/":        false,
		"//evil.example":              false,
		"/a//b":                       false,
		"/a/../b":                     false,
		"/a/./b":                      false,
		"/a/..":                       false,
		"/a/..;/admin":                false,
		"/a/..;x=y/admin":             false,
		"/a/.;/admin":                 false,
		"/a/%2e%2e/admin":             false,
		"/a/%2E./admin":               false,
		"/a/%2e%2e;/admin":            false,
		"/a/%252e%252e/admin":         false,
		"/a/%25252e%25252e/admin":     false,
		"/a%25/%252e%252e/admin":      false,
		"/a/%2525252525252e":          false,
		"/a%2fb":                      false,
		"/a%2Fb":                      false,
		"/a%252fb":                    false,
		"/a%5cb":                      false,
		`/a\b`:                        false,
		"/a%00b":                      false,
		"/a%0d%0ab":                   false,
		"/a%7fb":                      false,
		"/a%2":                        false,
		"/a%zz":                       false,
		"/a%":                         false,
		"/a%ff":                       false,
		"/a b":                        false,
		"/a\x00b":                     false,
		"/caf\u00e9":                  false,
		"/a#b":                        false,
		"/a?b#c":                      false,
	} {
		if got := isClear(uri, false); got != want {
			t.Errorf("isClear(%q) = %v, want %v", uri, got, want)
		}
	}
}

func TestI106_EncodedSlashesPassWhereTheyMay(t *testing.T) {
	for uri, want := range map[string]bool{
		"/api/v4/projects/group%2Fname": true,
		"/@scope%2fname":                true,
		"/a%2Fb%2Fc/d?q=%2F":            true,
		"/a/%2e%2e/admin":               false,
		"/a/..%2fadmin":                 false,
		"/a%2f..%2fadmin":               false,
		"/a%2f..;x%2fadmin":             false,
		"/a%2f.%2fadmin":                false,
		"/a%2f%2e%2e/admin":             false,
		"/%2fevil.example":              false,
		"/a/%2Fb":                       false,
		"/a%2F/b":                       false,
		"/a%2F%2Fb":                     false,
		"/a%252fb":                      false,
		"/a%25252fb":                    false,
		"/a%2fb%252f..":                 false,
		"/a%5cb":                        false,
		"/a%2fb%00":                     false,
		"//a%2fb":                       false,
		"%2fa":                          false,
	} {
		if got := isClear(uri, true); got != want {
			t.Errorf("isClear(%q, with encoded slashes) = %v, want %v", uri, got, want)
		}
		if strings.Contains(strings.ToLower(uri), "%2f") && uri != "/a%2Fb%2Fc/d?q=%2F" && isClear(uri, false) {
			t.Errorf("%q passes where it may not", uri)
		}
	}
}

func FuzzIsClear(f *testing.F) {
	for _, seed := range []string{"/a/..;/admin", "/a/%252e%252e/", "/100%25?x", "/%c3%a9", "//", "/%2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		if !isClear(uri, false) {
			return
		}
		path, _, _ := strings.Cut(uri, "?")
		for range 4 {
			if strings.Contains(path, "//") || strings.Contains(path+"/", "/../") || strings.ContainsAny(path, "\\\x00") {
				t.Fatalf("%q is said to be clear, and becomes %q", uri, path)
			}
			path, _ = decode(path)
		}
	})
}

func TestReadOriginalURL(t *testing.T) {
	for name, row := range map[string]struct {
		urls  []string
		want  asked
		clear bool
	}{
		"an address":   {[]string{"https://a.example:8443/b?c=d://e"}, asked{proto: "https", host: "a.example:8443", uri: "/b?c=d://e"}, true},
		"nothing":      {nil, asked{}, true},
		"two":          {[]string{"https://a/", "https://b/"}, asked{}, false},
		"no scheme":    {[]string{"a.example/b"}, asked{}, false},
		"no path":      {[]string{"https://a.example"}, asked{}, false},
		"a path alone": {[]string{"/b"}, asked{}, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["X-Original-Url"] = row.urls
		got, unambiguous := readOriginalURL(r, "")
		if unambiguous != row.clear || (unambiguous && got != row.want) {
			t.Errorf("%s: %+v, %v, want %+v, %v", name, got, unambiguous, row.want, row.clear)
		}
	}
}

func TestHeaderName(t *testing.T) {
	for name, want := range map[string]string{
		"Ann Example":            "Ann Example",
		"":                       "",
		"Jürgen Müller":          "UTF-8''J%C3%BCrgen%20M%C3%BCller",
		"a\r\nX-Evil: 1":         "UTF-8''a%0D%0AX-Evil%3A%201",
		"tab\there":              "UTF-8''tab%09here",
		" Ann":                   "UTF-8''%20Ann",
		"UTF-8''Ann":             "UTF-8''UTF-8%27%27Ann",
		"utf-8''%41":             "UTF-8''utf-8%27%27%2541",
		"a\xffb":                 "UTF-8''a%EF%BF%BDb",
		strings.Repeat("a", 512): strings.Repeat("a", 512),
		strings.Repeat("a", 513): "",
		strings.Repeat("ü", 90):  "",
	} {
		if got := headerName(name); got != want {
			t.Errorf("headerName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestAllow_WritesEveryHeader(t *testing.T) {
	w := httptest.NewRecorder()
	allow(w.Header(), session.Current{
		AccessToken: "token", Claims: session.Claims{RegisteredClaims: jwt.RegisteredClaims{Subject: "id"}, Email: "ä@example.com"},
	}, false)
	want := http.Header{
		"X-Auth-Request-User": {"id"}, "X-Auth-Request-Email": {""}, "X-Auth-Request-Name": {""}, "X-Auth-Request-Hosted-Domain": {""},
		"Cache-Control": {"no-store"},
	}
	if diff := cmp.Diff(want, w.Header()); diff != "" {
		t.Errorf("a user of whom little is known (-want +got):\n%s", diff)
	}
}

// A claim ends up in a header as nothing but its own value, whatever somebody calls themselves.
func TestI104_NobodyWritesAHeaderByTheirName(t *testing.T) {
	const injected = "ann\r\nX-Auth-Request-User: root"
	h := http.Header{}
	tell(h, &session.Claims{
		RegisteredClaims: jwt.RegisteredClaims{Subject: injected}, Email: injected, Name: "Änn\r\nX-Auth-Request-User: root", HostedDomain: injected,
	})
	want := http.Header{
		"X-Auth-Request-User": {""}, "X-Auth-Request-Email": {""}, "X-Auth-Request-Hosted-Domain": {""}, "Cache-Control": {"no-store"},
		"X-Auth-Request-Name": {"UTF-8''%C3%84nn%0D%0AX-Auth-Request-User%3A%20root"},
	}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestI114_AnAnswerTooLongGoesWithoutTheCookie(t *testing.T) {
	for length, cookies := range map[int]int{1500: 1, 3000: 0} {
		w := httptest.NewRecorder()
		token := strings.Repeat("t", length)
		w.Header().Set("Set-Cookie", "__Host-shop="+token)
		allow(w.Header(), session.Current{AccessToken: token, Renewed: true}, true)
		if got := len(w.Header()["Set-Cookie"]); got != cookies || size(w.Header()) > 4096 {
			t.Errorf("a token of %d bytes: %d cookies in %d bytes, want %d", length, got, size(w.Header()), cookies)
		}
	}
}
