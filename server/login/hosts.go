package login

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/googlelogin/operator/server/config"
)

// Base is what the paths of our own endpoints begin with: the base path, without a slash at its end.
func Base(c config.Config) string { return strings.TrimSuffix(c.BasePath, "/") }

// Host is a host that users sign in under.
type Host struct {
	// Origin is its scheme and authority.
	Origin string
	// RedirectURI is the first one on this host: logins that start here use it.
	RedirectURI string
	// Callbacks are all redirect URIs on this host by their path, in its encoded form.
	Callbacks map[string]string
}

// Hosts are the hosts that users sign in under, by the Host header that a browser sends there. A request for any other is not
// ours to answer, so that no header can choose where Google sends a code.
type Hosts map[string]*Host

// ParseHosts finds the hosts in the redirect URIs.
func ParseHosts(redirectURIs []string) (Hosts, error) {
	hosts := make(Hosts)
	for _, raw := range redirectURIs {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("redirect URI %q is not an absolute URL", raw)
		}
		host := hosts[u.Host]
		if host == nil {
			host = &Host{Origin: u.Scheme + "://" + u.Host, RedirectURI: raw, Callbacks: make(map[string]string)}
		}
		host.Callbacks[u.EscapedPath()] = raw
		hosts[u.Host] = host
		if alias := otherSpelling(u); hosts[alias] == nil {
			hosts[alias] = host
		}
	}
	return hosts, nil
}

// otherSpelling is the host with the scheme's own port where it has none, and the other way round: browsers leave that port out,
// some proxies put it in.
func otherSpelling(u *url.URL) string {
	port := map[string]string{"https": "443", "http": "80"}[u.Scheme]
	switch u.Port() {
	case "":
		return u.Host + ":" + port
	case port:
		return strings.TrimSuffix(u.Host, ":"+port)
	}
	return u.Host
}

// Find returns the host that a Host header names.
func (h Hosts) Find(header string) (*Host, bool) {
	host, ok := h[strings.ToLower(header)]
	return host, ok
}
