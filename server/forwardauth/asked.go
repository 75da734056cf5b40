package forwardauth

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/googlelogin/operator/server/middleware"
)

// dialect is how a proxy asks.
type dialect struct {
	name string
	// read finds the request that is asked about. suffix is what follows the route in the path.
	read func(r *http.Request, suffix string) (asked, bool)
	// redirects says whether the proxy hands a redirect on to the browser.
	redirects bool
	// anySuffix says that the route goes on with the path that was asked for.
	anySuffix bool
	// bearer says that the access JWT is asked for.
	bearer bool
	// removes says that the proxy removes what an answer names in removeHeader.
	removes bool
}

var dialects = map[string]dialect{
	"nginx":        {name: "nginx", read: readOriginalURL},
	"traefik":      {name: "traefik", read: readForwarded, redirects: true},
	"caddy":        {name: "caddy", read: readForwarded, redirects: true},
	"haproxy":      {name: "haproxy", read: readForwarded, redirects: true},
	"apache":       {name: "apache", read: readForwarded, redirects: true},
	"envoy":        {name: "envoy", read: readEnvoy, redirects: true, anySuffix: true, removes: true},
	"envoy-bearer": {name: "envoy", read: readEnvoy, redirects: true, anySuffix: true, bearer: true, removes: true},
}

// Proxies are the names that Metrics gets.
func Proxies() []string {
	names := map[string]bool{}
	for _, d := range dialects {
		names[d.name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// asked is the request that a proxy asks about. What the proxy did not say is empty.
type asked struct {
	method, proto, host string
	// uri is path and query, as they were sent.
	uri string
}

// readOriginalURL is for nginx, which has no names of its own; ingress-nginx uses these two.
func readOriginalURL(r *http.Request, _ string) (asked, bool) {
	raw, once := single(r, "X-Original-Url")
	method, onceToo := single(r, "X-Original-Method")
	a := asked{method: method}
	if raw == "" {
		return a, once && onceToo
	}
	proto, rest, found := strings.Cut(raw, "://")
	slash := strings.IndexByte(rest, '/')
	if !found || slash < 0 {
		return a, false
	}
	a.proto, a.host, a.uri = proto, rest[:slash], rest[slash:]
	return a, once && onceToo
}

// readForwarded is for Traefik and Caddy, and for HAProxy and Apache, whose Lua says the same.
func readForwarded(r *http.Request, _ string) (asked, bool) {
	method, m := single(r, "X-Forwarded-Method")
	proto, p := single(r, "X-Forwarded-Proto")
	host, h := single(r, "X-Forwarded-Host")
	uri, u := single(r, "X-Forwarded-Uri")
	return asked{method: method, proto: proto, host: host, uri: uri}, m && p && h && u
}

// readEnvoy is for Envoy, which asks with the method, the host and the path of the request itself.
func readEnvoy(r *http.Request, suffix string) (asked, bool) {
	proto, once := single(r, "X-Forwarded-Proto")
	if proto == "" {
		// Envoy tells it only if it is configured to. frontend.returnURLs decides whether the guess is right.
		proto = "https"
	}
	return asked{method: r.Method, proto: proto, host: middleware.From(r.Context()).Host, uri: suffix}, once
}

// single returns the one value of a header, and false if there are several. name is in canonical form.
func single(r *http.Request, name string) (string, bool) {
	switch values := r.Header[name]; len(values) {
	case 0:
		return "", true
	case 1:
		return values[0], true
	default:
		return "", false
	}
}

// url is the address that was asked for, or empty if it is not known as a whole.
func (a asked) url() string {
	if a.proto == "" || a.host == "" || a.uri == "" {
		return ""
	}
	return a.proto + "://" + a.host + a.uri
}
