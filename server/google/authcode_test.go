package google_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/google/googletest"
)

func TestAuthCodeURLOfGoogle(t *testing.T) {
	p := google.New(google.Options{Scopes: basic, Prompt: "select_account"})
	p.SetCredentials(credentials)
	r := authRequest()
	r.LoginHint, r.HostedDomain = "ann@example.com", "example.com"
	got, err := p.AuthCodeURL(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	base, _, _ := strings.Cut(got, "?")
	if base != "https://accounts.google.com/o/oauth2/v2/auth" {
		t.Errorf("base %q", base)
	}
	want := url.Values{
		"response_type": {"code"}, "client_id": {googletest.ClientID}, "redirect_uri": {callback}, "scope": {"openid email profile"},
		"state": {"the-state"}, "nonce": {nonce}, "code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)},
		"code_challenge_method": {"S256"}, "access_type": {"online"}, "prompt": {"select_account"},
		"login_hint": {"ann@example.com"}, "hd": {"example.com"},
	}
	if diff := cmp.Diff(want, query(t, got)); diff != "" {
		t.Error(diff)
	}
}

func TestAuthRequestOverridesPromptAndScopes(t *testing.T) {
	p := google.New(google.Options{Scopes: basic, Prompt: "select_account"})
	p.SetCredentials(credentials)
	r := authRequest()
	r.Prompt, r.Scopes = "consent select_account", []string{"openid", "https://www.googleapis.com/auth/calendar"}
	got, err := p.AuthCodeURL(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	q := query(t, got)
	if q.Get("prompt") != "consent select_account" || q.Get("scope") != "openid https://www.googleapis.com/auth/calendar" {
		t.Errorf("query %v", q)
	}
}

func TestRefusesAuthRequests(t *testing.T) {
	tests := []struct {
		name   string
		change func(*google.AuthRequest)
	}{
		{"A5 prompt=login", func(r *google.AuthRequest) { r.Prompt = "login" }},
		{"A5 prompt=login among others", func(r *google.AuthRequest) { r.Prompt = "login consent" }},
		{"none with another", func(r *google.AuthRequest) { r.Prompt = "none consent" }},
		{"a prompt twice", func(r *google.AuthRequest) { r.Prompt = "consent consent" }},
		{"a prompt in capitals", func(r *google.AuthRequest) { r.Prompt = "NONE" }},
		{"prompt of spaces", func(r *google.AuthRequest) { r.Prompt = " " }},
		{"A7 login hint with CR LF", func(r *google.AuthRequest) { r.LoginHint = "ann\r\nX: y" }},
		{"A7 login hint of 4 KB", func(r *google.AuthRequest) { r.LoginHint = strings.Repeat("a", 4<<10) }},
		{"no state", func(r *google.AuthRequest) { r.State = "" }},
		{"no nonce", func(r *google.AuthRequest) { r.Nonce = "" }},
		{"no redirect URI", func(r *google.AuthRequest) { r.RedirectURI = "" }},
		{"C36 no code challenge", func(r *google.AuthRequest) { r.CodeChallenge = "" }},
		{"C36 the verifier as the challenge", func(r *google.AuthRequest) { r.CodeChallenge = verifier }},
		{"no openid", func(r *google.AuthRequest) { r.Scopes = []string{"email"} }},
	}
	p := google.New(google.Options{Scopes: basic})
	p.SetCredentials(credentials)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := authRequest()
			tt.change(&r)
			if got, err := p.AuthCodeURL(t.Context(), r); !errors.Is(err, google.ErrBadRequest) || got != "" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestA7_LoginHintIsEncoded(t *testing.T) {
	p := google.New(google.Options{Scopes: basic})
	p.SetCredentials(credentials)
	r := authRequest()
	r.LoginHint = `"><script>&state=x`
	got, err := p.AuthCodeURL(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(got, `"<>`) || !cmp.Equal(query(t, got)["state"], []string{"the-state"}) {
		t.Errorf("got %q", got)
	}
}

func TestA10_NothingWithoutCredentials(t *testing.T) {
	w := newWorld(t)
	bare := google.New(w.options)
	for name, c := range map[string]*google.Credentials{
		"none set": nil, "no ID": {ClientSecret: "x"}, "no secret": {ClientID: "x"},
	} {
		t.Run("A10 "+name, func(t *testing.T) {
			if c != nil {
				bare.SetCredentials(*c)
			}
			if err := bare.Ready(); !errors.Is(err, google.ErrNoCredentials) {
				t.Errorf("ready: %v", err)
			}
			if got, err := bare.AuthCodeURL(t.Context(), authRequest()); got != "" || !errors.Is(err, google.ErrNoCredentials) {
				t.Errorf("URL %q, %v", got, err)
			}
			g, err := bare.Redeem(t.Context(), redemption("code"))
			refuses(t, g, err, google.ErrNoCredentials)
			if id, err := bare.VerifyIDToken(t.Context(), "a.b.c", nonce); !errors.Is(err, google.ErrNoCredentials) {
				t.Errorf("identity %v, %v", id, err)
			}
		})
	}
	if n := w.Calls(googletest.Discovery); n != 0 {
		t.Errorf("%d discoveries", n)
	}
}

func TestReadyAsksNobody(t *testing.T) {
	w := newWorld(t)
	w.Misbehave(googletest.Status(googletest.Discovery, 500))
	if err := w.provider.Ready(); err != nil || w.Calls(googletest.Discovery) != 0 {
		t.Errorf("%v after %d discoveries", err, w.Calls(googletest.Discovery))
	}
}
