package google

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/googlelogin/operator/server/publickey"
)

// signers are a key for each algorithm that may be allowed.
func signers(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]crypto.Signer{}
	for _, alg := range asymmetric {
		keys[alg] = r
	}
	for alg, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		if keys[alg], err = ecdsa.GenerateKey(curve, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	if _, keys["EdDSA"], err = ed25519.GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	return keys
}

// published is the one key of a provider.
func published(t *testing.T, key crypto.Signer) *keySet {
	t.Helper()
	raw, err := json.Marshal(jose.JSONWebKey{Key: key.Public(), KeyID: "k", Use: "sig"})
	if err != nil {
		t.Fatal(err)
	}
	return &keySet{
		keys: publickey.Parse([]json.RawMessage{raw}), freshUntil: time.Unix(2, 0), lastForced: time.Unix(1, 0),
		now: func() time.Time { return time.Unix(1, 0) },
	}
}

// What one library signs, another must verify.
func TestProve_EveryAllowedAlgorithm(t *testing.T) {
	keys := signers(t)
	for _, alg := range asymmetric {
		t.Run(alg, func(t *testing.T) {
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: keys[alg]},
				(&jose.SignerOptions{}).WithHeader("kid", "k"))
			if err != nil {
				t.Fatal(err)
			}
			signed, err := signer.Sign([]byte(`{"sub":"ann"}`))
			if err != nil {
				t.Fatal(err)
			}
			raw, err := signed.CompactSerialize()
			if err != nil {
				t.Fatal(err)
			}
			good, err := parseToken(raw)
			if err != nil {
				t.Fatal(err)
			}
			if err := good.prove(context.Background(), published(t, keys[alg])); err != nil || string(good.payload) != `{"sub":"ann"}` {
				t.Errorf("payload %s, error %v", good.payload, err)
			}
			for name, alter := range map[string]func(*token){
				"another payload":            func(f *token) { f.signed += "A" },
				"another signature":          func(f *token) { f.signature = append([]byte{f.signature[0] ^ 1}, f.signature[1:]...) },
				"no signature":               func(f *token) { f.signature = nil },
				"half a signature":           func(f *token) { f.signature = f.signature[:len(f.signature)/2] },
				"no algorithm":               func(f *token) { f.alg = "none" },
				"an algorithm with a secret": func(f *token) { f.alg = "HS256" },
				"another algorithm":          func(f *token) { f.alg = map[bool]string{true: "RS256", false: "PS512"}[f.alg != "RS256"] },
			} {
				forged := good
				alter(&forged)
				if err := forged.prove(context.Background(), published(t, keys[alg])); !errors.Is(err, ErrTokenInvalid) {
					t.Errorf("%s: error is %v", name, err)
				}
			}
			if err := good.prove(context.Background(), published(t, signers(t)[alg])); !errors.Is(err, ErrTokenInvalid) {
				t.Errorf("another key: error is %v", err)
			}
		})
	}
}
