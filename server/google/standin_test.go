package google_test

import (
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/google/googletest"
)

func discovers(name string, value any) googletest.Fault {
	return googletest.DiscoveryDocument(func(doc map[string]any) {
		doc[name] = value
		if value == nil {
			delete(doc, name)
		}
	})
}

func TestSignsInAtOtherProviders(t *testing.T) {
	ec := several(googletest.SignWith("ES256", attackerEC()), googletest.JWTHeader("kid", "ec"),
		addKeys(ecJWK(&attackerEC().PublicKey, "ec")))
	pss := rsaJWK(&attackerRSA().PublicKey, "pss")
	pss["alg"] = "PS256"
	ps := several(googletest.SignWith("PS256", attackerRSA()), googletest.JWTHeader("kid", "pss"), addKeys(pss),
		discovers("id_token_signing_alg_values_supported", []string{"PS256"}))
	tests := []struct {
		name   string
		faults []googletest.Fault
	}{
		{"ES256", append(ec, discovers("id_token_signing_alg_values_supported", []string{"none", "HS256", "ES256"}))},
		{"PS256", ps},
		{"no PKCE metadata", several(discovers("code_challenge_methods_supported", nil))},
		{"names no algorithms", several(discovers("id_token_signing_alg_values_supported", nil))},
		{"names no auth methods", several(discovers("token_endpoint_auth_methods_supported", nil))},
		{"takes the secret in the header alone", several(discovers("token_endpoint_auth_methods_supported", []string{"client_secret_basic"}))},
		{"no userinfo endpoint", several(discovers("userinfo_endpoint", nil))},
		{"no hd, no picture, no azp", several(googletest.Claim("azp", nil))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.Misbehave(tt.faults...)
			w.Misbehave(googletest.Claim("hd", nil))
			g, err := w.signIn(t)
			if err != nil {
				t.Fatal(err)
			}
			want := ann(w.URL)
			want.HostedDomain = ""
			if diff := cmp.Diff(want, g.Identity); diff != "" {
				t.Error(diff)
			}
			if w.LastForm(googletest.Token).Get("code_verifier") != verifier {
				t.Error("no code verifier was sent")
			}
		})
	}
}

func TestRefusesAlgorithmsThatTheStandInDoesNotName(t *testing.T) {
	ec := several(googletest.SignWith("ES256", attackerEC()), googletest.JWTHeader("kid", "ec"),
		addKeys(ecJWK(&attackerEC().PublicKey, "ec")))
	tests := []struct {
		name   string
		faults []googletest.Fault
	}{
		{"D43 ES256 where RS256 is named", ec},
		{"D42 HS256 though the stand-in names it", several(googletest.SignWith("HS256", []byte(googletest.ClientSecret)),
			discovers("id_token_signing_alg_values_supported", []string{"HS256", "RS256"}))},
		{"D40 none though the stand-in names it", several(googletest.SignWith("none", nil),
			discovers("id_token_signing_alg_values_supported", []string{"none"}))},
		{"D43 jwk header where ES256 is named", several(googletest.SignWith("ES256", attackerEC()),
			googletest.JWTHeader("jwk", ecJWK(&attackerEC().PublicKey, "k")),
			discovers("id_token_signing_alg_values_supported", []string{"ES256", "RS256"}))},
		{"D51 bare Google issuer at a stand-in", several(googletest.Claim("iss", "accounts.google.com"))},
		{"D51 Google's issuer at a stand-in", several(googletest.Claim("iss", google.Issuer))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.Misbehave(tt.faults...)
			g, err := w.signIn(t)
			refuses(t, g, err, google.ErrTokenInvalid)
		})
	}
}

