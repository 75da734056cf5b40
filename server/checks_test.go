package server

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/keyring"
	"github.com/googlelogin/operator/server/session"
)

func behindAProxy(c *config.Config) { c.TrustedProxies = []string{"127.0.0.0/8", "::1/128"} }

// page are the headers of a browser that goes to a page.
var page = []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "none"}

// proxies say of a GET of https://shop.example.com/cart?item=7 what each proxy says of it.
var proxies = map[string]struct {
	route   string
	headers []string
}{
	"nginx":   {"nginx", []string{"X-Original-Url", shop + "/cart?item=7", "X-Original-Method", "GET"}},
	"traefik": {"traefik", forwarded("GET", "/cart?item=7")},
	"caddy":   {"caddy", forwarded("GET", "/cart?item=7")},
	"haproxy": {"haproxy", forwarded("GET", "/cart?item=7")},
	"apache":  {"apache", forwarded("GET", "/cart?item=7")},
	"envoy":   {"envoy/cart?item=7", []string{"X-Forwarded-Proto", "https"}},
}

func forwarded(method, uri string) []string {
	return []string{
		"X-Forwarded-Method", method, "X-Forwarded-Proto", "https", "X-Forwarded-Host", "shop.example.com", "X-Forwarded-Uri", uri,
	}
}

// check asks as a proxy does, with more headers in pairs.
func (b *browser) check(route string, headers ...string) answer {
	b.w.t.Helper()
	return b.asks(http.MethodGet, route, headers...)
}

// asks sends the path as it stands.
func (b *browser) asks(method, route string, headers ...string) answer {
	b.w.t.Helper()
	request, err := http.NewRequestWithContext(b.w.t.Context(), method, shop, nil)
	if err != nil {
		b.w.t.Fatal(err)
	}
	request.URL.Opaque = "/auth/check/" + route
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	return b.send(request)
}

func concat(parts ...[]string) []string {
	var all []string
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

func TestCheck_TellsTheProxyWhoItIs(t *testing.T) {
	w := newWorld(t, behindAProxy)
	b := w.browser()
	b.login()
	var me struct{ Sub, Email, Name, Hd string }
	if err := json.Unmarshal([]byte(b.script(http.MethodGet, shop+"/auth/me").body), &me); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"X-Auth-Request-User": me.Sub, "X-Auth-Request-Email": "ann@example.com", "X-Auth-Request-Name": me.Name,
		"X-Auth-Request-Hosted-Domain": "example.com", "Authorization": "", "Cache-Control": "no-store", "Set-Cookie": "",
	}
	for name, proxy := range proxies {
		a := b.check(proxy.route, proxy.headers...)
		got := map[string]string{}
		for header := range want {
			got[header] = a.Header.Get(header)
		}
		if diff := cmp.Diff(want, got); diff != "" || a.StatusCode != http.StatusOK || a.body != "" {
			t.Errorf("%s: status %d, body %q (-want +got):\n%s", name, a.StatusCode, a.body, diff)
		}
	}
	if me.Sub == "" || me.Name == "" {
		t.Errorf("nobody to compare with: %+v", me)
	}
}

func TestCheck_GivesNoTokenToWhoIsNotATrustedProxy(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	for _, route := range []string{"nginx?authorization=bearer", "caddy?authorization=bearer", "envoy-bearer/cart"} {
		if a := b.check(route); a.StatusCode != http.StatusOK || a.Header.Get("Authorization") != "" {
			t.Errorf("%s: status %d, Authorization is set: %v", route, a.StatusCode, a.Header.Get("Authorization") != "")
		}
	}
}

func TestCheck_GivesTheTokenWhereItIsAskedFor(t *testing.T) {
	w := newWorld(t, behindAProxy)
	b := w.browser()
	b.login()
	var token string
	for _, c := range b.jar.Cookies(mustParse(t, shop)) {
		if c.Name == "__Host-shop" {
			token = c.Value
		}
	}
	for _, route := range []string{"nginx?authorization=bearer", "caddy?authorization=bearer", "envoy-bearer/cart"} {
		if got := b.check(route).Header.Get("Authorization"); token == "" || got != "Bearer "+token {
			t.Errorf("%s: Authorization is %q", route, got)
		}
	}
	for _, route := range []string{"nginx?authorization=basic", "nginx?authorization=bearer&x=1", "nginx?other"} {
		if a := b.check(route); a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: status %d, want 403 for a question that is not known", route, a.StatusCode)
		}
	}
	if got := b.check("envoy/cart?authorization=bearer").Header.Get("Authorization"); got != "" {
		t.Errorf("a query of the user's own brings %q", got)
	}
}

