// Package publickey reads the public keys that others publish as a JWKS (RFC 7517), and chooses the one that verifies a token.
//
// It fetches nothing and verifies nothing: where keys come from, and which algorithms a token may have, its callers say.
package publickey

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

const (
	// minRSABits is what RFC 7518 asks for.
	minRSABits = 2048
	// maxKeys bounds what a key document can make us parse.
	maxKeys = 64
)

// Key is one published key that may verify signatures.
type Key struct {
	// ID is the kid; empty if the key has none.
	ID string
	// Public is an *rsa.PublicKey, an *ecdsa.PublicKey or an ed25519.PublicKey.
	Public any

	algorithm string // empty: whatever its type can do
}

var (
	// ErrNone says that no key fits.
	ErrNone = errors.New("no published key fits")
	// ErrSeveral says that two keys fit, which is one too many.
	ErrSeveral = errors.New("several published keys fit")
)

// Parse takes the keys that can verify and passes over all others: one odd key must not take the good ones away.
func Parse(raws []json.RawMessage) []Key {
	keys := []Key{}
	for _, raw := range raws[:min(len(raws), maxKeys)] {
		if key, ok := parse(raw); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

func parse(raw json.RawMessage) (Key, bool) {
	var use struct {
		Use    string   `json:"use"`
		KeyOps []string `json:"key_ops"`
	}
	if json.Unmarshal(raw, &use) != nil {
		return Key{}, false
	}
	if use.Use != "" && use.Use != "sig" || use.KeyOps != nil && !slices.Contains(use.KeyOps, "verify") {
		return Key{}, false
	}
	var jwk jose.JSONWebKey
	if jwk.UnmarshalJSON(raw) != nil || !jwk.IsPublic() || !jwk.Valid() {
		return Key{}, false
	}
	return Key{ID: jwk.KeyID, Public: jwk.Key, algorithm: jwk.Algorithm}, true
}

// Choose picks by kid, or the only key that fits where the token names none.
func Choose(keys []Key, alg, kid string) (Key, error) {
	var fit []Key
	for _, key := range keys {
		if key.Fits(alg) && (kid == "" || key.ID == kid) {
			fit = append(fit, key)
		}
	}
	switch {
	case len(fit) == 0:
		return Key{}, ErrNone
	case len(fit) > 1:
		return Key{}, ErrSeveral
	}
	return fit[0], nil
}

// Fits reports whether the key may verify alg: by its own alg, if it has one, and by its type.
func (k Key) Fits(alg string) bool {
	return (k.algorithm == "" || k.algorithm == alg) && k.able(alg)
}

func (k Key) able(alg string) bool {
	switch key := k.Public.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= minRSABits && slices.Contains([]string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, alg)
	case *ecdsa.PublicKey:
		return map[string]int{"ES256": 256, "ES384": 384, "ES512": 521}[alg] == key.Curve.Params().BitSize
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}
