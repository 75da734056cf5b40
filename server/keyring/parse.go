package keyring

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/googlelogin/operator/server/config"
)

const (
	algorithm = "ES256"
	// maxFile bounds what is read of a key file. Sixteen keys are about 8 KB.
	maxFile = 1 << 20
)

// key is one signing key, checked.
type key struct {
	kid        string
	private    *ecdsa.PrivateKey
	public     jose.JSONWebKey
	activateAt time.Time
	retireAt   time.Time
}

func (k key) retired(now time.Time) bool { return !k.retireAt.IsZero() && !now.Before(k.retireAt) }

func (k key) active(now time.Time) bool { return !now.Before(k.activateAt) && !k.retired(now) }

func readFile(path string) (config.SigningKeys, error) {
	f, err := os.Open(path)
	if err != nil {
		return config.SigningKeys{}, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return config.SigningKeys{}, err
	}
	if len(content) > maxFile {
		return config.SigningKeys{}, fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	var keys config.SigningKeys
	decoder := json.NewDecoder(bytes.NewReader(content))
	if err := decoder.Decode(&keys); err != nil {
		// The decoder's own words may quote the file, and the file is secret.
		return config.SigningKeys{}, fmt.Errorf("%s is not a document of signing keys", path)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return config.SigningKeys{}, fmt.Errorf("%s has data behind the document of signing keys", path)
	}
	return keys, nil
}

func parseKeys(document config.SigningKeys) ([]key, error) {
	seen := map[string]bool{}
	var keys []key
	for i, entry := range document.Keys {
		k, err := parseKey(entry)
		if err != nil {
			return nil, fmt.Errorf("keys[%d]: %w", i, err)
		}
		if seen[k.kid] {
			return nil, fmt.Errorf("keys[%d]: the kid %q is there twice", i, k.kid)
		}
		seen[k.kid] = true
		keys = append(keys, k)
	}
	return keys, nil
}

func parseKey(entry config.SigningKey) (key, error) {
	var jwk jose.JSONWebKey
	// Errors here are ours alone: the library's could quote the private key.
	if err := json.Unmarshal(entry.JWK, &jwk); err != nil || !jwk.Valid() {
		return key{}, errors.New("jwk is not a JSON Web Key")
	}
	private, ok := jwk.Key.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return key{}, errors.New("jwk is not a private EC key on P-256")
	}
	if err := checkPair(private); err != nil {
		return key{}, err
	}
	if jwk.Algorithm != algorithm || (jwk.Use != "" && jwk.Use != "sig") {
		return key{}, fmt.Errorf("jwk is not for signing with %s", algorithm)
	}
	thumbprint, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return key{}, errors.New("jwk has no thumbprint")
	}
	if jwk.KeyID != base64.RawURLEncoding.EncodeToString(thumbprint) {
		return key{}, errors.New("kid is not the key's RFC 7638 thumbprint")
	}
	if entry.ActivateAt.IsZero() {
		return key{}, errors.New("activateAt is missing")
	}
	public := jose.JSONWebKey{Key: &private.PublicKey, KeyID: jwk.KeyID, Algorithm: algorithm, Use: "sig"}
	return key{kid: jwk.KeyID, private: private, public: public, activateAt: entry.ActivateAt, retireAt: entry.RetireAt}, nil
}

// checkPair refuses a private key that does not belong to the public one beside it: such a key would sign tokens that nobody
// can verify.
func checkPair(private *ecdsa.PrivateKey) error {
	raw, err := private.Bytes()
	if err != nil {
		return errors.New("jwk has an invalid private key")
	}
	derived, err := ecdsa.ParseRawPrivateKey(private.Curve, raw)
	if err != nil || !derived.PublicKey.Equal(&private.PublicKey) {
		return errors.New("jwk's private and public parts are not of one key")
	}
	return nil
}
