package rotation_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"math/rand"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/controllers/rotation"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/keyring"
	"github.com/googlelogin/operator/test/verifiers"
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

const (
	rotationIssuer   = "https://shop.example.com/auth"
	rotationAudience = "shop"
)

// TestM1_M2_TwentyRotationsNobodyNotices runs the server's own keyrings, three replicas that read with different delays and restart
// now and then, through twenty rotations: every token verifies at every replica, and at three services with a library each, which
// cache the key set of one replica as long as they may, when it is new and a second before it expires.
func TestM1_M2_TwentyRotationsNobodyNotices(t *testing.T) {
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
	services := verifiers.All(rotationIssuer, rotationAudience)
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
		for i, service := range services {
			err := service.Refresh(now, func() ([]byte, time.Duration, error) {
				body, _ := replicas[i].JWKS()
				return body, policy.JWKSMaxAge, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		var due []issued
		for _, r := range replicas {
			token, err := r.Sign("at+jwt", jwt.RegisteredClaims{
				Issuer: rotationIssuer, Audience: jwt.ClaimStrings{rotationAudience}, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
			})
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
			for i, service := range services {
				if err := service.Verify(token.token, now); err != nil {
					t.Fatalf("after %s a service that caches: %v", now.Sub(start), err)
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
