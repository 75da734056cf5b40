package googletest

import (
	"net/http"
	"strings"
)

func (g *Google) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	g.mu.Lock()
	gr := g.access[token]
	alter := g.faults.userInfo
	g.mu.Unlock()
	if !ok || gr == nil || g.opts.Now().After(gr.accessExpiry) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="https://accounts.google.com/", error="invalid_token"`)
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_request", "error_description": "Invalid Credentials"})
		return
	}
	claims := gr.account.claims(gr.scopes)
	for _, f := range alter {
		f(claims)
	}
	writeJSON(w, http.StatusOK, claims)
}

// serveRevoke ends the grant of the whole project: every client loses its tokens for the account, as at Google.
func (g *Google) serveRevoke(w http.ResponseWriter, r *http.Request) {
	token := r.Form.Get("token")
	g.mu.Lock()
	defer g.mu.Unlock()
	gr := g.access[token]
	if gr == nil {
		gr = g.refresh[token]
	}
	if gr == nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_token", "error_description": "Token expired or revoked"})
		return
	}
	sub := gr.account.Sub
	g.dropTokens(func(other *grant) bool { return other.account.Sub == sub })
	for key := range g.consents {
		if key.sub == sub {
			delete(g.consents, key)
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{})
}
