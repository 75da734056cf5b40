package forwardauth

import (
	"net/http"
	"strings"
)

// isNavigation tells a browser that goes to a page from everything that cannot follow a redirect to Google, or should not: scripts,
// forms, frames, sockets, remote calls. Each sign against it counts, whoever wrote it: at worst somebody gets 401 instead of 302.
func isNavigation(r *http.Request, method string) bool {
	if method == "" {
		method = r.Method
	}
	if method != http.MethodGet || has(r, "X-Requested-With") || has(r, "Upgrade") || has(r, "Sec-Websocket-Key") ||
		strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
		return false
	}
	mode, once := single(r, "Sec-Fetch-Mode")
	dest, onceToo := single(r, "Sec-Fetch-Dest")
	switch {
	case !once || !onceToo:
		return false
	case mode == "" && dest == "":
		// A browser that is too old for them, or one that does not trust the connection.
		return strings.Contains(r.Header.Get("Accept"), "text/html")
	}
	return (mode == "" || mode == "navigate") && (dest == "" || dest == "document")
}

func has(r *http.Request, name string) bool { return len(r.Header[name]) > 0 }
