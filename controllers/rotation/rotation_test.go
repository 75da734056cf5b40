package rotation_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/controllers/rotation"
	"github.com/googlelogin/operator/server/config"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func initial(t *testing.T, at time.Time) config.SigningKeys {
	t.Helper()
	keys, err := rotation.Initial(at, newKey(t, elliptic.P256()))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestInitialKeySignsAtOnce(t *testing.T) {
	keys := initial(t, start.Add(300*time.Millisecond))
	parsed, err := rotation.Parse(encode(t, keys))
	if err != nil {
		t.Fatal(err)
	}
	got := rotation.States(parsed, start.Add(time.Second))
	if len(got) != 1 || got[0].KID == "" {
		t.Fatalf("states %+v, want one key with a kid", got)
	}
	want := []rotation.Key{{KID: got[0].KID, Algorithm: "ES256", State: config.KeyCurrent, PublishedAt: start, ActivateAt: start}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestStatesFollowTheClock(t *testing.T) {
	var keys config.SigningKeys
	for _, at := range []time.Time{start.Add(time.Hour), start, start.Add(-time.Hour), start.Add(-2 * time.Hour)} {
		keys.Keys = append(keys.Keys, initial(t, at).Keys...)
	}
	keys.Keys[2].RetireAt = start.Add(10 * time.Minute)
	keys.Keys[3].RetireAt = start
	type view struct {
		activate time.Duration
		state    config.KeyState
	}
	for _, row := range []struct {
		name string
		now  time.Time
		want []view
	}{
		{"the latest that is active signs, the one before only verifies, a retired one is gone", start,
			[]view{{-time.Hour, config.KeyPrevious}, {0, config.KeyCurrent}, {time.Hour, config.KeyNext}}},
		{"a key leaves at its retireAt", start.Add(10 * time.Minute),
			[]view{{0, config.KeyCurrent}, {time.Hour, config.KeyNext}}},
		{"the next key signs from its activateAt on", start.Add(time.Hour),
			[]view{{0, config.KeyPrevious}, {time.Hour, config.KeyCurrent}}},
		{"nothing signs before the first activateAt", start.Add(-3 * time.Hour),
			[]view{{-2 * time.Hour, config.KeyNext}, {-time.Hour, config.KeyNext}, {0, config.KeyNext}, {time.Hour, config.KeyNext}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got []view
			for _, key := range rotation.States(keys, row.now) {
				got = append(got, view{key.ActivateAt.Sub(start), key.State})
			}
			if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(view{})); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	good := initial(t, start)
	jwk := func(key any, alg, kid string) json.RawMessage {
		return encode(t, jose.JSONWebKey{Key: key, Algorithm: alg, KeyID: kid})
	}
	withJWK := func(raw json.RawMessage) []byte {
		return encode(t, config.SigningKeys{Keys: []config.SigningKey{{JWK: raw, PublishedAt: start, ActivateAt: start}}})
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p256 := newKey(t, elliptic.P256())
	undated := initial(t, start)
	undated.Keys[0].ActivateAt = time.Time{}
	for _, row := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"nothing", nil, "not a JSON document"},
		{"something else than JSON", []byte("secret-canary"), "not a JSON document"},
		{"a member that is unknown", []byte(`{"keys":[],"kyes":[]}`), "not a JSON document"},
		{"a second document", append(encode(t, good), []byte(`{"keys":[]}`)...), "something follows"},
		{"no key", []byte(`{"keys":[]}`), "holds no key"},
		{"a key that is no JWK", withJWK(json.RawMessage(`{"kty":"secret-canary"}`)), "keys[0] is not a JSON Web Key"},
		{"a public key", withJWK(jwk(&p256.PublicKey, "ES256", "k")), "keys[0] is not a private key on the curve P-256"},
		{"another curve", withJWK(jwk(newKey(t, elliptic.P384()), "ES256", "k")), "keys[0] is not a private key on the curve P-256"},
		{"an RSA key", withJWK(jwk(rsaKey, "RS256", "k")), "keys[0] is not a private key on the curve P-256"},
		{"a symmetric key", withJWK(jwk([]byte("secret-canary"), "HS256", "k")), "keys[0] is not a private key on the curve P-256"},
		{"another algorithm", withJWK(jwk(p256, "ES384", "k")), "keys[0] does not have alg ES256"},
		{"a kid of somebody's own making", withJWK(jwk(p256, "ES256", "k")), "keys[0] does not have its RFC 7638 thumbprint as kid"},
		{"a key without its times", encode(t, undated), "keys[0] lacks publishedAt or activateAt"},
		{"the same key twice", encode(t, config.SigningKeys{Keys: append(good.Keys, good.Keys...)}), "keys[1] is there twice"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := rotation.Parse(row.content)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Fatalf("error %v, want one with %q", err, row.want)
			}
			if strings.Contains(err.Error(), "secret-canary") {
				t.Errorf("the error quotes the file: %v", err)
			}
		})
	}
}
