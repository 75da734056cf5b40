package google_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/google/googletest"
)

// noEmail is an ID token that leaves the email to userinfo, as many providers' do.
var noEmail = several(googletest.Claim("email", nil), googletest.Claim("email_verified", nil))

func TestRefusesUserInfo(t *testing.T) {
	tests := []struct {
		name  string
		fault googletest.Fault
		want  error
	}{
		{"D66 sub of somebody else", googletest.UserInfoField("sub", "110000000000000000002"), google.ErrTokenInvalid},
		{"D66 sub missing", googletest.UserInfoField("sub", nil), google.ErrTokenInvalid},
		{"D66 sub empty", googletest.UserInfoField("sub", ""), google.ErrTokenInvalid},
		{"D66 sub a list", googletest.UserInfoField("sub", []string{"110000000000000000001"}), google.ErrTokenInvalid},
		{"D60 email_verified 1", googletest.UserInfoField("email_verified", 1), google.ErrTokenInvalid},
		{"D60 email_verified yes", googletest.UserInfoField("email_verified", "yes"), google.ErrTokenInvalid},
		{"D60 email_verified True", googletest.UserInfoField("email_verified", "True"), google.ErrTokenInvalid},
		{"E69 email with two @", googletest.UserInfoField("email", "a@evil.com@example.com"), google.ErrTokenInvalid},
		{"no email there either", googletest.UserInfoField("email", nil), google.ErrTokenInvalid},
		{"signed answer", googletest.ContentType(googletest.UserInfo, "application/jwt"), google.ErrTokenInvalid},
		{"duplicate key", googletest.Body(googletest.UserInfo, "application/json", `{"sub":"1","sub":"110000000000000000001"}`), google.ErrTokenInvalid},
		{"HTML", googletest.Body(googletest.UserInfo, "text/html", "<p>"), google.ErrTokenInvalid},
		{"10 MB", googletest.Huge(googletest.UserInfo, 10<<20), google.ErrTokenInvalid},
		{"good body under 404", googletest.StatusOver(googletest.UserInfo, 404), google.ErrTokenInvalid},
		{"401", googletest.Status(googletest.UserInfo, 401), google.ErrTokenInvalid},
		{"redirect", googletest.Redirect(googletest.UserInfo, 302, "/v1/userinfo?again"), google.ErrTokenInvalid},
		{"503", googletest.Status(googletest.UserInfo, 503), google.ErrUnavailable},
		{"reset", googletest.Reset(googletest.UserInfo), google.ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.Misbehave(noEmail...)
			w.Misbehave(tt.fault)
			g, err := w.signIn(t)
			refuses(t, g, err, tt.want)
		})
	}
}

func TestUserInfoCompletesAMinimalIDToken(t *testing.T) {
	w := newWorld(t)
	w.Misbehave(noEmail...)
	for _, name := range []string{"name", "given_name", "family_name"} {
		w.Misbehave(googletest.Claim(name, nil))
	}
	g, err := w.signIn(t)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ann(w.URL), g.Identity); diff != "" {
		t.Error(diff)
	}
}

func TestE67_HostedDomainIsTakenFromTheIDTokenAlone(t *testing.T) {
	w := newWorld(t)
	w.Misbehave(noEmail...)
	w.Misbehave(googletest.Claim("hd", nil))
	g, err := w.signIn(t)
	if err != nil {
		t.Fatal(err)
	}
	if g.Identity.HostedDomain != "" {
		t.Errorf("hosted domain %q out of userinfo", g.Identity.HostedDomain)
	}
}

func TestUserInfoDoesNotOverwriteTheIDToken(t *testing.T) {
	w := newWorld(t)
	w.Misbehave(googletest.Claim("name", nil), googletest.UserInfoField("email", "bob@example.com"),
		googletest.UserInfoField("name", "Ann of userinfo"))
	g, err := w.signIn(t)
	if err != nil {
		t.Fatal(err)
	}
	if g.Identity.Email != "ann@example.com" || g.Identity.Name != "Ann of userinfo" {
		t.Errorf("got %+v", g.Identity)
	}
}

func TestNoUserInfoIsAskedForAPictureAlone(t *testing.T) {
	w := newWorld(t)
	w.mustSignIn(t)
	if n := w.Calls(googletest.UserInfo); n != 0 {
		t.Errorf("%d calls", n)
	}
}
