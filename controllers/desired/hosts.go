package desired

import (
	"net/netip"
	"net/url"
	"slices"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/server/config"
)

// exposedHost is the host of a redirect URI, and every path there that has to reach the server. The base path as a whole would let browsers
// in to the check of forward authentication, by way of a proxy that the check trusts.
type exposedHost struct {
	name  string
	paths []string
}

// exposedHosts are the hosts of the redirect URIs, in their order. A developer's own machine is none of the cluster's, and neither an
// Ingress nor an HTTPRoute has addresses for hosts.
func exposedHosts(login *v1beta1.GoogleLogin) []exposedHost {
	var out []exposedHost
	for _, uri := range login.Spec.RedirectURIs {
		parsed, err := url.Parse(string(uri))
		if err != nil {
			continue
		}
		name := parsed.Hostname()
		if _, err := netip.ParseAddr(name); err == nil || name == "localhost" || name == "" {
			continue
		}
		at := slices.IndexFunc(out, func(h exposedHost) bool { return h.name == name })
		if at < 0 {
			out = append(out, exposedHost{name: name, paths: config.PublicPaths(login.Spec.BasePath)})
			at = len(out) - 1
		}
		if path := parsed.EscapedPath(); !slices.Contains(out[at].paths, path) {
			out[at].paths = append(out[at].paths, path)
		}
	}
	return out
}

func names(hosts []exposedHost) []string {
	var out []string
	for _, host := range hosts {
		out = append(out, host.name)
	}
	return out
}
