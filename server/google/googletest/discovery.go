package googletest

import (
	"net/http"
	"strings"
)

func (g *Google) serveDiscovery(w http.ResponseWriter, r *http.Request) {
	issuer := g.issuerOf(r)
	browser := issuer
	if g.opts.BrowserURL != "" {
		browser = strings.TrimSuffix(g.opts.BrowserURL, "/")
	}
	doc := map[string]any{
		"issuer":                                issuer,
		"authorization_endpoint":                browser + paths[Authorize],
		"token_endpoint":                        issuer + paths[Token],
		"userinfo_endpoint":                     issuer + paths[UserInfo],
		"revocation_endpoint":                   issuer + paths[Revoke],
		"jwks_uri":                              issuer + paths[Keys],
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                      []string{"openid", "email", "profile"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
		"code_challenge_methods_supported":      []string{"plain", "S256"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token"},
		"claims_supported": []string{"aud", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name",
			"picture", "sub"},
	}
	g.mu.Lock()
	alter := g.faults.discovery
	g.mu.Unlock()
	for _, f := range alter {
		f(doc)
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	writeJSON(w, http.StatusOK, doc)
}
