package server

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/verify"
)

// What a team's backend does with the cookie of a signed-in browser, through rotations of the keys.
func TestVerify_FollowsThisServersKeys(t *testing.T) {
	w := newWorld(t)
	v, err := verify.New(verify.Options{
		Issuer: w.cfg.Issuer, Audience: "shop", JWKSURL: w.http.URL + "/auth/jwks.json", Client: w.http.Client(), Now: w.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	token := func() string {
		b := w.browser()
		b.login()
		for _, c := range b.jar.Cookies(mustParse(t, home)) {
			if c.Name == w.cfg.Session.Cookie.Name {
				return c.Value
			}
		}
		t.Fatal("no token")
		return ""
	}
	var old string
	for rotation := range 3 {
		signed := token()
		claims, err := v.Verify(t.Context(), signed)
		if err != nil || claims.Email != "ann@example.com" || claims.SessionID == "" {
			t.Fatalf("after %d rotations: %+v, %v", rotation, claims, err)
		}
		old = signed
		// An emergency: the old key is gone at once.
		write(t, w.cfg.Keys.SigningFile, newSigningKeys(t))
		w.app.reloader.loadAll()
		w.clock.advance(11 * time.Second)
	}
	if _, err := v.Verify(t.Context(), token()); err != nil {
		t.Error(err)
	}
	if _, err := v.Verify(t.Context(), old); !errors.Is(err, verify.ErrToken) {
		t.Errorf("signed by a key that was withdrawn: %v", err)
	}
}

func TestVerify_ReadsHowLongKeysMayBeKept(t *testing.T) {
	w := newWorld(t)
	if got := w.browser().get(shop + "/auth/jwks.json").Header.Get("Cache-Control"); got != "public, max-age=900" {
		t.Errorf("%s %q: package verify counts on max-age", http.MethodGet, got)
	}
}
