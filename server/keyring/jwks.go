package keyring

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// jwks is a key set as it is published.
type jwks struct {
	body []byte
	etag string
	// until is when the next key leaves the set; zero if none will.
	until time.Time
}

// JWKS returns the public keys as a JWK set (RFC 7517) and its entity tag. The same keys give the same bytes. The caller must
// not change them.
func (k *Keyring) JWKS() (body []byte, etag string) {
	now := k.now()
	k.mu.RLock()
	published := k.published
	k.mu.RUnlock()
	if published.until.IsZero() || now.Before(published.until) {
		return published.body, published.etag
	}

	k.mu.Lock()
	defer k.mu.Unlock()
	fresh, err := makeJWKS(k.keys, now)
	if err != nil {
		// These keys have been marshalled before, and a retired key too many is better than none.
		return published.body, published.etag
	}
	k.published = fresh
	return fresh.body, fresh.etag
}

// makeJWKS publishes the keys that are not retired, in the order they have.
func makeJWKS(keys []key, now time.Time) (jwks, error) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	var until time.Time
	for _, k := range keys {
		if k.retired(now) {
			continue
		}
		set.Keys = append(set.Keys, k.public)
		if !k.retireAt.IsZero() && (until.IsZero() || k.retireAt.Before(until)) {
			until = k.retireAt
		}
	}
	body, err := json.Marshal(set)
	if err != nil {
		return jwks{}, err
	}
	return jwks{body: body, etag: entityTag(body), until: until}, nil
}

func emptyJWKS() jwks {
	body := []byte(`{"keys":[]}`)
	return jwks{body: body, etag: entityTag(body)}
}

func entityTag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}
