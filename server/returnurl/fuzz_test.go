package returnurl_test

import (
	"slices"
	"strings"
	"testing"
)

// browserOrigin reads an address as browsers do (WHATWG URL, special schemes): tabs and line breaks vanish, control characters and
// spaces around it too, a backslash is a slash, any number of slashes follows the scheme, the host ends at a slash, "?" or "#", and
// begins behind the last "@". It is written apart from the package, to disagree with it where it errs.
func browserOrigin(raw string) (scheme, host, port string) {
	raw = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(raw)
	raw = strings.TrimFunc(raw, func(r rune) bool { return r <= ' ' })
	scheme, rest, _ := strings.Cut(raw, ":")
	scheme = strings.ToLower(scheme)
	rest = strings.TrimLeft(strings.ReplaceAll(rest, "\\", "/"), "/")
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		authority = authority[at+1:]
	}
	host, port = authority, ""
	if colon := strings.LastIndex(authority, ":"); colon > strings.LastIndex(authority, "]") {
		host, port = authority[:colon], authority[colon+1:]
	}
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[scheme]
	}
	return scheme, strings.ToLower(host), port
}

func FuzzReturnURL(f *testing.F) {
	for _, seed := range []string{
		"https://ok.com/", "https://ok.com:443/a?b#c", "https://x.apps.example.com/app/y", "http://[::1]:3000/", "https://ok.com\\@evil.com/",
		"https://ok.com@evil.com/", "https:\t//evil.com", "//evil.com", "https://x.apps.example.com/app/%2e%2e/", "https://ok.com/%ff",
	} {
		f.Add(seed)
	}
	list := parse(f, patterns...)
	origins := []string{
		"https ok.com 443", "https exact.example.com 443", "https bare.example.com 443", "https port.example.com 8443",
		"http localhost 3000", "http [::1] 3000", "https prefix.example.com 443",
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if !list.Allows(raw) {
			return
		}
		scheme, host, port := browserOrigin(raw)
		label, parent, _ := strings.Cut(host, ".")
		inApps := scheme == "https" && port == "443" && parent == "apps.example.com" && label != ""
		if !inApps && !slices.Contains(origins, scheme+" "+host+" "+port) {
			t.Errorf("%q would take a browser to %s://%s:%s", raw, scheme, host, port)
		}
		if len(raw) > 2048 || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("%q cannot stand in a header", raw)
		}
		if inApps && !strings.HasPrefix(raw[strings.Index(raw, ".example.com"):], ".example.com/app/") && !strings.Contains(raw, ":443/app/") {
			t.Errorf("%q is not below /app/", raw)
		}
	})
}
