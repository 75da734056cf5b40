//go:build proxies

package proxies

import (
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// identity wants the application to have read who it is, and nothing else that looks like it.
func (p *problems) identity(what string, a answer, u user) {
	got, err := a.received()
	if err != nil {
		p.add("%s: %v", what, err)
		return
	}
	seen := map[string][]string{}
	for name, values := range got.Env {
		if isIdentity(name) {
			seen[name] = values
		}
	}
	if diff := cmp.Diff(u.env(), seen); diff != "" {
		p.add("%s: what the application knows (-want +got):\n%s", what, diff)
	}
}

// isIdentity says whether an application might read who it is from a header: those of this and of other sign-in proxies.
func isIdentity(env string) bool {
	others := []string{
		"X_FORWARDED_USER", "X_FORWARDED_EMAIL", "X_FORWARDED_GROUPS", "X_FORWARDED_PREFERRED_USERNAME", "X_FORWARDED_ACCESS_TOKEN",
	}
	return strings.HasPrefix(env, "X_AUTH_") || slices.Contains(others, env)
}

// planted are header lines by which a client says who it is.
func planted() map[string][]string {
	lines := map[string][]string{
		"each twice": {"X-Auth-Request-User: planted", "X-Auth-Request-User: planted2", "X-Auth-Request-Email: planted", "X-Auth-Request-Email: planted2"},
		"a dot":      {"X.Auth.Request.User: planted"},
		"mixed _":    {"X-Auth_Request-User: planted", "x_auth-request_email: planted"},
		"a space":    {"X-Auth-Request-User : planted"},
		"a fold":     {"Accept: */*", "\tX-Auth-Request-User: planted"},
		"empty":      {"X-Auth-Request-User:", "X-Auth-Request-Email: "},
		"two values": {"X-Auth-Request-User: a, planted"},
		"a trailer":  {"Trailer: X-Auth-Request-User"},
	}
	// All that a header's name may have and a variable's name may not (RFC 9110, 5.6.2).
	for _, c := range "!#$%&'*+.^_`|~" {
		lines["aliases with "+string(c)] = []string{strings.ReplaceAll("X-Auth-Request-User: planted", "-", string(c)), "X-Forwarded" + string(c) + "Email: planted"}
	}
	for _, name := range []string{
		"X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Name", "X-Auth-Request-Hosted-Domain", "X-Auth-Request-Groups",
		"X-Auth-Request-Preferred-Username", "X-Auth-Request-Access-Token", "X-Auth-Request-Login-Url",
		"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token",
	} {
		for _, form := range []string{name, strings.ToLower(name), strings.ToUpper(name), strings.ReplaceAll(name, "-", "_")} {
			lines[form] = []string{form + ": planted"}
		}
		lines["Connection "+name] = []string{"Connection: close, " + name, name + ": planted"}
	}
	return lines
}

// probeSpoof is I104: nobody becomes somebody by what their request says.
func probeSpoof(px *proxy) (found problems) {
	c, u := px.signedIn()
	for _, name := range slices.Sorted(maps.Keys(planted())) {
		lines := planted()[name]
		before := px.w.app.asked.Load()
		// A proxy may refuse such a request as a whole: then the application is not asked.
		if a := c.get("/cart", lines...); px.w.app.asked.Load() != before {
			found.identity("I104 signed in, with "+name, a, u)
		}
		found.refused(px, "I104 signed out, with "+name, func() answer { return px.client().get("/cart", append(lines, script...)...) }, 400, 401)
	}
	found.refused(px, "I104 a token of one's own", func() answer { return px.client().get("/cart", "Authorization: Bearer a.b.c") }, 401)
	found.identity("I104 a token beside the cookies", c.get("/cart", "Authorization: Bearer a.b.c"), u)
	return found
}

// probeForwarded is I105: what a client says of where its request came from and went to counts nowhere.
func probeForwarded(px *proxy) (found problems) {
	lines := []string{
		"X-Forwarded-Uri: /planted", "X-Forwarded-Host: planted.example.com", "X-Forwarded-Proto: http", "X-Forwarded-Method: GET",
		"X-Forwarded-Prefix: /planted", "X-Forwarded-For: 203.0.113.66", "X-Original-Url: https://shop.example.com/planted",
		"X-Original-Method: GET", "X-Original-Uri: /planted", "X-Rewrite-Url: /planted", "Forwarded: for=203.0.113.66;host=planted.example.com",
		"X-Real-Ip: 203.0.113.66", "X-Envoy-Original-Path: /planted",
	}
	a := found.refused(px, "I105 a navigation", func() answer { return px.client().get("/cart", append(lines, page...)...) }, 302)
	if got, want := a.header.Get("Location"), shop+"/auth/login?return_to=https%3A%2F%2Fshop.example.com%2Fcart"; got != want {
		found.add("I105: the navigation is sent to %s, want %s", got, want)
	}
	found.refused(px, "I105 a form that says to be a GET", func() answer { return px.client().send("POST", "/buy", append(lines, page...)...) }, 401)
	c, u := px.signedIn()
	a = c.get("/cart", lines...)
	found.identity("I105 signed in", a, u)
	got, _ := a.received()
	for name, want := range map[string]string{
		"X_FORWARDED_FOR": "127.0.0.1", "X_FORWARDED_HOST": "shop.example.com", "X_FORWARDED_PROTO": "https", "FORWARDED": "",
	} {
		if values := strings.Join(got.Env[name], " and "); values != want {
			found.add("I105: the application reads %s: %q, want %q", name, values, want)
		}
	}
	found.refused(px, "I105 an ambiguous path behind a clear one", func() answer { return c.get("/a/..;/admin", lines...) }, 400, 403)
	return found
}

// probeChecks wants the check itself to be closed: behind a trusted proxy it would hand out the JWT.
func probeChecks(px *proxy) (found problems) {
	c, _ := px.signedIn()
	for _, target := range []string{
		"/auth/check/nginx", "/auth/check/nginx?authorization=bearer", "/auth/check/caddy?authorization=bearer", "/auth/check/envoy-bearer/",
		"/auth/check/envoy-bearer", "/auth//check/envoy-bearer/x", "//auth/check/envoy-bearer/x", "/auth/./check/envoy-bearer/x",
		"/auth/x/../check/envoy-bearer/x", "/auth/%63heck/envoy-bearer/x", "/%61uth/check/envoy-bearer/x", "/auth/check/envoy-bearer/x/..",
		"/auth/check/envoy-bearer/../../login", "/auth/check/envoy-bearer/%2e%2e/%2e%2e/login", "/auth/check/envoy-bearer/..%2f..%2flogin",
		"/auth/check/envoy-bearer?x=/../../../cart", "/auth/check%2Fenvoy-bearer/x", "/AUTH/check/envoy-bearer/x",
		shop + "/auth/check/envoy-bearer/x", "/x/../auth/check/envoy-bearer/x", "/.googlelogin-check", "/.googlelogin-check?x",
	} {
		a := c.get(target)
		if _, err := a.received(); err == nil {
			continue // The application's, like any other path.
		}
		if a.status < 300 || strings.Contains(a.header.Get("Authorization")+a.body, c.cookies["__Host-shop"]) || a.header.Get("X-Auth-Request-User") != "" {
			found.add("%s answers %d with Authorization %q and user %q", target, a.status, a.header.Get("Authorization"), a.header.Get("X-Auth-Request-User"))
		}
	}
	return found
}
