package forwardauth

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/googlelogin/operator/server/session"
)

const (
	// maxName is how long the name in its header may be. Who needs a longer one reads the JWT.
	maxName = 512
	// maxAnswer is what the smallest buffer of a proxy holds.
	maxAnswer = 4000
)

// tell writes who it is. All headers are written over, so that nothing that came before this answer stays.
func tell(h http.Header, c *session.Claims) {
	// One array for all: this is done for each request to each application.
	values := [...]string{plain(c.Subject), plain(c.Email), headerName(c.Name), plain(c.HostedDomain), "no-store"}
	h["X-Auth-Request-User"] = values[0:1:1]
	h["X-Auth-Request-Email"] = values[1:2:2]
	h["X-Auth-Request-Name"] = values[2:3:3]
	h["X-Auth-Request-Hosted-Domain"] = values[3:4:4]
	h["Cache-Control"] = values[4:5:5]
}

// allow writes the headers of an answer that lets pass.
func allow(h http.Header, current session.Current, bearer bool) {
	tell(h, &current.Claims)
	if bearer {
		h["Authorization"] = []string{"Bearer " + current.AccessToken}
	}
	if current.Renewed && size(h) > maxAnswer {
		// A proxy refuses an answer that is too long for its buffer. Without the cookie this request passes, and the next one is
		// renewed as well.
		h.Del("Set-Cookie")
	}
}

func size(h http.Header) int {
	n := len("HTTP/1.1 200 OK\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Length: 0\r\n\r\n")
	for name, values := range h {
		for _, value := range values {
			n += len(name) + len(": \r\n") + len(value)
		}
	}
	return n
}

// plain is s if it can stand in a header as it is, else empty.
func plain(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return ""
		}
	}
	return s
}

// extended begins a header value that is encoded by RFC 8187, 3.2.
const extended = "UTF-8''"

// headerName is a person's name, encoded by RFC 8187 if it is not plain ASCII; empty if it is too long. A name that looks encoded
// is encoded, so that the application need not guess.
func headerName(name string) string {
	looksEncoded := len(name) >= len(extended) && strings.EqualFold(name[:len(extended)], extended)
	if plain(name) == "" && name != "" || looksEncoded || strings.TrimSpace(name) != name {
		name = extended + strings.ReplaceAll(url.QueryEscape(strings.ToValidUTF8(name, "\uFFFD")), "+", "%20")
	}
	if len(name) > maxName {
		return ""
	}
	return name
}
