package rotation

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/googlelogin/operator/server/config"
)

// Algorithm is the JWT algorithm of every key: ECDSA on P-256 with SHA-256.
const Algorithm = string(jose.ES256)

// Initial returns the key file of a new GoogleLogin: key alone, published and active as of now. Times are in UTC and whole
// seconds, so that what is written is what is read back.
func Initial(now time.Time, key *ecdsa.PrivateKey) (config.SigningKeys, error) {
	jwk, err := encode(key)
	if err != nil {
		return config.SigningKeys{}, err
	}
	now = now.UTC().Truncate(time.Second)
	return config.SigningKeys{Keys: []config.SigningKey{{
		JWK:         jwk,
		State:       config.KeyCurrent,
		PublishedAt: now,
		ActivateAt:  now,
	}}}, nil
}

func encode(key *ecdsa.PrivateKey) (json.RawMessage, error) {
	jwk := jose.JSONWebKey{Key: key, Algorithm: Algorithm, Use: "sig"}
	kid, err := thumbprint(&jwk)
	if err != nil {
		return nil, err
	}
	jwk.KeyID = kid
	encoded, err := jwk.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encode signing key: %w", err)
	}
	return encoded, nil
}

// thumbprint is the kid of a key, RFC 7638: it follows from the key, so two keys never share one, and nobody has to count.
func thumbprint(jwk *jose.JSONWebKey) (string, error) {
	sum, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("compute the key's thumbprint: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}
