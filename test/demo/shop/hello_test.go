package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"
)

const issuer = "https://shop.test/auth"

type claims = map[string]any

// signer makes tokens as a callback server does and publishes its key.
type signer struct {
	jose.Signer
	keys *httptest.Server
}

func newSigner(t *testing.T) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: key, KeyID: "one", Algorithm: string(jose.ES256), Use: "sig"}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jwk}, (&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwk.Public()}}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(keys.Close)
	return signer{Signer: s, keys: keys}
}

func (s signer) token(t *testing.T, c claims) string {
	t.Helper()
	token, err := jwt.Signed(s).Claims(c).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// ann is what a good token of Ann says, with changes.
func ann(changes claims) claims {
	now := time.Now()
	c := claims{
		"iss": issuer, "aud": []string{"shop"}, "sub": "u1", "name": "Ann Example", "email": "ann@example.com",
		"iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
	for name, value := range changes {
		c[name] = value
	}
	return c
}

func openShop(t *testing.T, s signer, log io.Writer) *httptest.Server {
	t.Helper()
	o := options{issuer: issuer, audience: "shop", jwksURL: s.keys.URL, cookie: "__Host-shop"}
	handler, err := newShop(slog.New(slog.NewJSONHandler(log, nil)), newVerifier(o))
	if err != nil {
		t.Fatal(err)
	}
	shop := httptest.NewServer(handler)
	t.Cleanup(shop.Close)
	return shop
}

func get(t *testing.T, url string, cookies ...string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range cookies {
		r.AddCookie(&http.Cookie{Name: "__Host-shop", Value: value})
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

func TestHelloGreetsTheBearerOfAGoodToken(t *testing.T) {
	s := newSigner(t)
	shop := openShop(t, s, io.Discard)
	status, body := get(t, shop.URL+"/api/hello", s.token(t, ann(nil)))
	if status != http.StatusOK {
		t.Fatalf("status %d, body %s", status, body)
	}
	var got greeting
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := greeting{
		customer: customer{Subject: "u1", Name: "Ann Example", Email: "ann@example.com"},
		Message:  "The shop's backend verified your token.",
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(greeting{})); diff != "" {
		t.Error(diff)
	}
}

func TestHelloRefuses(t *testing.T) {
	s, stranger := newSigner(t), newSigner(t)
	good := s.token(t, ann(nil))
	rows := map[string][]string{
		"nobody":                    nil,
		"rubbish":                   {"rubbish"},
		"two cookies of the name":   {good, good},
		"another issuer":            {s.token(t, ann(claims{"iss": "https://other.test/auth"}))},
		"another audience":          {s.token(t, ann(claims{"aud": "billing"}))},
		"an expired token":          {s.token(t, ann(claims{"exp": time.Now().Add(-time.Minute).Unix()}))},
		"somebody else's signature": {stranger.token(t, ann(nil))},
		"a changed signature":       {good[:len(good)-8] + "AAAAAAAA"},
	}
	for name, cookies := range rows {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			shop := openShop(t, s, &log)
			status, body := get(t, shop.URL+"/api/hello", cookies...)
			if status != http.StatusUnauthorized {
				t.Errorf("status %d, body %s", status, body)
			}
			for _, cookie := range cookies {
				if strings.Contains(log.String(), cookie) || strings.Contains(body, cookie) {
					t.Error("the refusal repeats the token")
				}
			}
		})
	}
}

func TestPagesAreServedWithoutForeignContent(t *testing.T) {
	shop := openShop(t, newSigner(t), io.Discard)
	rows := map[string]string{
		"/":                       "The Corner Shop",
		"/orders/42":              "The Corner Shop",
		"/login":                  "Sign in with Google",
		"/assets/shop.js":         "client.subscribe",
		"/assets/login.js":        "readError",
		"/assets/googlelogin.js":  "access_denied",
		"/assets/googlelogin.css": "googlelogin-button",
		"/assets/style.css":       "--ground",
		"/assets/icon.svg":        "<svg",
	}
	for path, want := range rows {
		t.Run(path, func(t *testing.T) {
			status, body := get(t, shop.URL+path)
			if status != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("status %d, want %q in\n%s", status, want, body)
			}
			if foreign := regexp.MustCompile(`(src|href|import|url)[^\n]{0,20}https?://`).FindString(body); foreign != "" {
				t.Errorf("the page loads or links to another host: %s", foreign)
			}
		})
	}
}

func TestUnknownPathsAreNotFound(t *testing.T) {
	shop := openShop(t, newSigner(t), io.Discard)
	for _, path := range []string{"/nothing", "/assets/../hello.go", "/orders/"} {
		if status, _ := get(t, shop.URL+path); status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, status)
		}
	}
}

func TestParseNamesWhatIsMissing(t *testing.T) {
	if _, err := parse([]string{"--issuer", issuer}); err == nil || !strings.Contains(err.Error(), "--jwks-url") {
		t.Errorf("got %v", err)
	}
}
