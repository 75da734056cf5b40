package google

import "testing"

// The hashes were made by another program than this one.
func TestD59_AtHashIsTheLeftHalfOfTheHashThatSigned(t *testing.T) {
	const token = "ya29.a0AfH6SMBx"
	sha256, sha384, sha512 := "uQJqFIQ9STdo5i9ojzRWkw", "ZDOdSeo4ZMdg1iBna_kXnyBGC5gqlDIX", "yjxVZTlvYuR0SYb5dlv9hU1SZ07OeIP-4vNaqGh7tEg"
	for alg, want := range map[string]string{
		"RS256": sha256, "ES256": sha256, "PS256": sha256,
		"RS384": sha384, "ES384": sha384, "PS384": sha384,
		"RS512": sha512, "ES512": sha512, "PS512": sha512, "EdDSA": sha512,
	} {
		if !(claims{alg: alg, atHash: want}).binds(token) {
			t.Errorf("%s: the hash of the access token is refused", alg)
		}
		for _, wrong := range []string{"", want[:21], want + "A", sha256[:20] + "xx"} {
			if (claims{alg: alg, atHash: wrong}).binds(token) {
				t.Errorf("%s: %q is taken for the hash of the access token", alg, wrong)
			}
		}
		if (claims{alg: alg, atHash: want}).binds(token + "x") {
			t.Errorf("%s: another access token passes", alg)
		}
	}
}