func TestI109_UnauthenticatedNavigationGoesToTheLogin(t *testing.T) {
	w := newWorld(t, behindAProxy)
	login := shop + "/auth/login?return_to=" + url.QueryEscape(shop+"/cart?item=7")
	for name, proxy := range proxies {
		a := w.browser().check(proxy.route, concat(proxy.headers, page)...)
		if name == "nginx" {
			if a.StatusCode != http.StatusUnauthorized || a.Header.Get("X-Auth-Request-Login-Url") != login {
				t.Errorf("nginx: status %d, login %s", a.StatusCode, a.Header.Get("X-Auth-Request-Login-Url"))
			}
			continue
		}
		if a.StatusCode != http.StatusFound || a.Header.Get("Location") != login {
			t.Errorf("%s: status %d to %s, want 302 to %s", name, a.StatusCode, a.Header.Get("Location"), login)
		}
	}
}

func TestI109_ScriptsGet401WithTheLoginURL(t *testing.T) {
	w := newWorld(t, behindAProxy)
	rows := map[string][]string{
		"I109 fetch":                        {"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Accept", "*/*"},
		"I109 fetch that accepts HTML":      {"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Accept", "text/html"},
		"I109 XMLHttpRequest":               {"X-Requested-With", "XMLHttpRequest", "Accept", "text/html"},
		"I109 an image":                     {"Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"},
		"I109 a frame":                      {"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe", "Accept", "text/html"},
		"I109 a program":                    {"Accept", "application/json"},
		"I109 no header at all":             nil,
		"I109 contradictory headers":        {"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Mode", "cors", "Accept", "text/html"},
		"I109 gRPC":                         {"Content-Type", "application/grpc+proto", "Accept", "text/html"},
		"I108 WebSocket":                    {"Sec-Fetch-Mode", "websocket", "Sec-Fetch-Dest", "empty"},
		"I108 WebSocket of an old browser":  {"Upgrade", "websocket", "Connection", "Upgrade", "Accept", "text/html"},
		"I108 WebSocket without hop fields": {"Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "Accept", "text/html"},
	}
	for name, headers := range rows {
		t.Run(name, func(t *testing.T) {
			for proxy, p := range proxies {
				a := w.browser().check(p.route, concat(p.headers, headers)...)
				var got map[string]string
				if err := json.Unmarshal([]byte(a.body), &got); err != nil {
					t.Fatal(err)
				}
				want := map[string]string{"error": "unauthenticated", "login_url": shop + "/auth/login"}
				if diff := cmp.Diff(want, got); diff != "" || a.StatusCode != 401 || a.Header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s: status %d (-want +got):\n%s", proxy, a.StatusCode, diff)
				}
			}
		})
	}
}

func TestI110_AFormIsNotSentAround(t *testing.T) {
	w := newWorld(t, behindAProxy)
	for name, a := range map[string]answer{
		"nginx":   w.browser().check("nginx", concat(page, []string{"X-Original-Url", shop + "/buy", "X-Original-Method", "POST"})...),
		"traefik": w.browser().check("traefik", concat(page, forwarded("POST", "/buy"))...),
		"caddy":   w.browser().check("caddy", concat(page, forwarded("POST", "/buy"))...),
		"envoy":   w.browser().asks(http.MethodPost, "envoy/buy", page...),
	} {
		if a.StatusCode != http.StatusUnauthorized || a.Header.Get("Location") != "" {
			t.Errorf("%s: status %d, location %q, want 401", name, a.StatusCode, a.Header.Get("Location"))
		}
	}
}

