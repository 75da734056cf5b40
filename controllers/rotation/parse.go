package rotation

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/go-jose/go-jose/v4"

	"github.com/googlelogin/operator/server/config"
)

// Parse reads a key file and checks it as strictly as the server does. Its errors say what is wrong with which key, by its
// place in the file, and never quote the file: it is all secret.
func Parse(content []byte) (config.SigningKeys, error) {
	var keys config.SigningKeys
	if err := decodeStrictly(content, &keys); err != nil {
		return config.SigningKeys{}, err
	}
	if len(keys.Keys) == 0 {
		return config.SigningKeys{}, errors.New("it holds no key")
	}
	seen := map[string]bool{}
	for i, key := range keys.Keys {
		kid, err := check(key)
		if err != nil {
			return config.SigningKeys{}, fmt.Errorf("keys[%d] %w", i, err)
		}
		if seen[kid] {
			return config.SigningKeys{}, fmt.Errorf("keys[%d] is there twice", i)
		}
		seen[kid] = true
	}
	return keys, nil
}

// decodeStrictly drops the decoder's own errors on purpose: they quote what they stumble over.
func decodeStrictly(content []byte, into *config.SigningKeys) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return errors.New("it is not a JSON document of signing keys")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON document")
	}
	return nil
}

// check returns the kid of a key that can sign.
func check(key config.SigningKey) (string, error) {
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(key.JWK); err != nil {
		return "", errors.New("is not a JSON Web Key")
	}
	private, ok := jwk.Key.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return "", errors.New("is not a private key on the curve P-256")
	}
	if jwk.Algorithm != Algorithm {
		return "", errors.New("does not have alg ES256")
	}
	kid, err := thumbprint(&jwk)
	if err != nil || jwk.KeyID != kid {
		return "", errors.New("does not have its RFC 7638 thumbprint as kid")
	}
	if key.ActivateAt.IsZero() || key.PublishedAt.IsZero() {
		return "", errors.New("lacks publishedAt or activateAt")
	}
	return kid, nil
}
