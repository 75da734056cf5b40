//go:build proxies

package proxies

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/googlelogin/operator/test/standalone"
)

// probePaths is I106 and I115: a path that two readers may understand differently is refused, or cleaned for both, and none passes
// without a session.
func probePaths(px *proxy) (found problems) {
	c, _ := px.signedIn()
	for _, target := range []string{
		"/a/..;/admin", "/a/%2e%2e/admin", "/a/%2e%2e;/admin", "/a/..%2fadmin", "/a/..%5cadmin", "//admin", "/a//admin", "/a/../admin", "/a/./admin",
		"/a%00", "/a%0d%0aX-Auth-Request-User:%20planted", "/a%2fadmin", "/a%252fadmin", "/a/%252e%252e/admin", `/a\admin`, "/a%", "/a%zz", "/a%ff",
	} {
		if clean, ok := px.cleaned[target]; ok {
			if got, err := c.get(target).received(); err != nil || got.URI != clean {
				found.add("I106 %s: %v, the application reads %q, want %q", target, err, got.URI, clean)
			}
			continue
		}
		found.refused(px, "I106 "+target, func() answer { return c.get(target) }, 400, 403, 404)
	}
	for _, target := range []string{
		"/healthz", "/health", "/readyz", "/livez", "/ping", "/status", "/metrics", "/favicon.ico", "/robots.txt", "/.well-known/acme-challenge/x",
		"/oauth2/auth", "/oauth2/callback", "/login", "/static/app.js", "/authentic",
	} {
		found.refused(px, "I115 "+target, func() answer { return px.client().get(target, script...) }, 401)
	}
	for _, agent := range []string{"kube-probe/1.37", "GoogleHC/1.0", "ELB-HealthChecker/2.0", "curl/8", "Googlebot/2.1", ""} {
		found.refused(px, "I115 "+agent, func() answer { return px.client().get("/healthz", "User-Agent: "+agent) }, 401)
	}
	return found
}

// probeSlashes has a server that lets slashes pass that are encoded once: what passes is what it was asked about.
func probeSlashes(px *proxy) (found problems) {
	c, u := px.signedIn()
	for _, target := range []string{"/api/projects/team%2Fshop", "/@scope%2fpackage?a=%2F"} {
		a := c.get(target)
		found.identity(target, a, u)
		// Traefik writes the digits in upper case, which means the same (RFC 3986, 6.2.2.1).
		if got, _ := a.received(); !strings.EqualFold(got.URI, target) {
			found.add("the application reads %q, want %q", got.URI, target)
		}
		found.refused(px, target+" of a stranger's", func() answer { return px.client().get(target, script...) }, 401)
	}
	for _, target := range []string{"/a%2f..%2fadmin", "/a%252fadmin", "/a%2f%2fadmin", "/a%5cadmin"} {
		found.refused(px, target, func() answer { return c.get(target) }, 400, 403)
	}
	return found
}

// probeCookies is I103: what is no session never passes.
func probeCookies(px *proxy) (found problems) {
	c, _ := px.signedIn()
	token := c.cookies["__Host-shop"]
	for name, lines := range map[string][]string{
		"empty":       {"Cookie:"},
		"no value":    {"Cookie: __Host-shop="},
		"malformed":   {"Cookie: ;;==;,__Host-shop"},
		"no token":    {"Cookie: __Host-shop=a.b.c"},
		"half":        {"Cookie: __Host-shop=" + token[:len(token)/2]},
		"no prefix":   {"Cookie: shop=" + token},
		"other case":  {"Cookie: __HOST-SHOP=" + token},
		"twice":       {"Cookie: __Host-shop=" + token + "; __Host-shop=" + token},
		"two headers": {"Cookie: __Host-shop=" + token, "Cookie: __Host-shop=x"},
		"huge":        {"Cookie: __Host-shop=" + strings.Repeat("a", 100<<10)},
		"large":       {"Cookie: __Host-shop=" + strings.Repeat("a", 7<<10)},
		"many":        {"Cookie: " + strings.Repeat("a=b; ", 1500)},
		"not UTF-8":   {"Cookie: __Host-shop=\xff\xfe\x80"},
		"a handle":    {"Cookie: __Host-shop-session=" + strings.Repeat("A", 43)},
	} {
		found.refused(px, "I103 "+name, func() answer { return px.client().get("/cart", append(lines, script...)...) }, 400, 401, 431)
	}
	return found
}

// failures are servers that are no help, each by the address where it listens.
func failures(t *testing.T) map[string]string {
	t.Helper()
	serve := func(answer http.HandlerFunc) string {
		server := httptest.NewServer(answer)
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	}
	hang, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hang.Close() })
	return map[string]string{
		"I113 dead":       "127.0.0.1:" + standalone.FreePort(t),
		"I113 hanging":    hang.Addr().String(),
		"I113 status 500": serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }),
		"I113 status 503": serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }),
		"I113 panic":      serve(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		"I113 no HTTP": serve(func(w http.ResponseWriter, _ *http.Request) {
			connection, _, _ := http.NewResponseController(w).Hijack()
			_, _ = io.WriteString(connection, "who are you?\r\n\r\n")
			_ = connection.Close()
		}),
	}
}

// probeFailure is I113: nobody passes while nobody knows.
func probeFailure(px *proxy) (found problems) {
	found.refused(px, "a page", func() answer { return px.client().get("/cart", page...) }, 500, 502, 503, 504)
	found.refused(px, "a script", func() answer { return px.client().get("/cart", append(script, "Cookie: __Host-shop=a.b.c")...) }, 500, 502, 503, 504)
	return found
}

// probeSilence has a server that lets everybody pass and says little or nothing of them: then the application must read no more.
func probeSilence(px *proxy) (found problems) {
	for name, lines := range planted() {
		before := px.w.app.asked.Load()
		a := px.client().get("/cart", lines...)
		if px.w.app.asked.Load() == before {
			continue
		}
		got, err := a.received()
		if err != nil {
			found.add("%s: %v", name, err)
		}
		for env, values := range got.Env {
			if said := strings.Join(values, ""); isIdentity(env) && said != "" && said != sparseUser {
				found.add("with %s the application reads %s: %q", name, env, values)
			}
		}
	}
	return found
}
