//go:build snippets

package snippets

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/controllers/rotation"
	"github.com/googlelogin/operator/server/keyring"
)

// issuer publishes the keys as the callback server does, by its own keyring, and signs tokens with it.
type issuer struct {
	*httptest.Server
	keys    *keyring.Keyring
	private *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{keys: keyring.New(keyring.Options{}), private: newKey(t)}
	i.replace(t, i.private)
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/auth/jwks.json" {
			http.NotFound(w, r)
			return
		}
		body, _ := i.keys.JWKS()
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", "public, max-age=900")
		_, _ = w.Write(body)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) url() string { return i.URL + "/auth" }

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func (i *issuer) replace(t *testing.T, private *ecdsa.PrivateKey) {
	t.Helper()
	document, err := rotation.Initial(time.Now().Add(-time.Hour), private)
	if err != nil {
		t.Fatal(err)
	}
	if err := i.keys.Replace(document); err != nil {
		t.Fatal(err)
	}
}

func (i *issuer) claims() jwt.MapClaims {
	now := time.Now()
	return jwt.MapClaims{
		"iss": i.url(), "aud": []string{"shop"}, "sub": "user", "sid": "session", "email": "ann@example.com",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
}

// sign makes a token; edit makes something about it wrong.
func (i *issuer) sign(t *testing.T, method jwt.SigningMethod, key any, edit func(header map[string]any, claims jwt.MapClaims)) string {
	t.Helper()
	jwk := jose.JSONWebKey{Key: &i.private.PublicKey}
	thumbprint, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	claims := i.claims()
	token := jwt.NewWithClaims(method, claims)
	token.Header["typ"], token.Header["kid"] = "at+jwt", base64.RawURLEncoding.EncodeToString(thumbprint)
	edit(token.Header, claims)
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// publicKey is what everybody can make of the key set.
func (i *issuer) publicKey(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(i.private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// tokens are by what is wrong with them; the good ones say so.
func (i *issuer) tokens(t *testing.T) map[string]string {
	t.Helper()
	es256 := func(edit func(header map[string]any, claims jwt.MapClaims)) string {
		return i.sign(t, jwt.SigningMethodES256, i.private, edit)
	}
	claim := func(name string, value any) string {
		return es256(func(_ map[string]any, claims jwt.MapClaims) {
			if claims[name] = value; value == nil {
				delete(claims, name)
			}
		})
	}
	header := func(name string, value any) string {
		return es256(func(header map[string]any, _ jwt.MapClaims) { header[name] = value })
	}
	none := func(map[string]any, jwt.MapClaims) {}
	good, past, future := es256(none), time.Now().Add(-time.Hour).Unix(), time.Now().Add(time.Hour).Unix()
	content, body := claim("sub", "somebody else"), good[:strings.LastIndexByte(good, '.')]
	stranger := newKey(t)
	own := jose.JSONWebKey{Key: &stranger.PublicKey}
	forged := content[:strings.LastIndexByte(content, '.')] + good[strings.LastIndexByte(good, '.'):]
	return map[string]string{
		"good":                         good,
		"good, of several audiences":   claim("aud", []string{"office", "shop"}),
		"another audience":             claim("aud", []string{"office"}),
		"no audience":                  claim("aud", nil),
		"another issuer":               claim("iss", i.url()+"/"),
		"no issuer":                    claim("iss", nil),
		"expired":                      claim("exp", past),
		"no expiry":                    claim("exp", nil),
		"not valid yet":                claim("nbf", future),
		"no nbf":                       claim("nbf", nil),
		"no subject":                   claim("sub", nil),
		"no session":                   claim("sid", nil),
		"another type":                 header("typ", "JWT"),
		"critical extensions":          header("crit", []string{"unheard-of"}),
		"an unknown key":               header("kid", "unknown"),
		"alg none":                     i.sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, none),
		"HS256":                        i.sign(t, jwt.SigningMethodHS256, []byte("secret"), none),
		"another key":                  i.sign(t, jwt.SigningMethodES256, newKey(t), none),
		"the signature of another one": forged,
		"a key of its own":             i.sign(t, jwt.SigningMethodES256, stranger, func(header map[string]any, _ jwt.MapClaims) { header["jwk"] = own }),
		"HS256 by the public key":      i.sign(t, jwt.SigningMethodHS256, i.publicKey(t), none),
		"HS256 by nothing":             i.sign(t, jwt.SigningMethodHS256, []byte{}, none),
		"no signature":                 body + ".",
		"a signature of zeros":         body + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)),
		"no token":                     "not a token",
	}
}
