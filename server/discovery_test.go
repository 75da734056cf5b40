package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"
)

func TestDiscovery_LetsAStandardClientVerifyOurTokens(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	var token string
	for _, c := range b.jar.Cookies(mustParse(t, shop)) {
		if c.Name == "__Host-shop" {
			token = c.Value
		}
	}
	ctx := oidc.ClientContext(t.Context(), w.browser().client)
	provider, err := oidc.NewProvider(ctx, shop+"/auth")
	if err != nil {
		t.Fatal(err)
	}
	verified, err := provider.Verifier(&oidc.Config{ClientID: "shop", Now: w.clock.Now}).Verify(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Email, Sid string }
	if err := verified.Claims(&claims); err != nil || claims.Email != "ann@example.com" || claims.Sid == "" {
		t.Errorf("claims %+v, error %v", claims, err)
	}
}

func TestDiscovery_SaysOnlyWhatIsTrue(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	a := b.get(shop + "/auth/.well-known/openid-configuration")
	var got map[string]any
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"issuer": shop + "/auth", "authorization_endpoint": shop + "/auth/login", "token_endpoint": shop + "/auth/token",
		"jwks_uri":                              shop + "/auth/jwks.json",
		"response_types_supported":              []any{"none"},
		"grant_types_supported":                 []any{},
		"subject_types_supported":               []any{"public"},
		"id_token_signing_alg_values_supported": []any{"ES256"},
		"token_endpoint_auth_methods_supported": []any{"none"},
		"scopes_supported":                      []any{"openid", "email", "profile"},
		"prompt_values_supported":               []any{"none", "consent", "select_account"},
		"claims_supported":                      []any{"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "sid", "email", "email_verified", "name", "picture", "hd"},
		"request_uri_parameter_supported":       false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
	refused := b.do(http.MethodPost, shop+"/auth/token", "Accept", "*/*")
	if refused.StatusCode != 400 || !strings.Contains(refused.body, `"error":"unsupported_grant_type"`) {
		t.Errorf("token endpoint: status %d: %s", refused.StatusCode, refused.body)
	}
}

func TestPublicDocuments_AreCacheableUnderAnyHost(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for _, path := range []string{"/auth/jwks.json", "/auth/.well-known/openid-configuration"} {
		a := b.get(shop+path, "Host", "shop.team.svc")
		if a.StatusCode != 200 || a.Header.Get("Cache-Control") != "public, max-age=900" || a.Header.Get("Access-Control-Allow-Origin") != "*" ||
			a.Header.Get("Access-Control-Allow-Credentials") != "" || a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: status %d, headers %v", path, a.StatusCode, a.Header)
		}
		if strings.Contains(a.body, `"d"`) {
			t.Errorf("%s holds a private key", path)
		}
		if cached := b.get(shop+path, "If-None-Match", a.Header.Get("ETag")); cached.StatusCode != 304 || a.Header.Get("ETag") == "" {
			t.Errorf("%s with its ETag: status %d", path, cached.StatusCode)
		}
		if head := b.do(http.MethodHead, shop+path); head.StatusCode != 200 {
			t.Errorf("HEAD %s: status %d", path, head.StatusCode)
		}
	}
}

func TestJWKS_IsNotAnsweredEmpty(t *testing.T) {
	w := newWorld(t)
	w.remove(w.cfg.Keys.SigningFile)
	w.start()
	a := w.browser().get(shop + "/auth/jwks.json")
	if a.StatusCode != 503 || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, Cache-Control %q", a.StatusCode, a.Header.Get("Cache-Control"))
	}
}
