package google

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

const (
	// minRSABits is what RFC 7518 asks for.
	minRSABits = 2048
	// maxKeys bounds what a key document can make us parse.
	maxKeys = 64
)

// publicKey is one published key that may verify signatures.
type publicKey struct {
	id  string
	alg string // empty: whatever its type can do
	key any
}

// parseKeys takes the keys that can verify and passes over all others: one odd key must not take the good ones away.
func parseKeys(doc object) ([]publicKey, error) {
	var raws []json.RawMessage
	if json.Unmarshal(doc["keys"], &raws) != nil {
		return nil, invalid("no list of keys")
	}
	keys := []publicKey{}
	for _, raw := range raws[:min(len(raws), maxKeys)] {
		if key, ok := parseKey(raw); ok {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func parseKey(raw json.RawMessage) (publicKey, bool) {
	var use struct {
		Use    string   `json:"use"`
		KeyOps []string `json:"key_ops"`
	}
	if json.Unmarshal(raw, &use) != nil {
		return publicKey{}, false
	}
	if use.Use != "" && use.Use != "sig" || use.KeyOps != nil && !slices.Contains(use.KeyOps, "verify") {
		return publicKey{}, false
	}
	var jwk jose.JSONWebKey
	if jwk.UnmarshalJSON(raw) != nil || !jwk.IsPublic() || !jwk.Valid() {
		return publicKey{}, false
	}
	return publicKey{id: jwk.KeyID, alg: jwk.Algorithm, key: jwk.Key}, true
}

// fits reports whether the key may verify alg: by its own alg, if it has one, and by its type.
func (k publicKey) fits(alg string) bool {
	return (k.alg == "" || k.alg == alg) && k.able(alg)
}

func (k publicKey) able(alg string) bool {
	switch key := k.key.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= minRSABits && slices.Contains([]string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, alg)
	case *ecdsa.PublicKey:
		return map[string]int{"ES256": 256, "ES384": 384, "ES512": 521}[alg] == key.Curve.Params().BitSize
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}
