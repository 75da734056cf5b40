package google_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/oauth2"

	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/identity"
)

const (
	callback = "https://shop.example.com/auth/callback"
	nonce    = "the-nonce"
	verifier = "a-verifier-of-at-least-forty-three-characters"
)

var (
	basic       = []string{"openid", "email", "profile"}
	credentials = google.Credentials{ClientID: googletest.ClientID, ClientSecret: googletest.ClientSecret}
)

// world is a Provider and the stand-in that it talks to.
type world struct {
	*googletest.Server
	provider *google.Provider
	options  google.Options
}

// newWorld has Ann sign in without pages. change alters the Provider's options before it is made.
func newWorld(t *testing.T, change ...func(*google.Options)) *world {
	t.Helper()
	s := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	o := google.Options{Issuer: s.URL, Scopes: basic}
	for _, f := range change {
		f(&o)
	}
	w := &world{Server: s, provider: google.New(o), options: o}
	w.provider.SetCredentials(credentials)
	return w
}

// newGoogleWorld is a world in which the Provider is the one for Google itself, endpoints and all.
func newGoogleWorld(t *testing.T) *world {
	t.Helper()
	s := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com", Issuer: google.Issuer})
	o := google.Options{Scopes: basic, HTTPClient: &http.Client{Transport: s.AsGoogle()}}
	w := &world{Server: s, provider: google.New(o), options: o}
	w.provider.SetCredentials(credentials)
	return w
}

// authRequest is a good one.
func authRequest() google.AuthRequest {
	return google.AuthRequest{
		RedirectURI: callback, State: "the-state", Nonce: nonce,
		CodeChallenge: oauth2.S256ChallengeFromVerifier(verifier),
	}
}

// code goes through the authorization endpoint as a browser does.
func (w *world) code(t *testing.T, r google.AuthRequest) string {
	t.Helper()
	target, err := w.provider.AuthCodeURL(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{
		Transport:     w.browser(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Get(target)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil || back.Query().Get("code") == "" {
		t.Fatalf("sent back to %v: %v", back, err)
	}
	return back.Query().Get("code")
}

func (w *world) browser() http.RoundTripper {
	if w.options.Issuer == "" {
		return w.AsGoogle()
	}
	return http.DefaultTransport
}

func redemption(code string) google.Redemption {
	return google.Redemption{Code: code, CodeVerifier: verifier, Nonce: nonce, RedirectURI: callback, Scopes: basic}
}

// signIn runs a whole login.
func (w *world) signIn(t *testing.T) (google.Grant, error) {
	t.Helper()
	return w.signInWith(t, t.Context())
}

func (w *world) signInWith(t *testing.T, ctx context.Context) (google.Grant, error) {
	t.Helper()
	return w.provider.Redeem(ctx, redemption(w.code(t, authRequest())))
}

// refuses checks that err is want and that nothing came with it.
func refuses(t *testing.T, g google.Grant, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
	if diff := cmp.Diff(google.Grant{}, g); diff != "" {
		t.Errorf("a refused redemption gave a grant:\n%s", diff)
	}
	for _, other := range []error{google.ErrUnavailable, google.ErrCodeRejected, google.ErrClientRejected, google.ErrTokenInvalid} {
		if other != want && errors.Is(err, other) {
			t.Errorf("error %v is %v too", err, other)
		}
	}
}

func ann(issuer string) identity.Identity {
	return identity.Identity{
		Issuer: issuer, Subject: "110000000000000000001", Email: "ann@example.com", EmailVerified: true,
		HostedDomain: "example.com", Name: "Ann Example", GivenName: "Ann", FamilyName: "Example",
	}
}

func TestSignsInAtAStandIn(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	s := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com", Now: func() time.Time { return now }})
	o := google.Options{Issuer: s.URL, Scopes: basic, Now: func() time.Time { return now }}
	w := &world{Server: s, provider: google.New(o), options: o}
	w.provider.SetCredentials(credentials)

	g, err := w.signIn(t)
	if err != nil {
		t.Fatal(err)
	}
	want := google.Grant{
		Identity: ann(s.URL),
		ClientID: googletest.ClientID,
		GrantedScopes: []string{
			"https://www.googleapis.com/auth/userinfo.email", "https://www.googleapis.com/auth/userinfo.profile", "openid",
		},
		Expiry: now.Add(3599 * time.Second),
	}
	if diff := cmp.Diff(want, g, cmpopts.IgnoreFields(google.Grant{}, "AccessToken"), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	calls := map[googletest.Endpoint]int{}
	for _, e := range []googletest.Endpoint{googletest.Discovery, googletest.Token, googletest.Keys, googletest.UserInfo} {
		calls[e] = s.Calls(e)
	}
	wantCalls := map[googletest.Endpoint]int{googletest.Discovery: 1, googletest.Token: 1, googletest.Keys: 1, googletest.UserInfo: 0}
	if diff := cmp.Diff(wantCalls, calls); diff != "" {
		t.Error(diff)
	}
}

func TestSignsInAtGoogleWithoutDiscovery(t *testing.T) {
	w := newGoogleWorld(t)
	g, err := w.signIn(t)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ann("https://accounts.google.com"), g.Identity); diff != "" {
		t.Error(diff)
	}
	if n := w.Calls(googletest.Discovery); n != 0 {
		t.Errorf("%d discoveries", n)
	}
}

func TestKeysAndDiscoveryAreFetchedOnceForManyLogins(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		if _, err := w.signIn(t); err != nil {
			t.Fatal(err)
		}
	}
	if d, k := w.Calls(googletest.Discovery), w.Calls(googletest.Keys); d != 1 || k != 1 {
		t.Errorf("%d discoveries, %d key fetches", d, k)
	}
}

func TestTakesChangedCredentials(t *testing.T) {
	w := newWorld(t)
	w.provider.SetCredentials(google.Credentials{ClientID: googletest.ClientID, ClientSecret: "old"})
	g, err := w.signIn(t)
	refuses(t, g, err, google.ErrClientRejected)
	w.provider.SetCredentials(credentials)
	if _, err := w.signIn(t); err != nil {
		t.Error(err)
	}
}

func TestNothingPrintsASecret(t *testing.T) {
	const secret = "canary"
	values := []any{
		google.Credentials{ClientID: "id", ClientSecret: secret},
		google.Redemption{Code: secret, CodeVerifier: secret, Nonce: secret},
		google.Grant{AccessToken: secret, RefreshToken: secret, Identity: identity.Identity{Email: secret}},
	}
	for _, v := range values {
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(format, v); strings.Contains(got, secret) {
				t.Errorf("%T with %s prints %q", v, format, got)
			}
		}
	}
}

func query(t *testing.T, raw string) url.Values {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}
