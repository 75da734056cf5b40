package google_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/google/googletest"
)

const (
	androidID = "android.apps.googleusercontent.com"
	otherID   = "other.apps.googleusercontent.com"
)

func TestVerifyCredential_TokensOfApps(t *testing.T) {
	aud := func(aud any) func(map[string]any) { return func(c map[string]any) { c["aud"] = aud } }
	without := func(name string) func(map[string]any) { return func(c map[string]any) { delete(c, name) } }
	tests := []struct {
		name     string
		clientID string
		alter    []func(map[string]any)
		listed   []string
		admitted bool
		// issuedTo is the client of a token that is admitted.
		issuedTo string
	}{
		{"ours", googletest.ClientID, nil, nil, true, googletest.ClientID},
		{"of a listed app for our server", googletest.ClientID, []func(map[string]any){googletest.IssuedTo(androidID)}, []string{androidID}, true, androidID},
		{"of a listed app for itself", androidID, nil, []string{androidID}, true, androidID},
		{"for a listed app, without azp", androidID, []func(map[string]any){without("azp")}, []string{androidID}, true, androidID},
		{"J4 of an app that is not listed, for our server", googletest.ClientID, []func(map[string]any){googletest.IssuedTo(androidID)}, nil, false, ""},
		{"J4 of another app than the listed one", googletest.ClientID, []func(map[string]any){googletest.IssuedTo(otherID)}, []string{androidID}, false, ""},
		{"J4 another client of the project", otherID, nil, nil, false, ""},
		{"J4 another client, although an app is listed", otherID, nil, []string{androidID}, false, ""},
		{"J4 for another client, issued to a listed app", otherID, []func(map[string]any){googletest.IssuedTo(androidID)}, []string{androidID}, false, ""},
		{"D53 several audiences and no azp", googletest.ClientID, []func(map[string]any){aud([]string{googletest.ClientID, androidID}), without("azp")}, []string{androidID}, false, ""},
		{"D52 no audience", googletest.ClientID, []func(map[string]any){without("aud")}, nil, false, ""},
		{"D52 empty audience", googletest.ClientID, []func(map[string]any){aud([]string{})}, nil, false, ""},
		{"D53 empty azp", googletest.ClientID, []func(map[string]any){googletest.IssuedTo("")}, []string{androidID}, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			raw, err := w.MintIDToken(tt.clientID, "ann@example.com", nonce, tt.alter...)
			if err != nil {
				t.Fatal(err)
			}
			got, err := w.provider.VerifyCredential(t.Context(), google.Credential{IDToken: raw, Clients: tt.listed, Nonce: isNonce})
			want := google.Grant{}
			if tt.admitted {
				want = google.Grant{Identity: ann(w.URL), ClientID: tt.issuedTo}
			}
			if diff := cmp.Diff(want, got); diff != "" || errors.Is(err, google.ErrTokenInvalid) == tt.admitted {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func isNonce(got string) bool { return got == nonce }

func TestVerifyCredential_AsksAboutNoNonceOfATokenThatIsRefusedAnyway(t *testing.T) {
	w := newWorld(t)
	for name, alter := range map[string]func(map[string]any){
		"expired":        func(c map[string]any) { c["exp"] = 1 },
		"another client": func(c map[string]any) { c["aud"] = otherID },
		"no subject":     func(c map[string]any) { c["sub"] = "" },
		"D57 no nonce":   func(c map[string]any) { delete(c, "nonce") },
		"D57 empty":      func(c map[string]any) { c["nonce"] = "" },
	} {
		raw, err := w.MintIDToken(googletest.ClientID, "ann@example.com", nonce, alter)
		if err != nil {
			t.Fatal(err)
		}
		asked := false
		_, err = w.provider.VerifyCredential(t.Context(), google.Credential{IDToken: raw, Nonce: func(string) bool { asked = true; return true }})
		if asked || !errors.Is(err, google.ErrTokenInvalid) {
			t.Errorf("%s: nonce asked about: %v, error %v", name, asked, err)
		}
	}
}

func TestCredential_PrintsNoToken(t *testing.T) {
	c := google.Credential{IDToken: "eyJ-secret"}
	if s := c.String() + c.GoString() + c.LogValue().String(); strings.Contains(s, "secret") {
		t.Error(s)
	}
}

func TestButton_IsWhereTheIssuerIs(t *testing.T) {
	w := newWorld(t)
	if got, err := w.provider.ScriptURL(t.Context()); err != nil || got != w.URL+"/gsi/client" {
		t.Errorf("stand-in: %q, %v", got, err)
	}
	p := google.New(google.Options{})
	if got, err := p.ScriptURL(t.Context()); err != nil || got != "https://accounts.google.com/gsi/client" {
		t.Errorf("Google: %q, %v", got, err)
	}
	w.Misbehave(googletest.DiscoveryDocument(func(d map[string]any) { d["authorization_endpoint"] = w.URL + "/sub/o/oauth2/v2/auth" }))
	below := google.New(google.Options{Issuer: w.URL})
	if got, err := below.ScriptURL(t.Context()); err != nil || got != w.URL+"/sub/gsi/client" {
		t.Errorf("stand-in below a path: %q, %v", got, err)
	}
	w.Misbehave(googletest.DiscoveryDocument(func(d map[string]any) { d["authorization_endpoint"] = w.URL + "/authorize?x=y" }))
	other := google.New(google.Options{Issuer: w.URL})
	if got, err := other.ScriptURL(t.Context()); err != nil || got != w.URL+"/gsi/client" {
		t.Errorf("another provider: %q, %v", got, err)
	}
	if _, err := p.ClientID(); !errors.Is(err, google.ErrNoCredentials) {
		t.Errorf("client ID without credentials: %v", err)
	}
	if id, err := w.provider.ClientID(); id != googletest.ClientID || err != nil {
		t.Errorf("client ID %q, %v", id, err)
	}
}