func TestI107_PreflightNeedsASessionLikeAnyRequest(t *testing.T) {
	w := newWorld(t, behindAProxy)
	preflight := []string{"Origin", "https://app.example.com", "Access-Control-Request-Method", "POST", "Sec-Fetch-Mode", "cors"}
	signedIn := w.browser()
	signedIn.login()
	ask := func(b *browser) map[string]answer {
		return map[string]answer{
			"nginx":   b.check("nginx", concat(preflight, []string{"X-Original-Url", shop + "/a", "X-Original-Method", "OPTIONS"})...),
			"traefik": b.check("traefik", concat(preflight, forwarded("OPTIONS", "/a"))...),
			"caddy":   b.check("caddy", concat(preflight, forwarded("OPTIONS", "/a"))...),
			"envoy":   b.asks(http.MethodOptions, "envoy/a", preflight...),
		}
	}
	for name, a := range ask(w.browser()) {
		if a.StatusCode != http.StatusUnauthorized || a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s without a session: status %d, want 401 and no CORS", name, a.StatusCode)
		}
	}
	for name, a := range ask(signedIn) {
		if a.StatusCode != http.StatusOK {
			t.Errorf("%s with a session: status %d, want 200", name, a.StatusCode)
		}
	}
}

func TestCheck_AnyMethodFromAnySitePassesWithASession(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	for _, method := range []string{"POST", "PUT", "DELETE", "PROPFIND"} {
		// Whether the application takes it is the application's to say.
		if a := b.asks(method, "envoy/a", "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"); a.StatusCode != 200 {
			t.Errorf("%s: status %d", method, a.StatusCode)
		}
	}
}

func TestI103_CookiesThatAreNoSession(t *testing.T) {
	w := newWorld(t)
	signedIn := w.browser()
	signedIn.login()
	var token string
	for _, c := range signedIn.jar.Cookies(mustParse(t, shop)) {
		if c.Name == "__Host-shop" {
			token = c.Value
		}
	}
	for name, cookie := range map[string][]string{
		"empty":              {""},
		"empty value":        {"__Host-shop="},
		"malformed":          {";;==;,__Host-shop"},
		"no token":           {"__Host-shop=a.b.c"},
		"half a token":       {"__Host-shop=" + token[:len(token)/2]},
		"without a prefix":   {"shop=" + token},
		"upper case":         {"__HOST-SHOP=" + token},
		"duplicate":          {"__Host-shop=" + token + "; __Host-shop=" + token},
		"two headers":        {"__Host-shop=" + token, "__Host-shop=x"},
		"huge":               {"__Host-shop=" + strings.Repeat("a", 150<<10)},
		"many":               {strings.Repeat("a=b; ", 20000)},
		"not UTF-8":          {"__Host-shop=\xff\xfe\x80"},
		"a malformed handle": {"__Host-shop-session=" + strings.Repeat("%", 43)},
		"a guessed handle":   {"__Host-shop-session=" + strings.Repeat("A", 43)},
	} {
		t.Run(name, func(t *testing.T) {
			b := w.browser()
			for _, proxy := range proxies {
				headers := append([]string{}, proxy.headers...)
				for _, value := range cookie {
					headers = append(headers, "Cookie", value)
				}
				if a := b.check(proxy.route, headers...); a.StatusCode != http.StatusUnauthorized {
					t.Errorf("%s: status %d, want 401", proxy.route, a.StatusCode)
				}
			}
		})
	}
}

func TestI105_ForwardedHeadersOfAnUntrustedPeerAreIgnored(t *testing.T) {
	w := newWorld(t)
	want := shop + "/auth/login?return_to=" + url.QueryEscape(home)
	for name, proxy := range proxies {
		a := w.browser().check(proxy.route, concat(proxy.headers, page)...)
		if got := a.Header.Get("Location") + a.Header.Get("X-Auth-Request-Login-Url"); got != want {
			t.Errorf("%s: to %s, want home", name, got)
		}
	}
	other := append(forwarded("GET", "/x"), page...)
	other[5] = "other.example.com"
	if a := w.browser().check("traefik", other...); !strings.HasPrefix(a.Header.Get("Location"), shop+"/auth/login?") {
		t.Errorf("to %s, want the login under the host of the request itself", a.Header.Get("Location"))
	}
}

