package identity_test

import (
	"strings"
	"testing"

	"github.com/googlelogin/operator/server/identity"
)

func TestCanonicalEmail_IsOneFormForEachAddress(t *testing.T) {
	for raw, want := range map[string]string{
		"ann@example.com":            "ann@example.com",
		"Ann@Example.COM":            "ann@example.com",
		"ann+tag@gmail.com":          "ann+tag@gmail.com",
		"a.n.n@gmail.com":            "a.n.n@gmail.com",
		"o'neil!#$%&*/=?^_`{|}~@a.b": "o'neil!#$%&*/=?^_`{|}~@a.b",
		"ann@xn--mller-kva.example":  "ann@xn--mller-kva.example",
		"ann@M\u00dcLLER.example":    "ann@xn--mller-kva.example",
	} {
		if got, ok := identity.CanonicalEmail(raw); !ok || got != want {
			t.Errorf("%q becomes %q (%t), want %q", raw, got, ok, want)
		}
	}
}

func TestE69_CanonicalEmail_RefusesWhatIsNotPlainlyOneAddress(t *testing.T) {
	for _, raw := range []string{
		"", "@", "ann", "ann@", "@example.com", "ann@example", "ann@@example.com", "a@evil.com@example.com", "ann@example.com.",
		"ann@.example.com", "ann@exa..mple.com", "ann@-example.com", "ann@example-.com", ".ann@example.com", "ann.@example.com",
		"a..n@example.com", "a nn@example.com", "ann@exam ple.com", "ann@example.com\x00", "ann\t@example.com", "ann@example.com\n",
		"\u202eann@example.com", "\u0430nn@example.com", "\u212aim@example.com", "ann@\u212a.example", " ann@example.com", "ann@example.com ", `"ann"@example.com`, "<ann@example.com>",
		"ann@example.com,bob@example.com", "ann(x)@example.com", "ann@[127.0.0.1]", "ann@exam_ple.com",
		strings.Repeat("a", 65) + "@example.com", "ann@" + strings.Repeat("a", 64) + ".com", "ann@" + strings.Repeat("\u00e9.", 60) + "com",
	} {
		if got, ok := identity.CanonicalEmail(raw); ok {
			t.Errorf("%q is taken for %q", raw, got)
		}
	}
}

func FuzzCanonicalEmail(f *testing.F) {
	for _, seed := range []string{"ann@example.com", "A@B.c", "a@b@c.d", "\u212a@example.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		email, ok := identity.CanonicalEmail(raw)
		if !ok {
			return
		}
		if again, ok := identity.CanonicalEmail(email); !ok || again != email {
			t.Errorf("%q becomes %q, and that %q (%t)", raw, email, again, ok)
		}
		if strings.Count(email, "@") != 1 || strings.ContainsFunc(email, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("%q becomes %q", raw, email)
		}
	})
}
