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

// allow writes who it is, and 200. All headers are written over, so that nothing that came before this answer stays.
func allow(w http.ResponseWriter, current session.Current, bearer bool) {
	h, c := w.Header(), &current.Claims
	h["X-Auth-Request-User"] = []string{plain(c.Subject)}
	h["X-Auth-Request-Email"] = []string{plain(c.Email)}
	h["X-Auth-Request-Name"] = []string{headerName(c.Name)}
	h["X-Auth-Request-Hosted-Domain"] = []string{plain(c.HostedDomain)}
	h["Cache-Control"] = []string{"no-store"}
	if bearer {
		h["Authorization"] = []string{"Bearer " + current.AccessToken}
	}
	if current.Renewed && size(h) > maxAnswer {
		// A proxy refuses an answer that is too long for its buffer. Without the cookie this request passes, and the next one is
		// renewed as well.
		h.Del("Set-Cookie")
	}
	w.WriteHeader(http.StatusOK)
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
