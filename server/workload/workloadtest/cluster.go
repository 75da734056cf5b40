// Package workloadtest plays the part of a cluster that signs ServiceAccount tokens.
package workloadtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// Issuer is what a cluster calls itself unless it is told otherwise.
const Issuer = "https://kubernetes.default.svc.cluster.local"

// Cluster has a signing key.
type Cluster struct {
	t   testing.TB
	now func() time.Time
	// Method and Key sign.
	Method jwt.SigningMethod
	Key    crypto.Signer
	KeyID  string
}

// RSA is a cluster as most are, with an RSA key.
func RSA(t testing.TB, now func() time.Time) *Cluster {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return &Cluster{t, now, jwt.SigningMethodRS256, key, "rsa-key"}
}

// ECDSA is a cluster with a key on P-256.
func ECDSA(t testing.TB, now func() time.Time) *Cluster {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &Cluster{t, now, jwt.SigningMethodES256, key, "ecdsa-key"}
}

// JWKS is what the API server publishes at /openid/v1/jwks.
func (c *Cluster) JWKS() []byte {
	c.t.Helper()
	content, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: c.Key.Public(), KeyID: c.KeyID, Algorithm: c.Method.Alg(), Use: "sig"},
	}})
	if err != nil {
		c.t.Fatal(err)
	}
	return content
}

// WriteJWKS puts the JWKS into a file.
func (c *Cluster) WriteJWKS(path string) {
	c.t.Helper()
	if err := os.WriteFile(path, c.JWKS(), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// Claims are those of a projected token of the audience "googlelogin", an hour long.
func (c *Cluster) Claims(namespace, name string) jwt.MapClaims {
	now := c.now().Unix()
	return jwt.MapClaims{
		"iss": Issuer, "aud": []string{"googlelogin"}, "sub": "system:serviceaccount:" + namespace + ":" + name,
		"exp": now + 3600, "nbf": now, "iat": now, "jti": "3f6c3a52-6f5c-4e6c-9a55-d15d93a2f6a6",
		"kubernetes.io": map[string]any{
			"namespace":      namespace,
			"node":           map[string]any{"name": "node-1", "uid": "4d5a3c7e-93a6-4c39-a7f2-5f7f0d1c2b11"},
			"pod":            map[string]any{"name": name + "-0", "uid": "7c0a2f0e-0a15-4a5f-8f3f-7f2a5f8f9b22"},
			"serviceaccount": map[string]any{"name": name, "uid": "b3c1f6de-0a57-4a0e-b61c-1a2b3c4d5e33"},
		},
	}
}

// Token is a projected token of the audience "googlelogin".
func (c *Cluster) Token(namespace, name string) string {
	c.t.Helper()
	return c.Sign(c.Claims(namespace, name), nil)
}

// Sign makes a token of any claims; header changes its header, nil removing a field.
func (c *Cluster) Sign(claims jwt.Claims, header map[string]any) string {
	c.t.Helper()
	token := jwt.NewWithClaims(c.Method, claims)
	// The API server's tokens have no typ.
	delete(token.Header, "typ")
	token.Header["kid"] = c.KeyID
	maps.Copy(token.Header, header)
	maps.DeleteFunc(token.Header, func(_ string, value any) bool { return value == nil })
	signed, err := token.SignedString(c.Key)
	if err != nil {
		c.t.Fatal(err)
	}
	return signed
}