func TestI105_EachDialectReadsOnlyItsOwnHeaders(t *testing.T) {
	w := newWorld(t, behindAProxy)
	evil := map[string][]string{
		"nginx":   forwarded("GET", "/planted"),
		"traefik": {"X-Original-Url", shop + "/planted", "X-Forwarded-Prefix", "/planted", "Forwarded", "host=evil.example"},
		"caddy":   {"X-Original-Url", shop + "/planted", "X-Rewrite-Url", "/planted"},
		"envoy/":  {"X-Original-Url", shop + "/planted", "X-Forwarded-Uri", "/planted", "X-Forwarded-Host", "app.example.com", "X-Envoy-Original-Path", "/planted"},
	}
	for route, headers := range evil {
		a := w.browser().check(route, concat(headers, page)...)
		got := a.Header.Get("Location") + a.Header.Get("X-Auth-Request-Login-Url")
		if got == "" || strings.Contains(got, "planted") || strings.Contains(got, "app.example.com") {
			t.Errorf("%s: to %q", route, got)
		}
	}
}

func TestF_ReturnToMustBeOnTheList(t *testing.T) {
	w := newWorld(t, behindAProxy)
	want := "?return_to=" + url.QueryEscape(home)
	for name, a := range map[string]answer{
		"another host":        w.browser().check("nginx", concat(page, []string{"X-Original-Url", "https://evil.example/"})...),
		"another scheme":      w.browser().check("nginx", concat(page, []string{"X-Original-Url", "javascript://shop.example.com/"})...),
		"a user name":         w.browser().check("nginx", concat(page, []string{"X-Original-Url", "https://shop.example.com@evil.example/"})...),
		"our own login":       w.browser().check("nginx", concat(page, []string{"X-Original-Url", shop + "/auth/login"})...),
		"no host":             w.browser().check("traefik", concat(page, []string{"X-Forwarded-Uri", "/a", "X-Forwarded-Proto", "https"})...),
		"nothing known":       w.browser().check("traefik", page...),
		"too long an address": w.browser().check("caddy", concat(page, forwarded("GET", "/"+strings.Repeat("a", 3000)))...),
	} {
		if got := a.Header.Get("Location") + a.Header.Get("X-Auth-Request-Login-Url"); !strings.HasSuffix(got, want) {
			t.Errorf("%s: to %q, want home", name, got)
		}
	}
}

func TestI106_AmbiguousPathsAreRefusedWithASessionToo(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	for name, uri := range map[string]string{
		"I106 parameters before a dot segment": "/a/..;/admin", "I106 encoded dots": "/a/%2e%2e/admin", "I106 two slashes": "//admin",
		"I106 NUL": "/a%00b", "I106 fragment": "/a#b",
	} {
		t.Run(name, func(t *testing.T) {
			for route, a := range map[string]answer{
				"nginx":   b.check("nginx", "X-Original-Url", shop+uri, "X-Original-Method", "GET"),
				"traefik": b.check("traefik", forwarded("GET", uri)...),
				"caddy":   b.check("caddy", forwarded("GET", uri)...),
				"envoy":   b.check("envoy" + uri),
			} {
				if a.StatusCode != http.StatusForbidden {
					t.Errorf("%s: status %d, want 403", route, a.StatusCode)
				}
			}
		})
	}
	if a := b.check("nginx", "X-Original-Url", shop+"/a", "X-Original-Url", shop+"/b"); a.StatusCode != http.StatusForbidden {
		t.Errorf("two addresses: status %d, want 403", a.StatusCode)
	}
}

func TestI106_EncodedSlashesPassWhereTheConfigurationSaysSo(t *testing.T) {
	w := newWorld(t, func(c *config.Config) { c.ForwardAuth.EncodedSlashes = true })
	b := w.browser()
	b.login()
	for uri, want := range map[string]int{"/projects/group%2Fname": http.StatusOK, "/a%2f..%2fadmin": http.StatusForbidden} {
		for route, a := range map[string]answer{
			"nginx": b.check("nginx", "X-Original-Url", shop+uri, "X-Original-Method", "GET"),
			"caddy": b.check("caddy", forwarded("GET", uri)...),
			"envoy": b.check("envoy" + uri),
		} {
			if a.StatusCode != want {
				t.Errorf("%s, %s: status %d, want %d", uri, route, a.StatusCode, want)
			}
		}
	}
}

