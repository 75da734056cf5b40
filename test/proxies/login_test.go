//go:build proxies

package proxies

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// problems are what a probe found to be wrong.
type problems []string

func (p *problems) add(format string, a ...any) { *p = append(*p, fmt.Sprintf(format, a...)) }

// refused wants an answer with one of the statuses, and that the application was not asked.
func (p *problems) refused(px *proxy, what string, ask func() answer, statuses ...int) answer {
	before := px.w.app.asked.Load()
	a := ask()
	ok := false
	for _, status := range statuses {
		ok = ok || a.status == status
	}
	if !ok {
		p.add("%s: status %d, want one of %d; %.200s", what, a.status, statuses, a.body)
	}
	if px.w.app.asked.Load() != before {
		p.add("%s: it reached the application", what)
	}
	return a
}

// probeNavigation is I109: a browser that goes to a page comes back to it after the login.
func probeNavigation(px *proxy) (found problems) {
	c := px.client()
	const wanted = "/cart?item=7&next=%2Fa%3Fb"
	a := found.refused(px, "a navigation", func() answer { return c.get(wanted, page...) }, 302)
	login := shop + "/auth/login?return_to=" + url.QueryEscape(shop+wanted)
	if got := a.header.Get("Location"); got != login {
		found.add("the navigation is sent to %s, want %s", got, login)
		return found
	}
	if end := c.login(a); end != shop+wanted {
		found.add("the login ends at %q, want the page asked for", end)
	}
	got, err := c.get(wanted, page...).received()
	if err != nil || got.URI != wanted || got.Env["X_AUTH_REQUEST_EMAIL"] == nil {
		found.add("after the login: %v, %+v", err, got)
	}
	return found
}

// probeScripts is I107, I108, I109 and I110: whoever cannot follow a redirect to Google gets 401.
func probeScripts(px *proxy) (found problems) {
	for what, ask := range map[string]func() answer{
		"I109 fetch":          func() answer { return px.client().get("/api", script...) },
		"I109 XMLHttpRequest": func() answer { return px.client().get("/api", "X-Requested-With: XMLHttpRequest", "Accept: text/html") },
		"I108 a WebSocket": func() answer {
			return px.client().get("/socket", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
				"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Accept: text/html")
		},
		"I110 a form": func() answer { return px.client().send("POST", "/buy", page...) },
		"I107 a preflight": func() answer {
			return px.client().send("OPTIONS", "/api", "Origin: https://app.example.com", "Access-Control-Request-Method: POST")
		},
	} {
		a := found.refused(px, what, ask, 401)
		var body map[string]string
		if err := json.Unmarshal([]byte(a.body), &body); err != nil || body["error"] != "unauthenticated" || !strings.HasPrefix(body["login_url"], shop+"/auth/login") {
			found.add("%s: body %.200s", what, a.body)
		}
		if a.header.Get("Location") != "" || a.header.Get("WWW-Authenticate") == "" {
			found.add("%s: Location %q, WWW-Authenticate %q", what, a.header.Get("Location"), a.header.Get("WWW-Authenticate"))
		}
	}
	return found
}

// probeLongLogin wants a login to end well whose answer is about as long as it can be: the longest name that fits into a session, and the
// longest URL to return to.
func probeLongLogin(px *proxy) (found problems) {
	c := px.client()
	wanted := "/cart?" + strings.Repeat("x", 1900)
	if end := c.login(answer{header: http.Header{"Location": {"/auth/login?return_to=" + url.QueryEscape(shop+wanted)}}}); end != shop+wanted {
		found.add("a long login ends at %q, want the page asked for", end)
	}
	if got := len(c.cookies["__Host-shop"]); got < 2500 {
		found.add("the session's cookie has %d bytes, which is not long", got)
	}
	return found
}

// probeIdentity wants the application to know who it is, whatever the method.
func probeIdentity(px *proxy) (found problems) {
	c, u := px.signedIn()
	for _, method := range []string{"GET", "POST", "PUT", "DELETE", "OPTIONS"} {
		a := c.send(method, "/cart?item=7", script...)
		found.identity(method, a, u)
		if got := a.header["Set-Cookie"]; len(got) != 1 {
			found.add("%s: cookies %q, want the application's alone", method, got)
		}
	}
	return found
}

// probeSocket wants a WebSocket to open for who is signed in, and the application to know who that is.
func probeSocket(px *proxy) (found problems) {
	c, u := px.signedIn()
	a := c.get("/socket", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
	if a.status != http.StatusSwitchingProtocols {
		found.add("status %d, %.200s", a.status, a.body)
		return found
	}
	found.identity("a WebSocket", answer{status: a.status, body: a.header.Get("X-Received")}, u)
	return found
}

// probeRenewal is I114: a session whose JWT has ended goes on, with one cookie, next to the application's own.
func probeRenewal(px *proxy) (found problems) {
	for _, target := range []string{"/cart", "/broken"} {
		c, u := px.signedIn()
		px.w.clock.advance(11 * time.Minute)
		a := c.get(target, page...)
		found.identity("renewal at "+target, a, u)
		var names []string
		for _, line := range a.header["Set-Cookie"] {
			name, _, _ := strings.Cut(line, "=")
			names = append(names, name)
		}
		if got := strings.Join(names, " "); got != "__Host-shop application" && got != "application __Host-shop" {
			found.add("renewal at %s sets the cookies %q", target, got)
		}
		if got := c.get("/cart", page...).header["Set-Cookie"]; len(got) != 1 {
			found.add("the request after the renewal sets %d cookies", len(got))
		}
	}
	return found
}

// probeBearer wants the access JWT in Authorization, where it is configured, whatever the client put there.
func probeBearer(px *proxy) (found problems) {
	c, _ := px.signedIn()
	for _, line := range []string{"Accept: */*", "Authorization: Bearer planted", "authorization: Basic cGxhbnRlZA=="} {
		a := c.get("/cart", line)
		got, err := a.received()
		want := "Bearer " + c.cookies["__Host-shop"]
		if values := got.Env["AUTHORIZATION"]; err != nil || len(values) != 1 || values[0] != want {
			found.add("%s: %v, Authorization is %q", line, err, values)
		}
		if strings.Contains(fmt.Sprint(a.header), c.cookies["__Host-shop"]) {
			found.add("%s: the token is in the answer to the browser", line)
		}
	}
	return found
}
