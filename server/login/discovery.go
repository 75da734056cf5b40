package login

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/httperr"
)

// metadata is OpenID Connect Discovery 1.0, 3, and RFC 8414, 2. It exists for services that verify our tokens, and says nothing
// that is not so:
//
//   - A login hands its caller no code and no token, only cookies to the browser. OAuth has a response type for that, "none".
//   - The token endpoint is required by name. Where it is not enabled it answers every grant with unsupported_grant_type, so the
//     list of grants is empty; leaving the list out would mean that authorization_code works. Where it is enabled, the codes and
//     assertions that it takes are Google's, for a nonce of ours.
//   - There is no userinfo_endpoint: me answers in words of its own.
type metadata struct {
	Issuer                           string   `json:"issuer"`
	AuthorizationEndpoint            string   `json:"authorization_endpoint"`
	TokenEndpoint                    string   `json:"token_endpoint"`
	RevocationEndpoint               string   `json:"revocation_endpoint,omitempty"`
	JWKSURI                          string   `json:"jwks_uri"`
	ResponseTypesSupported           []string `json:"response_types_supported"`
	GrantTypesSupported              []string `json:"grant_types_supported"`
	SubjectTypesSupported            []string `json:"subject_types_supported"`
	IDTokenSigningAlgValuesSupported []string `json:"id_token_signing_alg_values_supported"`
	TokenEndpointAuthMethods         []string `json:"token_endpoint_auth_methods_supported"`
	ScopesSupported                  []string `json:"scopes_supported"`
	PromptValuesSupported            []string `json:"prompt_values_supported"`
	ClaimsSupported                  []string `json:"claims_supported"`
	RequestURIParameterSupported     bool     `json:"request_uri_parameter_supported"`
}

// document is a public JSON document that does not change while the server runs.
type document struct {
	body []byte
	etag string
}

func newDiscovery(c config.Config) (document, error) {
	m := metadata{
		Issuer:                           c.Issuer,
		AuthorizationEndpoint:            c.Issuer + "/login",
		TokenEndpoint:                    c.Issuer + "/token",
		JWKSURI:                          c.Issuer + "/jwks.json",
		ResponseTypesSupported:           []string{"none"},
		GrantTypesSupported:              grantTypes(c),
		SubjectTypesSupported:            []string{"public"},
		IDTokenSigningAlgValuesSupported: []string{"ES256"},
		TokenEndpointAuthMethods:         []string{"none"},
		ScopesSupported:                  c.Google.Scopes,
		PromptValuesSupported:            []string{"none", "consent", "select_account"},
		ClaimsSupported: []string{
			"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "sid", "email", "email_verified", "name", "picture", "hd",
		},
	}
	if c.TokenEndpoint.RefreshTokens {
		m.RevocationEndpoint = c.Issuer + "/token/revoke"
	}
	body, err := json.Marshal(m)
	if err != nil {
		return document{}, fmt.Errorf("encode: %w", err)
	}
	sum := sha256.Sum256(body)
	return document{body: body, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}, nil
}

func grantTypes(c config.Config) []string {
	if !c.TokenEndpoint.Enabled {
		return []string{}
	}
	grants := []string{"authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"}
	if c.TokenEndpoint.RefreshTokens {
		grants = append(grants, "refresh_token")
	}
	return grants
}

// Discovery serves the metadata, under whatever host it is asked for: services inside the cluster may know another one.
func (h *Handler) Discovery(w http.ResponseWriter, r *http.Request) error {
	h.servePublic(w, r, h.discovery)
	return nil
}

// JWKS serves our public keys.
func (h *Handler) JWKS(w http.ResponseWriter, r *http.Request) error {
	// An empty key set would be cached by everybody who asks, and every token refused for as long.
	if err := h.Keys.Ready(); err != nil {
		return httperr.Unavailable(fmt.Errorf("publish keys: %w", err))
	}
	body, etag := h.Keys.JWKS()
	h.servePublic(w, r, document{body, etag})
	return nil
}

func (h *Handler) servePublic(w http.ResponseWriter, r *http.Request, d document) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(h.Config.Keys.JWKSMaxAge.Std().Seconds())))
	header.Set("ETag", d.etag)
	// Public, and the same for everybody: any page may read it, without credentials.
	header.Set("Access-Control-Allow-Origin", "*")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(d.body))
}

// Token refuses every grant, where the token endpoint is not enabled and tokens are issued as cookies alone. RFC 6749, 5.2 has the
// form.
func (h *Handler) Token(_ http.ResponseWriter, _ *http.Request) error {
	return httperr.New(http.StatusBadRequest, httperr.UnsupportedGrantType, nil)
}
