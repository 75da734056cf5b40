package google_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/identity"
)

// credential is what a token with these claims is worth.
func (w *world) credential(t *testing.T, alter func(map[string]any)) (identity.Identity, error) {
	t.Helper()
	raw, err := w.MintIDToken(googletest.ClientID, "ann@example.com", nonce, alter)
	if err != nil {
		t.Fatal(err)
	}
	return w.provider.VerifyIDToken(t.Context(), raw, nonce)
}

func TestE69_EmailHasOneForm(t *testing.T) {
	tests := []struct{ name, email, want string }{
		{"E69 capitals", "Ann@Example.COM", "ann@example.com"},
		{"E69 plus is kept", "ann+shop@example.com", "ann+shop@example.com"},
		{"E69 dots are kept", "a.n.n@example.com", "a.n.n@example.com"},
		{"E69 apostrophe", "o'hara@example.com", "o'hara@example.com"},
		{"E69 IDN", "ann@bücher.example", "ann@xn--bcher-kva.example"},
		{"E69 IDN in capitals", "ann@BÜCHER.example", "ann@xn--bcher-kva.example"},
		{"E69 IDN in ASCII", "ann@XN--bcher-kva.example", "ann@xn--bcher-kva.example"},
	}
	w := newGoogleWorld(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := w.credential(t, func(c map[string]any) { c["email"] = tt.email })
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, id.Email); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestE69_MalformedEmailIsDenied(t *testing.T) {
	tests := []struct{ name, email string }{
		{"E69 no @", "ann"},
		{"E69 two @", "a@evil.com@example.com"},
		{"E69 two @ in a row", "a@@example.com"},
		{"E69 full-width @", "a@evil.com＠example.com"},
		{"E69 only full-width @", "a＠example.com"},
		{"E69 trailing dot", "ann@example.com."},
		{"E69 ideographic trailing dot", "ann@example.com。"},
		{"E69 leading dot in the domain", "ann@.example.com"},
		{"E69 two dots in the domain", "ann@example..com"},
		{"E69 dots in the local part", "ann..x@example.com"},
		{"E69 local part begins with a dot", ".ann@example.com"},
		{"E69 local part ends with a dot", "ann.@example.com"},
		{"E69 NUL", "ann@example.com\x00.evil.com"},
		{"E69 NUL in the local part", "an\x00n@example.com"},
		{"E69 RTL override", "ann\u202e@example.com"},
		{"E69 RTL override in the domain", "ann@exam\u202eple.com"},
		{"E69 RTL mark", "ann@example.com\u200f"},
		{"E69 zero-width space", "ann@exam\u200bple.com"},
		{"E69 zero-width joiner", "ann@exam\u200dple.com"},
		{"E69 soft hyphen", "ann@exam\u00adple.com"},
		{"E69 leading space", " ann@example.com"},
		{"E69 trailing space", "ann@example.com "},
		{"E69 space within", "an n@example.com"},
		{"E69 no-break space", "ann@example.com\u00a0"},
		{"E69 line break", "ann@example.com\r\nX: y"},
		{"E69 tab", "ann\t@example.com"},
		{"E69 quoted local part", `"ann"@example.com`},
		{"E69 quoted @", `"a@evil.com"@example.com`},
		{"E69 comment", "ann(x)@example.com"},
		{"E69 display name", "Ann <ann@example.com>"},
		{"E69 list", "ann@example.com,bob@example.com"},
		{"E69 percent", "ann@example.com%00"},
		{"E69 address literal", "ann@[127.0.0.1]"},
		{"E69 no dot in the domain", "ann@localhost"},
		{"E69 empty local part", "@example.com"},
		{"E69 empty domain", "ann@"},
		{"E69 only @", "@"},
		{"E69 letters of another script", "аnn@example.com"},
		{"E69 full-width letters in the domain", "ann@ｅxample.com"},
		{"E69 domain with an underscore", "ann@exa_mple.com"},
		{"E69 label that begins with a hyphen", "ann@-example.com"},
		{"E69 punycode that is none", "ann@xn--\u00fc.example"},
		{"E69 punycode that decodes to ASCII", "ann@xn--example-.com"},
		{"E69 mixed directions", "ann@exampleא.com"},
		{"E69 local part of 65", strings.Repeat("a", 65) + "@example.com"},
		{"E69 255 characters", "ann@" + strings.Repeat("a.", 124) + "com"},
		{"E69 label of 64", "ann@" + strings.Repeat("a", 64) + ".com"},
	}
	w := newGoogleWorld(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := w.credential(t, func(c map[string]any) { c["email"] = tt.email })
			if !errors.Is(err, google.ErrTokenInvalid) {
				t.Errorf("%q gave %q, %v", tt.email, id.Email, err)
			}
		})
	}
}

func TestHostedDomainHasOneForm(t *testing.T) {
	w := newGoogleWorld(t)
	id, err := w.credential(t, func(c map[string]any) { c["hd"] = "Example.COM" })
	if err != nil || id.HostedDomain != "example.com" {
		t.Errorf("%q, %v", id.HostedDomain, err)
	}
}

func TestProfileIsMendedForShow(t *testing.T) {
	w := newGoogleWorld(t)
	id, err := w.credential(t, func(c map[string]any) {
		c["name"] = " Ann\u202e\x00 " + strings.Repeat("é", 1000)
		c["picture"] = "javascript:alert(1)"
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "Ann " + strings.Repeat("é", 251)
	if diff := cmp.Diff(want, id.Name); diff != "" || id.Picture != "" {
		t.Errorf("picture %q, name:\n%s", id.Picture, diff)
	}
}
