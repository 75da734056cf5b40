package verify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/server/verify"
)

const issuerURL = "https://shop.example.com/auth"

// issuer publishes keys and signs tokens with them.
type issuer struct {
	*httptest.Server
	t testing.TB

	mu       sync.Mutex
	keys     map[string]*ecdsa.PrivateKey
	status   int
	document string
	asked    int
	time     time.Time
}

func newIssuer(t testing.TB, kids ...string) *issuer {
	t.Helper()
	i := &issuer{t: t, keys: map[string]*ecdsa.PrivateKey{}, status: http.StatusOK, time: time.Now().Truncate(time.Second)}
	for _, kid := range kids {
		i.addKey(kid)
	}
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) addKey(kid string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	i.change(func() { i.keys[kid] = private })
}

func (i *issuer) change(edit func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	edit()
}

func (i *issuer) now() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.time
}

func (i *issuer) pass(d time.Duration) { i.change(func() { i.time = i.time.Add(d) }) }

func (i *issuer) fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked++
	w.Header().Set("Cache-Control", "public, max-age=900")
	w.WriteHeader(i.status)
	if i.document != "" {
		fmt.Fprint(w, i.document)
		return
	}
	var published []map[string]string
	for kid, private := range i.keys {
		published = append(published, jwkOf(i.t, kid, &private.PublicKey))
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": published})
}

func jwkOf(t testing.TB, kid string, public *ecdsa.PublicKey) map[string]string {
	t.Helper()
	point, err := public.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return map[string]string{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": encode(point[1:33]), "y": encode(point[33:])}
}

func (i *issuer) claims() jwt.MapClaims {
	now := i.now()
	return jwt.MapClaims{
		"iss": issuerURL, "aud": []string{"shop"}, "sub": "user", "sid": "session", "email": "ann@example.com",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
}

// sign makes a token with this key; edit changes it before.
func (i *issuer) sign(kid string, edit ...func(*jwt.Token)) string {
	i.t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, i.claims())
	token.Header["typ"], token.Header["kid"] = "at+jwt", kid
	for _, e := range edit {
		e(token)
	}
	i.mu.Lock()
	private := i.keys[kid]
	i.mu.Unlock()
	signed, err := token.SignedString(private)
	if err != nil {
		i.t.Fatal(err)
	}
	return signed
}

// verifier checks for the audience shop by the issuer's clock.
func (i *issuer) verifier(edit ...func(*verify.Options)) *verify.Verifier {
	i.t.Helper()
	o := verify.Options{Issuer: issuerURL, Audience: "shop", Cookie: "__Host-shop", JWKSURL: i.URL, Now: i.now}
	for _, e := range edit {
		e(&o)
	}
	v, err := verify.New(o)
	if err != nil {
		i.t.Fatal(err)
	}
	return v
}
