package server

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/httperr"
)

// fuzzWorld is a world that bounds no rate, and whose Google gives nobody a token.
func fuzzWorld(f *testing.F) *world {
	w := newWorld(f, func(c *config.Config) { c.RateLimits = config.RateLimits{PerAddress: 100_000, PerAccount: 10_000} })
	w.google.Misbehave(googletest.Around(googletest.Token, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusInternalServerError) })
	}))
	return w
}

// ask sends a request without a network, and fails if a handler panicked.
func (w *world) ask(t *testing.T, path, query, cookies string) *http.Response {
	t.Helper()
	w.clock.advance(2 * time.Millisecond) // gives the limiter more than this request takes
	r := httptest.NewRequest(http.MethodGet, shop+path, nil)
	r.URL.RawQuery = query
	if cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	recorder := httptest.NewRecorder()
	w.app.public.ServeHTTP(recorder, r)
	w.logs.mu.Lock()
	defer w.logs.mu.Unlock()
	if strings.Contains(w.logs.buf.String(), "panic in handler") {
		t.Errorf("panic: %s", w.logs.buf.String())
	}
	w.logs.buf.Reset()
	return recorder.Result()
}

// FuzzCallbackQuery answers a login with any query: Google is asked for nothing unless the query has this browser's state once and
// one code, nobody is signed in, and a redirect leads to the front end's login page with a code of the closed list.
func FuzzCallbackQuery(f *testing.F) {
	w := fuzzWorld(f)
	for _, seed := range []string{
		"", "state=STATE&code=c", "state=STATE&error=access_denied", "state=STATE&code=c&error=x", "code=c", "state=STATE&state=STATE&code=c",
		"state=STATE&code=c&iss=https://evil.test", "state=STATE;code=c", "state=STATE&code=%zz", "state=%00STATE&code=c", "error=access_denied",
		"state=STATE&error=%0d%0aSet-Cookie:%20a=b", "STATE=state&code=c", "state=STATE&code=" + strings.Repeat("c", 3000), "State=STATE&Code=c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		started := w.ask(t, "/auth/login", "", "")
		cookie := started.Cookies()[0]
		state := param(t, started.Header.Get("Location"), "state")
		query = strings.ReplaceAll(query, "STATE", state)
		before := w.google.Calls(googletest.Token)

		a := w.ask(t, "/auth/callback", query, cookie.Name+"="+cookie.Value)

		if w.google.Calls(googletest.Token) != before && !provesALogin(query, state) {
			t.Errorf("%q caused an exchange", query)
		}
		for _, c := range a.Cookies() {
			if c.MaxAge >= 0 {
				t.Errorf("%q sets %s", query, c.Name)
			}
		}
		switch to := a.Header.Get("Location"); {
		case to == "" && a.StatusCode == http.StatusBadRequest:
		case a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, shop+"/login?from=auth&error="):
			t.Errorf("%q is answered %d to %q", query, a.StatusCode, to)
		case !slices.Contains(httperr.LoginCodes(), httperr.Code(param(t, to, "error"))):
			t.Errorf("%q leads to %q", query, to)
		}
	})
}

func provesALogin(query, state string) bool {
	values, err := url.ParseQuery(query)
	return err == nil && len(values["state"]) == 1 && values["state"][0] == state && len(values["code"]) == 1 && len(values["error"]) == 0
}

// FuzzCookieHeader sends any Cookie header: nobody is signed in unless it holds a whole token or handle of ours, and nothing fails.
func FuzzCookieHeader(f *testing.F) {
	w := newWorld(f)
	b := w.browser()
	b.login()
	var secrets []string
	replacements := []string{}
	for _, c := range b.jar.Cookies(&url.URL{Scheme: "https", Host: "shop.example.com", Path: "/"}) {
		secrets = append(secrets, c.Value)
		replacements = append(replacements, map[string]string{"__Host-shop": "TOKEN", "__Host-shop-session": "HANDLE"}[c.Name], c.Value)
	}
	fill := strings.NewReplacer(replacements...)
	for _, seed := range []string{
		"__Host-shop=TOKEN; __Host-shop-session=HANDLE", "__Host-shop=TOKEN", "__Host-shop-session=HANDLE", "__Host-shop=TOKENx", "", ";", "=",
		"__Host-shop=HANDLE; __Host-shop-session=TOKEN", "__Host-shop=TOKEN; __Host-shop=x", "__host-shop=TOKEN", `__Host-shop="TOKEN"`,
		"__Host-shop=\x00TOKEN", "__Host-shop= TOKEN ;;;", "a=b; __Host-shop-session=HANDLE\xff", "__Host-shop=a.b.c; __Host-shop-session=AAAA",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		header = fill.Replace(header)
		a := w.ask(t, "/auth/me", "", header)
		known := slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(header, secret) })
		if a.StatusCode != http.StatusUnauthorized && a.StatusCode != http.StatusRequestHeaderFieldsTooLarge && (a.StatusCode != http.StatusOK || !known) {
			t.Errorf("%q is answered %d", header, a.StatusCode)
		}
		if len(a.Cookies()) > 1 {
			t.Errorf("%q sets %d cookies", header, len(a.Cookies()))
		}
	})
}
