//go:build proxies && traefik

package proxies

import (
	"cmp"
	"crypto/tls"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// ready answers once Traefik has read its dynamic configuration, which it does after it listens.
const ready = "/.ready"

var kinds = []kind{traefik}

var traefik = kind{
	name: "traefik", document: "../../docs/forward-auth/traefik.yaml",
	place: func(address, dir string) []change {
		return []change{
			{`address: ":443"`, "address: " + address}, {"/etc/traefik/dynamic.yaml", dir + "/dynamic.yaml"},
			{"/etc/traefik/tls/tls.crt", dir + "/tls.crt"}, {"/etc/traefik/tls/tls.key", dir + "/tls.key"},
			{"  routers:\n", "  routers:\n    ready: {rule: \"Path(`" + ready + "`)\", service: noop@internal, priority: 1000, tls: {}}\n"},
		}
	},
	bearer: []change{
		{"/auth/check/traefik\n", "/auth/check/traefik?authorization=bearer\n"}, {"#bearer authResponseHeaders", "authResponseHeaders"},
	},
	around: func(config, _, _ string) string {
		return "global: {checkNewVersion: false, sendAnonymousUsage: false}\nlog: {level: WARN}\n" + config
	},
	files: func(config string) map[string]string {
		static, dynamic, _ := strings.Cut(config, "\n---\n")
		return map[string]string{"static.yaml": static, "dynamic.yaml": dynamic}
	},
	command: func(dir string) *exec.Cmd {
		return exec.Command(cmp.Or(os.Getenv("TRAEFIK"), "traefik"), "--configFile="+dir+"/static.yaml")
	},
	ready: func(p *proxy) bool {
		connection, err := tls.Dial("tcp", p.address, &tls.Config{RootCAs: p.roots, ServerName: "shop.example.com", NextProtos: []string{"http/1.1"}})
		if err != nil {
			return false
		}
		defer connection.Close()
		return exchange(connection, http.MethodGet, ready).status == http.StatusTeapot
	},
	// Traefik cleans a path before anybody sees it: the check, its own rules and the application see the same.
	cleaned: map[string]string{
		"/a/%2e%2e/admin": "/admin", "//admin": "/admin", "/a//admin": "/a/admin", "/a/../admin": "/admin", "/a/./admin": "/a/admin",
	},
}

// balanced makes Traefik stand behind a load balancer, which is the client here.
var balanced = []change{
	{"trustForwardHeader: false", "trustForwardHeader: true"},
	{"#balanced forwardedHeaders: {trustedIPs: [192.0.2.0/24]}", "forwardedHeaders: {trustedIPs: [127.0.0.0/8]}"},
}

func TestI105_BehindALoadBalancerNobodyWritesWhereTheyGo(t *testing.T) {
	w := newWorld(t)
	traefik.start(t, w, w.server, balanced...).holds(t, probeBalanced)
}

// probeBalanced has a load balancer hand on what a client said of its request, beside what it says itself.
func probeBalanced(px *proxy) (found problems) {
	said := []string{
		"X-Forwarded-For: 203.0.113.66, 203.0.113.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example.com",
		"X-Forwarded-Uri: /planted", "X-Forwarded-Method: GET",
	}
	a := found.refused(px, "a navigation", func() answer { return px.client().get("/cart", append(said, page...)...) }, 302)
	if got, want := a.header.Get("Location"), shop+"/auth/login?return_to=https%3A%2F%2Fshop.example.com%2Fcart"; got != want {
		found.add("the navigation is sent to %s, want %s", got, want)
	}
	found.refused(px, "a form", func() answer { return px.client().send("POST", "/buy", append(said, page...)...) }, 401)
	c, u := px.signedIn()
	found.refused(px, "an ambiguous path", func() answer { return c.get("/a/..;/admin", said...) }, 400, 403)
	a = c.get("/cart", said...)
	found.identity("signed in", a, u)
	got, _ := a.received()
	if forwarded := strings.Join(got.Env["X_FORWARDED_FOR"], " and "); forwarded != "203.0.113.66, 203.0.113.7, 127.0.0.1" {
		found.add("the application reads X-Forwarded-For: %q", forwarded)
	}
	return found
}

// Whoever lets Traefik ask with the request's own method gets the same answers.
func TestTheMethodMayBeKept(t *testing.T) {
	w := newWorld(t)
	p := traefik.start(t, w, w.server, change{"trustForwardHeader: false", "trustForwardHeader: false\n        preserveRequestMethod: true"})
	p.holds(t, probeScripts)
	p.holds(t, probeIdentity)
}

var weakened = map[string]weakening{
	"Traefik asks nobody":                 {traefik, []change{{"middlewares: [strip, googlelogin]", "middlewares: [strip]"}}, probeScripts},
	"Traefik asks nobody about cookies":   {traefik, []change{{"middlewares: [strip, googlelogin]", "middlewares: [strip]"}}, probeCookies},
	"Traefik asks nobody about paths":     {traefik, []change{{"middlewares: [strip, googlelogin]", "middlewares: [strip]"}}, probePaths},
	"Traefik takes other spellings":       {traefik, []change{{"aliasHeadersStrategy: delete", "aliasHeadersStrategy: keep"}, {"[-_.]", "-"}}, probeSpoof},
	"Traefik leaves the client's email":   {traefik, []change{{"authResponseHeadersRegex: (?i)^x[-_.](auth", "authResponseHeadersRegex: (?i)^x[-_.](auth[-_.]request[-_.]user"}}, probeSpoof},
	"Traefik leaves other proxies' names": {traefik, []change{{"|access[-_.]token)$", ")$"}}, probeSpoof},
	"Traefik says nothing, in silence":    {traefik, []change{{"authResponseHeadersRegex:", "#"}, {"#bearer authResponseHeaders: [Authorization]", "authResponseHeaders: [X-Auth-Request-User]"}}, probeSilence},
	"Traefik leaves Forwarded":            {traefik, []change{{"middlewares: [strip, googlelogin]", "middlewares: [googlelogin]"}}, probeForwarded},
	"Traefik believes the client":         {traefik, []change{{"trustForwardHeader: false", "trustForwardHeader: true"}, {"#balanced forwardedHeaders: {trustedIPs: [192.0.2.0/24]}", "forwardedHeaders: {insecure: true}"}}, probeForwarded},
	"Traefik hands on what a client said": {traefik, append([]change{{"          X-Forwarded-Uri: \"\"\n", ""}, {"          X-Forwarded-Method: \"\"\n", ""}}, balanced...), probeBalanced},
	"Traefik has an open check":           {traefik, []change{{" && !PathPrefix(`/auth/check`)", ""}}, probeChecks},
	"Traefik keeps the renewed cookie":    {traefik, []change{{"addAuthCookiesToResponse: [__Host-shop]", "addAuthCookiesToResponse: [nothing]"}}, probeRenewal},
	"Traefik does not say who it is":      {traefik, []change{{"authResponseHeadersRegex:", "#"}}, probeIdentity},
	"Traefik leaves the client's token":   {traefik, traefik.bearer[:1], probeBearer},
}
