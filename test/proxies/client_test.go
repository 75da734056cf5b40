//go:build proxies

package proxies

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http2"
)

// client writes its requests byte for byte: what is tested here is what net/http would not send.
type client struct {
	p       *proxy
	cookies map[string]string
}

func (p *proxy) client() *client { return &client{p: p, cookies: map[string]string{}} }

// answer is a response that was read. The zero one is that of a proxy that hung up.
type answer struct {
	status int
	header http.Header
	body   string
}

// page are the headers of a browser that goes to a page, script those of fetch.
var (
	page   = []string{"Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Accept: text/html"}
	script = []string{"Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty", "Accept: */*"}
)

// get sends a GET with header lines beside the cookies.
func (c *client) get(target string, lines ...string) answer {
	return c.send(http.MethodGet, target, lines...)
}

// send keeps the cookies of the answer.
func (c *client) send(method, target string, lines ...string) answer {
	c.p.w.t.Helper()
	a := c.p.raw(method, target, append(c.cookieLines(), lines...)...)
	for _, cookie := range (&http.Response{Header: a.header}).Cookies() {
		c.cookies[cookie.Name] = cookie.Value
		if cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
		}
	}
	return a
}

func (c *client) cookieLines() []string {
	var pairs []string
	for name, value := range c.cookies {
		pairs = append(pairs, name+"="+value)
	}
	if len(pairs) == 0 {
		return nil
	}
	return []string{"Cookie: " + strings.Join(pairs, "; ")}
}

// raw sends one request and reads the answer.
func (p *proxy) raw(method, target string, lines ...string) answer {
	p.w.t.Helper()
	connection, err := p.dial()
	if err != nil {
		p.w.t.Fatal(err)
	}
	defer connection.Close()
	if p.http2 {
		return exchange2(connection, method, target, lines...)
	}
	return exchange(connection, method, target, lines...)
}

// dial connects to the proxy with the version of HTTP that is asked for.
func (p *proxy) dial() (net.Conn, error) {
	version := "http/1.1"
	if p.http2 {
		version = http2.NextProtoTLS
	}
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: p.roots, ServerName: "shop.example.com", NextProtos: []string{version}}}
	connection, err := dialer.Dial("tcp", p.address)
	if err != nil {
		return nil, err
	}
	if got := connection.(*tls.Conn).ConnectionState().NegotiatedProtocol; p.http2 && got != version {
		p.w.t.Fatalf("%s speaks %q, want HTTP/2", p.name, got)
	}
	return connection, nil
}

func exchange(connection net.Conn, method, target string, lines ...string) answer {
	request := method + " " + target + " HTTP/1.1\r\nHost: shop.example.com\r\n"
	for _, line := range lines {
		request += line + "\r\n"
	}
	if method == http.MethodPost {
		request += "Content-Length: 0\r\n"
	}
	return wire(connection, request+"\r\n")
}

// path is what a URL of the shop begins its request with.
func path(raw string) string { return strings.TrimPrefix(raw, shop) }

// login follows a first redirect to the login through Google, and returns where it ends.
func (c *client) login(a answer) string {
	c.p.w.t.Helper()
	atGoogle := c.get(path(a.header.Get("Location")), page...).header.Get("Location")
	noRedirect := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := noRedirect.Get(atGoogle)
	if err != nil {
		c.p.w.t.Fatalf("at Google: %v", err)
	}
	_ = response.Body.Close()
	return c.get(path(response.Header.Get("Location")), page...).header.Get("Location")
}

// signedIn is a client after a login, and who it is.
func (p *proxy) signedIn() (*client, user) {
	p.w.t.Helper()
	return p.signedInAs(ann)
}

func (p *proxy) signedInAs(email string) (*client, user) {
	p.w.t.Helper()
	c := p.client()
	login := url.Values{"return_to": {shop + "/"}, "login_hint": {email}}
	c.login(answer{header: http.Header{"Location": {"/auth/login?" + login.Encode()}}})
	var u user
	if me := c.get("/auth/me", script...); me.status != 200 || json.Unmarshal([]byte(me.body), &u) != nil || u.Sub == "" {
		p.w.t.Fatalf("the login ended with: %d %s", me.status, me.body)
	}
	return c, u
}

type user struct{ Sub, Email, Name, Hd string }

// env are the headers that tell the application who it is.
func (u user) env() map[string][]string {
	return map[string][]string{
		"X_AUTH_REQUEST_USER": {u.Sub}, "X_AUTH_REQUEST_EMAIL": {u.Email}, "X_AUTH_REQUEST_NAME": {u.Name},
		"X_AUTH_REQUEST_HOSTED_DOMAIN": {u.Hd},
	}
}

// received is what the application says it got, if it was asked.
func (a answer) received() (received, error) {
	var got received
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || got.URI == "" {
		return received{}, fmt.Errorf("no answer of the application: status %d, %.200s", a.status, a.body)
	}
	return got, nil
}