func TestDiscoveryFailureIsUnavailableAndRetriedAtTheNextUse(t *testing.T) {
	tests := []struct {
		name  string
		fault googletest.Fault
	}{
		{"500", googletest.Status(googletest.Discovery, 500)},
		{"404", googletest.Status(googletest.Discovery, 404)},
		{"reset", googletest.Reset(googletest.Discovery)},
		{"redirect", googletest.Redirect(googletest.Discovery, 302, "/token")},
		{"HTML", googletest.Body(googletest.Discovery, "text/html", "<p>")},
		{"10 MB", googletest.Huge(googletest.Discovery, 10<<20)},
		{"another issuer", discovers("issuer", "https://evil.example")},
		{"issuer with a slash more", googletest.DiscoveryDocument(func(d map[string]any) { d["issuer"] = d["issuer"].(string) + "/" })},
		{"no issuer", discovers("issuer", nil)},
		{"no token endpoint", discovers("token_endpoint", nil)},
		{"no keys", discovers("jwks_uri", nil)},
		{"token endpoint no URL", discovers("token_endpoint", "/token")},
		{"keys in a file", discovers("jwks_uri", "file:///etc/passwd")},
		{"authorization endpoint with script", discovers("authorization_endpoint", "javascript:alert(1)")},
		{"endpoint with a user", discovers("token_endpoint", "http://a:b@example.com/token")},
		{"endpoint a number", discovers("token_endpoint", 7)},
		{"takes no client secret", discovers("token_endpoint_auth_methods_supported", []string{"private_key_jwt"})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.Misbehave(tt.fault)
			if got, err := w.provider.AuthCodeURL(t.Context(), authRequest()); !errors.Is(err, google.ErrUnavailable) || got != "" {
				t.Errorf("got %q, %v", got, err)
			}
			w.Behave()
			w.mustSignIn(t)
		})
	}
}

// newTLSWorld has a stand-in behind https.
func newTLSWorld(t *testing.T) *world {
	t.Helper()
	g := googletest.New(googletest.Options{Auto: "ann@example.com"})
	srv := httptest.NewTLSServer(g)
	t.Cleanup(srv.Close)
	g.SetIssuer(srv.URL)
	o := google.Options{Issuer: srv.URL, Scopes: basic, HTTPClient: srv.Client()}
	w := &world{Server: &googletest.Server{Google: g, URL: srv.URL, HTTP: srv}, provider: google.New(o), options: o}
	w.provider.SetCredentials(credentials)
	return w
}

func TestHTTPSIssuerDoesNotFallBackToHTTP(t *testing.T) {
	for _, name := range []string{"token_endpoint", "jwks_uri", "userinfo_endpoint", "authorization_endpoint"} {
		t.Run(name, func(t *testing.T) {
			w := newTLSWorld(t)
			w.Misbehave(discovers(name, "http://idp.example.com/x"))
			if got, err := w.provider.AuthCodeURL(t.Context(), authRequest()); !errors.Is(err, google.ErrUnavailable) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	w := newTLSWorld(t)
	w.Misbehave(discovers("authorization_endpoint", "http://localhost:9000/auth"))
	if _, err := w.provider.AuthCodeURL(t.Context(), authRequest()); err != nil {
		t.Errorf("a browser's own machine: %v", err)
	}
}

func TestBrowserIsSentToItsOwnNameOfTheStandIn(t *testing.T) {
	g := googletest.New(googletest.Options{Auto: "ann@example.com", BrowserURL: "http://localhost:9000/google"})
	srv := httptest.NewServer(g)
	defer srv.Close()
	p := google.New(google.Options{Issuer: srv.URL, Scopes: basic})
	p.SetCredentials(credentials)
	got, err := p.AuthCodeURL(t.Context(), authRequest())
	if err != nil || !strings.HasPrefix(got, "http://localhost:9000/google/o/oauth2/v2/auth?") {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestACallersCookieJarIsNotUsed(t *testing.T) {
	// A jar would carry a provider's cookies from one user's login to the next one's.
	jar := must(cookiejar.New(nil))
	w := newWorld(t, func(o *google.Options) { o.HTTPClient = &http.Client{Jar: jar} })
	w.Misbehave(googletest.Header(googletest.Token, "Set-Cookie", "a=b"))
	w.mustSignIn(t)
	if got := jar.Cookies(must(url.Parse(w.URL))); len(got) != 0 {
		t.Errorf("cookies %v", got)
	}
}
