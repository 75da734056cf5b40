//go:build proxies

package proxies

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const bob = "bob@example.com"

// probeConnection has two people and a stranger take turns on one connection: each request is somebody's by its own cookies.
func probeConnection(px *proxy) (found problems) {
	first, a := px.signedIn()
	second, b := px.signedInAs(bob)
	if a.Sub == b.Sub {
		found.add("both are %s", a.Sub)
	}
	connection, err := px.dial()
	if err != nil {
		px.w.t.Fatal(err)
	}
	defer connection.Close()
	for range 3 {
		found.identity("the first", exchange(connection, http.MethodGet, "/cart", first.cookieLines()...), a)
		found.identity("the second", exchange(connection, http.MethodGet, "/cart", second.cookieLines()...), b)
		found.refused(px, "a stranger", func() answer { return exchange(connection, http.MethodGet, "/cart", script...) }, 401)
	}
	return found
}

// form is a request without what says who sends it, and how much of its body the application has to read.
type form struct {
	head, body string
	read       int
}

const host = "Host: shop.example.com\r\n"

// usual are requests that have to arrive.
var usual = map[string]form{
	"HTTP/1.0":                  {"GET /cart HTTP/1.0\r\n" + host, "", 0},
	"HTTP/1.0 that keeps alive": {"GET /cart HTTP/1.0\r\nConnection: keep-alive\r\n" + host, "", 0},
	"HEAD":                      {"HEAD /cart HTTP/1.1\r\n" + host, "", 0},
	"a whole URL":               {"GET https://shop.example.com/cart HTTP/1.1\r\n" + host, "", 0},
	"a host with a port":        {"GET /cart HTTP/1.1\r\nHost: shop.example.com:443\r\n", "", 0},
	"a body":                    {"POST /buy HTTP/1.1\r\nContent-Length: 300000\r\n" + host, strings.Repeat("b", 300000), 300000},
	"a body in chunks":          {"POST /buy HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + host, "4\r\nbody\r\n0\r\n\r\n", 4},
	"a body with a trailer": {
		"POST /buy HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: X-Auth-Request-User\r\n" + host,
		"4\r\nbody\r\n0\r\nX-Auth-Request-User: planted\r\n\r\n", 4,
	},
	"a body to be asked for":  {"POST /buy HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n" + host, "body", 4},
	"6 KB of others' cookies": {"GET /cart HTTP/1.1\r\nCookie: other=" + strings.Repeat("o", 6<<10) + "\r\n" + host, "", 0},
	"a query of 3 KB":         {"GET /cart?" + strings.Repeat("q", 3<<10) + " HTTP/1.1\r\n" + host, "", 0},
}

// odd are requests that a proxy may refuse.
var odd = map[string]form{
	"HTTP/0.9":                {"GET /cart\r\n", "", 0},
	"HTTP/1.0 without a host": {"GET /cart HTTP/1.0\r\n", "", 0},
	"no host":                 {"GET /cart HTTP/1.1\r\n", "", 0},
	"two hosts":               {"GET /cart HTTP/1.1\r\nHost: planted.example.com\r\n" + host, "", 0},
	"another host":            {"GET /cart HTTP/1.1\r\nHost: planted.example.com\r\n", "", 0},
	"another's whole URL":     {"GET https://planted.example.com/cart HTTP/1.1\r\n" + host, "", 0},
	"a URL without TLS":       {"GET http://shop.example.com/cart HTTP/1.1\r\n" + host, "", 0},
	"no path":                 {"GET https://shop.example.com HTTP/1.1\r\n" + host, "", 0},
	"a query alone":           {"GET ?x HTTP/1.1\r\n" + host, "", 0},
	"a fragment":              {"GET /cart#/../admin HTTP/1.1\r\n" + host, "", 0},
	"an asterisk":             {"OPTIONS * HTTP/1.1\r\n" + host, "", 0},
	"a tunnel":                {"CONNECT shop.example.com:443 HTTP/1.1\r\nHost: shop.example.com:443\r\n", "", 0},
	"TRACE":                   {"TRACE /cart HTTP/1.1\r\n" + host, "", 0},
	"nobody's method":         {"FROB /cart HTTP/1.1\r\n" + host, "", 0},
	"a method in lower case":  {"get /cart HTTP/1.1\r\n" + host, "", 0},
	"a GET with a body":       {"GET /cart HTTP/1.1\r\nContent-Length: 4\r\n" + host, "body", 0},
	"a body of two lengths":   {"POST /buy HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n" + host, "4\r\nbody\r\n0\r\n\r\n", 0},
	"HTTP/2 to go on with":    {"GET /cart HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n" + host, "", 0},
	"a query of 100 KB":       {"GET /cart?" + strings.Repeat("q", 100<<10) + " HTTP/1.1\r\n" + host, "", 0},
	"200 headers":             {"GET /cart HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 200) + host, "", 0},
}

// planting is what a client adds to them.
const planting = "X-Auth-Request-User: planted\r\nX_Auth_Request_Email: planted\r\n\r\n"

// probeForms wants a request to be somebody's by its cookies alone, in whatever form it comes.
func probeForms(px *proxy) (found problems) {
	c, u := px.signedIn()
	cookies := c.cookieLines()[0] + "\r\n"
	for what, f := range usual {
		a := px.wire(f.head + cookies + planting + f.body)
		if a.status != http.StatusOK {
			found.add("%s: status %d, %.200s", what, a.status, a.body)
			continue
		}
		if what == "HEAD" {
			continue
		}
		found.identity(what, a, u)
		if got, _ := a.received(); got.Read != f.read {
			found.add("%s: the application reads %d bytes of it, want %d", what, got.Read, f.read)
		}
	}
	for what, f := range odd {
		before := px.w.app.asked.Load()
		if a := px.wire(f.head + cookies + planting + f.body); px.w.app.asked.Load() != before && a.status == http.StatusOK {
			found.identity(what, a, u)
		}
	}
	for _, forms := range []map[string]form{usual, odd} {
		for what, f := range forms {
			before := px.w.app.asked.Load()
			a := px.wire(f.head + planting + f.body)
			if px.w.app.asked.Load() != before {
				found.add("%s of a stranger's reached the application: status %d", what, a.status)
			}
		}
	}
	return found
}

// wire sends these bytes, on a connection of their own.
func (p *proxy) wire(request string) answer {
	p.w.t.Helper()
	connection, err := p.dial()
	if err != nil {
		p.w.t.Fatal(err)
	}
	defer connection.Close()
	return wire(connection, request)
}

func wire(connection net.Conn, request string) answer {
	_ = connection.SetDeadline(time.Now().Add(patience))
	// A refusal may come before all was read, and the rest fail to be written.
	_, _ = io.WriteString(connection, request)
	method, _, _ := strings.Cut(request, " ")
	reader := bufio.NewReader(connection)
	for {
		response, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil {
			return answer{}
		}
		if response.StatusCode == http.StatusContinue {
			continue
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		return answer{response.StatusCode, response.Header, string(body)}
	}
}
