//go:build e2e

package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
)

// A library that knows nothing of this project finds its way from the issuer alone.
func TestAnOpenIDLibraryAcceptsTheIssuer(t *testing.T) {
	ready(t)
	b := newProfile(t)
	b.open(shopURL)
	b.signIn(ann)
	token := b.cookies()[cookieName].Value

	ctx := oidc.ClientContext(t.Context(), shared.client)
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := provider.Verifier(&oidc.Config{ClientID: "shop"}).Verify(ctx, token)
	if err != nil {
		t.Fatalf("verify the access token: %v", err)
	}
	if want := b.me().Subject; verified.Subject != want || verified.Issuer != issuer {
		t.Errorf("the token is of %s by %s, want %s", verified.Subject, verified.Issuer, want)
	}
	if _, err := provider.Verifier(&oidc.Config{ClientID: "billing"}).Verify(ctx, token); err == nil {
		t.Error("the token is accepted for another audience")
	}
	if got, want := inDemo(t, "get", "googlelogin", "shop", "-o", "jsonpath={.status.issuer}"), issuer; got != want {
		t.Errorf("status.issuer is %q, want %q", got, want)
	}
}

func TestTheKeySetHasNoPrivateParts(t *testing.T) {
	ready(t)
	response, err := shared.client.Get(issuer + "/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), `"ES256"`) || strings.Contains(string(body), `"d"`) {
		t.Errorf("the key set is %s", body)
	}
}

// M7: what is for the cluster alone is not to be had through the front door.
func TestM7_InternalEndpointsAreNotPublic(t *testing.T) {
	ready(t)
	for _, path := range []string{"/auth/metrics", "/auth/readyz", "/auth/healthz", "/auth/debug/pprof/", "/auth/check/caddy", "/auth/check/nginx?authorization=bearer"} {
		if got := answers("https://shop.localhost:8443" + path); got != http.StatusNotFound {
			t.Errorf("%s answers %d", path, got)
		}
	}
}
