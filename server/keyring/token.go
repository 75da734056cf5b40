package keyring

import (
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// maxToken bounds what is parsed at all. Our own tokens fit a cookie.
const maxToken = 8 << 10

// Sign returns a compact JWT of this type, signed with the current key.
func (k *Keyring) Sign(typ string, claims jwt.Claims) (string, error) {
	k.mu.RLock()
	signer, err := k.current(k.now())
	k.mu.RUnlock()
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["typ"] = typ
	token.Header["kid"] = signer.kid
	signed, err := token.SignedString(signer.private)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}

// Verify checks that the token is of this type and signed by a key of ours, reads its claims, and checks those that it has: exp,
// nbf. Issuer, audience and which claims must be there are the caller's, by opts. An expired token is jwt.ErrTokenExpired.
func (k *Keyring) Verify(token, typ string, claims jwt.Claims, opts ...jwt.ParserOption) error {
	if len(token) > maxToken {
		return errors.New("verify token: too long")
	}
	options := append([]jwt.ParserOption{
		jwt.WithValidMethods([]string{algorithm}),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(k.now),
	}, opts...)
	_, err := jwt.NewParser(options...).ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) {
		return k.verificationKey(t, typ)
	})
	if err != nil {
		return fmt.Errorf("verify token: %w", err)
	}
	return nil
}

// verificationKey looks at the header. Keys that it carries or points to (jwk, jku, x5c, x5u) are not looked at.
func (k *Keyring) verificationKey(t *jwt.Token, typ string) (any, error) {
	if t.Header["typ"] != typ {
		return nil, errors.New("token is of another type")
	}
	// RFC 7515, 4.1.11: whoever does not understand an extension named here must refuse, and we understand none.
	if _, critical := t.Header["crit"]; critical {
		return nil, errors.New("token has critical extensions")
	}
	kid, ok := t.Header["kid"].(string)
	if !ok {
		return nil, errors.New("token names no key")
	}
	found, ok := k.find(kid)
	if !ok {
		return nil, errors.New("token names an unknown key")
	}
	return &found.private.PublicKey, nil
}
