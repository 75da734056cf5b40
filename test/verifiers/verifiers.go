// Package verifiers are services that verify our tokens offline, each with another library, as teams do: they know nothing but the
// issuer, the audience and the key set, which they cache for as long as they may and not a moment less.
package verifiers

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwk"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"
)

// Fetch gets a key set, and how long it may be cached.
type Fetch func() (jwks []byte, maxAge time.Duration, err error)

// Verifier is one service. It must not be used by two goroutines at once.
type Verifier struct {
	Name             string
	issuer, audience string
	accept           func(v *Verifier, token string, now time.Time) error

	// keys and set are the cached key set, as one library and as the other reads it.
	keys    map[string]*ecdsa.PublicKey
	set     jwk.Set
	fetched time.Time
	maxAge  time.Duration
}

// All returns one service of each library.
func All(issuer, audience string) []*Verifier {
	return []*Verifier{
		{Name: "golang-jwt", issuer: issuer, audience: audience, accept: (*Verifier).golangJWT},
		{Name: "go-oidc", issuer: issuer, audience: audience, accept: (*Verifier).goOIDC},
		{Name: "jwx", issuer: issuer, audience: audience, accept: (*Verifier).jwx},
	}
}

// Refresh fetches the key set if the one that is cached may not be used any more.
func (v *Verifier) Refresh(now time.Time, fetch Fetch) error {
	if v.set != nil && now.Sub(v.fetched) < v.maxAge {
		return nil
	}
	jwks, maxAge, err := fetch()
	if err != nil {
		return fmt.Errorf("fetch key set: %w", err)
	}
	keys, err := publicKeys(jwks)
	if err != nil {
		return fmt.Errorf("read key set: %w", err)
	}
	set, err := jwk.Parse(jwks)
	if err != nil {
		return fmt.Errorf("read key set: %w", err)
	}
	v.keys, v.set, v.maxAge, v.fetched = keys, set, maxAge, now
	return nil
}

// Verify accepts a token by the cached key set, or says why not. A token whose key is not in it is refused: a service that asks
// again for each unknown key can be made to ask without end.
func (v *Verifier) Verify(token string, now time.Time) error {
	if err := v.accept(v, token, now); err != nil {
		return fmt.Errorf("%s: %w", v.Name, err)
	}
	return nil
}

func publicKeys(jwks []byte) (map[string]*ecdsa.PublicKey, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(jwks, &set); err != nil {
		return nil, err
	}
	keys := map[string]*ecdsa.PublicKey{}
	for _, key := range set.Keys {
		public, ok := key.Key.(*ecdsa.PublicKey)
		if !ok {
			return nil, fmt.Errorf("key %s is no ECDSA key", key.KeyID)
		}
		keys[key.KeyID] = public
	}
	return keys, nil
}

func (v *Verifier) golangJWT(token string, now time.Time) error {
	_, err := jwt.Parse(token, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		if key, ok := v.keys[kid]; ok {
			return key, nil
		}
		return nil, errors.New("the cached key set lacks the token's key")
	}, jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(v.issuer), jwt.WithAudience(v.audience), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }))
	return err
}

func (v *Verifier) goOIDC(token string, now time.Time) error {
	var known []crypto.PublicKey
	for _, key := range v.keys {
		known = append(known, key)
	}
	_, err := oidc.NewVerifier(v.issuer, &oidc.StaticKeySet{PublicKeys: known}, &oidc.Config{
		ClientID: v.audience, SupportedSigningAlgs: []string{oidc.ES256}, Now: func() time.Time { return now },
	}).Verify(context.Background(), token)
	return err
}

func (v *Verifier) jwx(token string, now time.Time) error {
	_, err := jwxjwt.Parse([]byte(token), jwxjwt.WithKeySet(v.set), jwxjwt.WithIssuer(v.issuer), jwxjwt.WithAudience(v.audience),
		jwxjwt.WithClock(jwxjwt.ClockFunc(func() time.Time { return now })), jwxjwt.WithRequiredClaim(jwxjwt.ExpirationKey))
	return err
}
