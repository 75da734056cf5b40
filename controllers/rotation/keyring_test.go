package rotation_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"encoding/json"
	"errors"
	"math/rand"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/controllers/rotation"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/keyring"
)

// replica is a server's keyring, whose file is as old as its delay.
type replica struct {
	*keyring.Keyring
	delay  time.Duration
	loaded time.Time
}

// issued is a token that is out.
type issued struct {
	token string
	exp   time.Time
}

// cachingVerifier is a service that fetches the key set no more often than it may.
type cachingVerifier struct {
	keys    map[string]any
	fetched time.Time
}

func (v *cachingVerifier) refresh(t *testing.T, from *replica, now time.Time, maxAge time.Duration) {
	t.Helper()
	if v.keys != nil && now.Sub(v.fetched) < maxAge {
		return
	}
	body, _ := from.JWKS()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatal(err)
	}
	v.keys, v.fetched = map[string]any{}, now
	for _, key := range set.Keys {
		v.keys[key.KeyID] = key.Key
	}
}

func (v *cachingVerifier) verify(token string, now time.Time) error {
	_, err := jwt.Parse(token, func(t *jwt.Token) (any, error) {
		key, ok := v.keys[t.Header["kid"].(string)]
		if !ok {
			return nil, errors.New("the cached key set lacks the token's key")
		}
		return key, nil
	}, jwt.WithValidMethods([]string{"ES256"}), jwt.WithTimeFunc(func() time.Time { return now }))
	return err
}

// TestM1_TwentyRotationsNobodyNotices runs the server's own keyrings, three replicas that read with different delays and restart
// now and then, through twenty rotations: every token verifies at every replica and at a verifier that caches the key set, when
// it is new and a second before it expires.
func TestM1_TwentyRotationsNobodyNotices(t *testing.T) {
	const ttl = time.Minute
	policy := rotation.Policy{Period: time.Minute, PrePublish: 30 * time.Second, JWKSMaxAge: 5 * time.Second,
		Retain: rotation.SigningRetain(ttl, 5*time.Second), MaxKeys: 16}
	random := rand.New(rand.NewSource(1))
	now := start
	clock := func() time.Time { return now }
	newRing := func() *keyring.Keyring {
		return keyring.New(keyring.Options{JWKSMaxAge: policy.JWKSMaxAge, Now: clock})
	}
	fresh := func() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader) }

	keys := initial(t, start)
	written := []time.Time{start}
	files := []config.SigningKeys{keys}
	replicas := []*replica{{newRing(), 0, time.Time{}}, {newRing(), 12 * time.Second, time.Time{}}, {newRing(), 25 * time.Second, time.Time{}}}
	verifiers := make([]cachingVerifier, len(replicas))
	signers, activated := map[string]bool{}, 0
	var out []issued

	for ; activated < 20; now = now.Add(time.Second) {
		next, decision, err := rotation.Plan(keys, policy, now, rotation.None, fresh)
		if err != nil {
			t.Fatal(err)
		}
		if decision.Changed {
			keys, written, files = next, append(written, now), append(files, next)
		}
		for _, e := range decision.Events {
			if e.Kind == rotation.Activated {
				activated++
			}
		}
		for _, r := range replicas {
			if random.Intn(50) == 0 {
				r.Keyring, r.loaded = newRing(), time.Time{}
			}
			r.catchUp(t, written, files, now)
		}
		for i := range verifiers {
			verifiers[i].refresh(t, replicas[i], now, policy.JWKSMaxAge)
		}
		var due []issued
		for _, r := range replicas {
			token, err := r.Sign("at+jwt", jwt.RegisteredClaims{ExpiresAt: jwt.NewNumericDate(now.Add(ttl))})
			if err != nil {
				t.Fatal(err)
			}
			parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
			if err != nil {
				t.Fatal(err)
			}
			signers[parsed.Header["kid"].(string)] = true
			out = append(out, issued{token, now.Add(ttl)})
			due = append(due, issued{token, now})
		}
		for len(out) > 0 && !now.Before(out[0].exp.Add(-time.Second)) {
			due, out = append(due, out[0]), out[1:]
		}
		for _, token := range due {
			for i := range verifiers {
				if err := verifiers[i].verify(token.token, now); err != nil {
					t.Fatalf("after %s a verifier that caches: %v", now.Sub(start), err)
				}
				if err := replicas[i].Verify(token.token, "at+jwt", &jwt.RegisteredClaims{}); err != nil {
					t.Fatalf("after %s a replica: %v", now.Sub(start), err)
				}
			}
		}
	}
	if len(signers) < 20 {
		t.Errorf("only %d keys have signed", len(signers))
	}
}

// catchUp loads the file that has reached the replica by now, if it is another than before.
func (r *replica) catchUp(t *testing.T, written []time.Time, files []config.SigningKeys, now time.Time) {
	t.Helper()
	latest := 0
	for i, at := range written {
		if !at.After(now.Add(-r.delay)) {
			latest = i
		}
	}
	if r.loaded.Equal(written[latest]) {
		return
	}
	if err := r.Replace(files[latest]); err != nil {
		t.Fatal(err)
	}
	r.loaded = written[latest]
}
