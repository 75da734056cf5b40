package config

import (
	"slices"
	"strings"
)

// PublicPaths are what browsers, front ends and back ends ask a server for, besides the redirect URIs. The check of forward authentication
// is not one of them: it answers the proxies that it trusts, and a browser that came to it through one would be answered as the proxy is.
func PublicPaths(basePath string) []string {
	var out []string
	for _, path := range []string{
		"", "/", "/account", "/account/end", "/error", "/google", "/jwks.json", "/login", "/logo", "/logout", "/me", "/nonce", "/refresh", "/signed-out",
		"/token", "/token/revoke", "/.well-known/openid-configuration",
	} {
		if path = strings.TrimSuffix(basePath, "/") + path; path != "" {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}
