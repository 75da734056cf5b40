package googletest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

// tokenError is an error of the token endpoint in Google's shape.
type tokenError struct {
	status      int
	code        string
	description string
}

func (e tokenError) write(w http.ResponseWriter) {
	writeJSON(w, e.status, map[string]string{"error": e.code, "error_description": e.description})
}

var (
	errNoClient     = tokenError{http.StatusUnauthorized, "invalid_client", "The OAuth client was not found."}
	errUnauthorized = tokenError{http.StatusUnauthorized, "invalid_client", "Unauthorized"}
	errGrantType    = tokenError{http.StatusBadRequest, "unsupported_grant_type", "Invalid grant_type"}
	errBadCode      = tokenError{http.StatusBadRequest, "invalid_grant", "Bad Request"}
	errRedirectURI  = tokenError{http.StatusBadRequest, "redirect_uri_mismatch", "Bad Request"}
	errNoVerifier   = tokenError{http.StatusBadRequest, "invalid_grant", "Missing code verifier."}
	errBadVerifier  = tokenError{http.StatusBadRequest, "invalid_grant", "Invalid code verifier."}
	errExpired      = tokenError{http.StatusBadRequest, "invalid_grant", "Token has been expired or revoked."}
)

func (g *Google) serveToken(w http.ResponseWriter, r *http.Request) {
	client, fault := g.authenticate(r)
	if fault != nil {
		fault.write(w)
		return
	}
	var body map[string]any
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		body, fault = g.redeem(r, client)
	case "refresh_token":
		body, fault = g.renew(r, client)
	default:
		fault = &errGrantType
	}
	if fault != nil {
		fault.write(w)
		return
	}
	g.writeTokenResponse(w, body)
}

// authenticate takes the client's secret from the body, or from the Authorization header, which Google takes too.
func (g *Google) authenticate(r *http.Request) (Client, *tokenError) {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		id, secret = user, password
	}
	client, ok := g.client(id)
	if !ok {
		return Client{}, &errNoClient
	}
	if !client.takes(secret) {
		return Client{}, &errUnauthorized
	}
	return client, nil
}

func (c Client) takes(secret string) bool {
	first := subtle.ConstantTimeCompare([]byte(secret), []byte(c.Secret)) == 1
	second := c.SecondSecret != "" && subtle.ConstantTimeCompare([]byte(secret), []byte(c.SecondSecret)) == 1
	return first || second
}

func (g *Google) client(id string) (Client, bool) {
	i := slices.IndexFunc(g.opts.Clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return Client{}, false
	}
	return g.opts.Clients[i], true
}

func (g *Google) redeem(r *http.Request, client Client) (map[string]any, *tokenError) {
	form := r.PostForm
	gr, fault := g.takeCode(form.Get("code"), client)
	if fault != nil {
		return nil, fault
	}
	if form.Get("redirect_uri") != gr.redirectURI {
		return nil, &errRedirectURI
	}
	if fault := gr.checkVerifier(form.Get("code_verifier")); fault != nil {
		return nil, fault
	}
	g.mu.Lock()
	body := map[string]any{}
	accessToken := g.issueAccess(gr)
	if gr.refreshable {
		body["refresh_token"] = g.issueRefresh(gr)
	}
	g.mu.Unlock()
	return g.tokenResponse(r, gr, accessToken, body)
}

// takeCode spends a code. A code that comes a second time was stolen, by whoever of the two: its tokens die.
func (g *Google) takeCode(code string, client Client) (*grant, *tokenError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	gr, ok := g.codes[code]
	if !ok || gr.client.ID != client.ID || g.opts.Now().After(gr.issuedAt.Add(codeTTL)) {
		return nil, &errBadCode
	}
	if gr.used {
		g.dropTokens(func(other *grant) bool { return other == gr })
		return nil, &errBadCode
	}
	gr.used = true
	return gr, nil
}

func (gr *grant) checkVerifier(verifier string) *tokenError {
	if gr.challenge == "" {
		return nil
	}
	if verifier == "" {
		return &errNoVerifier
	}
	got := verifier
	if gr.method == "S256" {
		sum := sha256.Sum256([]byte(verifier))
		got = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	if subtle.ConstantTimeCompare([]byte(got), []byte(gr.challenge)) != 1 {
		return &errBadVerifier
	}
	return nil
}

// renew answers a refresh: no new refresh token, and an ID token without the profile.
func (g *Google) renew(r *http.Request, client Client) (map[string]any, *tokenError) {
	g.mu.Lock()
	gr, ok := g.refresh[r.PostForm.Get("refresh_token")]
	if !ok || gr.client.ID != client.ID {
		g.mu.Unlock()
		return nil, &errExpired
	}
	accessToken := g.issueAccess(gr)
	g.mu.Unlock()

	bare := *gr
	bare.nonce = ""
	bare.scopes = maps.Clone(gr.scopes)
	delete(bare.scopes, scopeProfile)
	body, fault := g.tokenResponse(r, &bare, accessToken, map[string]any{})
	if fault == nil {
		body["scope"] = scopeParam(gr.scopes)
	}
	return body, fault
}

func (g *Google) tokenResponse(r *http.Request, gr *grant, accessToken string, body map[string]any) (map[string]any, *tokenError) {
	body["access_token"] = accessToken
	body["expires_in"] = int(accessTokenTTL.Seconds()) - 1
	body["token_type"] = "Bearer"
	body["scope"] = scopeParam(gr.scopes)
	if !gr.scopes["openid"] {
		return body, nil
	}
	idToken, err := g.sign(g.idTokenClaims(g.issuerOf(r), gr, accessToken))
	if err != nil {
		return nil, &tokenError{http.StatusInternalServerError, "server_error", err.Error()}
	}
	body["id_token"] = idToken
	return body, nil
}

func (g *Google) writeTokenResponse(w http.ResponseWriter, body map[string]any) {
	g.mu.Lock()
	f := g.faults
	g.mu.Unlock()
	for _, alter := range f.tokenResponse {
		alter(body)
	}
	raw, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for _, alter := range f.tokenBody {
		raw = alter(raw)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
	_, _ = w.Write(raw)
}