func TestI111_ATokenForAnotherAudience(t *testing.T) {
	w := newWorld(t)
	keys := keyring.New(keyring.Options{Now: w.clock.Now})
	if err := keys.Load(w.cfg.Keys.SigningFile); err != nil {
		t.Fatal(err)
	}
	now := w.clock.Now()
	token, err := keys.Sign(session.TokenType, session.Claims{SessionID: "s", RegisteredClaims: jwt.RegisteredClaims{
		Issuer: w.cfg.Issuer, Subject: "user", Audience: []string{"another"},
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(time.Minute)),
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, header := range map[string][]string{
		"I111 as a cookie": {"Cookie", "__Host-shop=" + token}, "I111 as a bearer token": {"Authorization", "Bearer " + token},
	} {
		for _, proxy := range proxies {
			if a := w.browser().check(proxy.route, concat(proxy.headers, header)...); a.StatusCode != http.StatusForbidden {
				t.Errorf("%s: %s answers %d, want 403", name, proxy.route, a.StatusCode)
			}
		}
	}
}

func TestCheck_BearerCountsOnlyWithoutCookies(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	var token string
	for _, c := range b.jar.Cookies(mustParse(t, shop)) {
		if c.Name == "__Host-shop" {
			token = c.Value
		}
	}
	if a := w.browser().check("nginx", "Authorization", "Bearer "+token); a.StatusCode != 200 || a.Header.Get("X-Auth-Request-Email") != "ann@example.com" {
		t.Errorf("our token alone: status %d, want 200", a.StatusCode)
	}
	if a := b.check("nginx", "Authorization", "Basic dXNlcjpwYXNz"); a.StatusCode != 200 {
		t.Errorf("an application's own Authorization beside a session: status %d, want 200", a.StatusCode)
	}
	if a := w.browser().check("nginx", "Authorization", "Bearer "+token, "Cookie", "__Host-shop=dead"); a.StatusCode != 401 {
		t.Errorf("a dead cookie beside a token: status %d, want 401", a.StatusCode)
	}
}

func TestI113_NobodyPassesForNotBeingKnown(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	w.clock.advance(w.cfg.Session.AccessTokenTTL.Std() + time.Second)
	w.store.down.Store(true)
	for name, proxy := range proxies {
		a := b.check(proxy.route, proxy.headers...)
		if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("X-Auth-Request-User") != "" || len(a.Cookies()) != 0 {
			t.Errorf("%s: status %d, headers %v, want 503 and nobody", name, a.StatusCode, a.Header)
		}
	}
	w.store.down.Store(false)
	if a := b.check("nginx"); a.StatusCode != http.StatusOK {
		t.Errorf("after the store came back: status %d, want 200", a.StatusCode)
	}
}

func TestI114_RenewalSetsOneCookieAndStaysSmall(t *testing.T) {
	w := newWorld(t, behindAProxy)
	b := w.browser()
	b.login()
	for name, route := range map[string]string{"nginx": "nginx?authorization=bearer", "envoy": "envoy-bearer/"} {
		w.clock.advance(w.cfg.Session.AccessTokenTTL.Std() + time.Second)
		a := b.check(route)
		size := len(a.body)
		for header, values := range a.Header {
			for _, value := range values {
				size += len(header) + len(value) + 4
			}
		}
		renewed := a.Cookies()
		if a.StatusCode != 200 || len(renewed) != 1 || renewed[0].Name != "__Host-shop" || size > 4096 {
			t.Errorf("%s: status %d, %d cookies, %d bytes, want 200, one, at most 4096", name, a.StatusCode, len(renewed), size)
		}
		if len(renewed) == 1 && a.Header.Get("Authorization") != "Bearer "+renewed[0].Value {
			t.Errorf("%s: the token given is not the renewed one", name)
		}
	}
}

func TestCheck_DeniedAtRenewal(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	if a := b.check("nginx"); a.StatusCode != 200 {
		t.Fatalf("status %d", a.StatusCode)
	}
	w.cfg.Access.HostedDomains = []string{"elsewhere.example"}
	w.start()
	again := w.browser()
	again.client.Jar = b.jar
	w.clock.advance(w.cfg.Session.AccessTokenTTL.Std() + time.Second)
	for _, proxy := range proxies {
		a := again.check(proxy.route, concat(proxy.headers, page)...)
		if a.StatusCode != http.StatusForbidden || strings.TrimSpace(a.body) != `{"error":"account_not_allowed"}` {
			t.Errorf("%s: status %d, body %s", proxy.route, a.StatusCode, a.body)
		}
		if got := lastAudit(w); got != "session denied account_not_allowed" {
			t.Errorf("%s: audit %q", proxy.route, got)
		}
	}
}

func TestI115_NoPathAndNoUserAgentPasses(t *testing.T) {
	w := newWorld(t, behindAProxy)
	stranger := w.browser()
	for _, agent := range []string{"kube-probe/1.37", "ELB-HealthChecker/2.0", "GoogleHC/1.0", "Googlebot/2.1", ""} {
		for _, uri := range []string{"/", "/healthz", "/readyz", "/ping", "/auth/me", "/auth/jwks.json", "/auth/check/nginx", "/favicon.ico", "/robots.txt"} {
			for route, headers := range map[string][]string{
				"nginx": {"X-Original-Url", shop + uri}, "traefik": forwarded("GET", uri), "caddy": forwarded("GET", uri), "envoy" + uri: nil,
			} {
				if a := stranger.check(route, concat(headers, []string{"User-Agent", agent})...); a.StatusCode != http.StatusUnauthorized {
					t.Errorf("%s of %s as %q: status %d, want 401", route, uri, agent, a.StatusCode)
				}
			}
		}
	}
}

func TestCheck_ServesAnyHostAndNoOtherRoute(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	a := w.browser().get(shop+"/auth/check/caddy", "Host", "shop-googlelogin.team.svc:8080", "Cookie", b.cookieHeader())
	if a.StatusCode != http.StatusOK {
		t.Errorf("asked by the Service's name: status %d, want 200", a.StatusCode)
	}
	for _, route := range []string{"", "varnish", "nginx/", "nginx/x", "caddy/..", "Nginx", "envoyx"} {
		if a := b.check(route); a.StatusCode/100 == 2 {
			t.Errorf("/auth/check/%s: status %d", route, a.StatusCode)
		}
	}
}

// A proxy that hands all headers on announces the body of the request that it asks about, and keeps it.
func TestCheck_WaitsForNoBody(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	roots := x509.NewCertPool()
	roots.AddCert(w.http.Certificate())
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}}
	for name, row := range map[string]struct {
		header string
		status int
	}{
		"chunks, signed in":    {"Transfer-Encoding: chunked\r\nCookie: " + b.cookieHeader(), http.StatusOK},
		"a length, signed in":  {"Content-Length: 4\r\nCookie: " + b.cookieHeader(), http.StatusOK},
		"chunks, signed out":   {"Transfer-Encoding: chunked", http.StatusUnauthorized},
		"a length, signed out": {"Content-Length: 4", http.StatusUnauthorized},
	} {
		connection, err := dialer.DialContext(t.Context(), "tcp", w.http.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = connection.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = io.WriteString(connection, "GET /auth/check/caddy HTTP/1.1\r\nHost: shop.example.com\r\n"+row.header+"\r\n\r\n")
		answers := bufio.NewReader(connection)
		a, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, _ = io.Copy(io.Discard, a.Body); a.StatusCode != row.status || !a.Close {
			t.Errorf("%s: status %d, connection closed %t, want %d and closed", name, a.StatusCode, a.Close, row.status)
		}
		// What came next would pass for the body, and what is in it for a request.
		_, _ = io.WriteString(connection, "0\r\n\r\nGET /auth/check/caddy HTTP/1.1\r\nHost: shop.example.com\r\n\r\n")
		if next, err := http.ReadResponse(answers, nil); err == nil {
			t.Errorf("%s: what followed the answer was answered with %d", name, next.StatusCode)
		}
		_ = connection.Close()
	}
}

func TestNew_RefusesACallbackBelowACheck(t *testing.T) {
	cfg := newConfig(t.TempDir(), "")
	cfg.RedirectURIs = append(cfg.RedirectURIs, shop+"/auth/check/envoy/callback")
	if err := Check(cfg); err == nil {
		t.Error("accepted")
	}
}

func TestCheck_IsCounted(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.check("caddy")
	b.login()
	b.check("caddy")
	w.clock.advance(w.cfg.Session.AccessTokenTTL.Std() + time.Second)
	b.check("caddy")
	_, body := w.probe("/metrics")
	for _, outcome := range []string{"unauthenticated", "allowed", "renewed"} {
		if !strings.Contains(body, `googlelogin_checks_total{outcome="`+outcome+`",proxy="caddy"} 1`) {
			t.Errorf("%s is not counted once", outcome)
		}
	}
}
