package keyring_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/server/config"
)

// forge makes a token whose header is changed before it is signed, by whatever key and method.
func forge(t *testing.T, method jwt.SigningMethod, key any, kid string, change func(*jwt.Token)) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims(start))
	token.Header["typ"], token.Header["kid"] = "at+jwt", kid
	if change != nil {
		change(token)
	}
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// respelt is a token with the same bytes in another spelling: its last character has four bits that nobody reads, unless strictly.
func respelt(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	end := len(token) - 1
	return token[:end] + string(alphabet[strings.IndexByte(alphabet, token[end])+1])
}

func TestVerify_RefusesForgedTokens(t *testing.T) {
	private, attacker := newKey(t), newKey(t)
	jwk, kid := encode(t, private, nil)
	attackerJWK, attackerKID := encode(t, attacker, nil)
	r := newRing(t, config.SigningKey{JWK: jwk, ActivateAt: start})
	header := func(name string, value any) func(*jwt.Token) {
		return func(token *jwt.Token) { token.Header[name] = value }
	}
	es256 := jwt.SigningMethodES256
	good := forge(t, es256, private, kid, nil)
	parts := strings.Split(good, ".")

	for name, row := range map[string]struct {
		token string
		ok    bool
	}{
		"a good token":               {good, true},
		"D40 alg none":               {forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid, nil), false},
		"D40 alg None":               {segment(`{"alg":"None","typ":"at+jwt","kid":"`+kid+`"}`) + "." + parts[1] + ".", false},
		"D41 HS256 by public key":    {forge(t, jwt.SigningMethodHS256, publicBytes(t, private), kid, nil), false},
		"D43 key in the header":      {forge(t, es256, attacker, attackerKID, header("jwk", attackerJWK)), false},
		"D43 attacker under our kid": {forge(t, es256, attacker, kid, header("jwk", attackerJWK)), false},
		"D44 jku":                    {forge(t, es256, attacker, attackerKID, header("jku", "https://attacker.example.com/jwks.json")), false},
		"D46 kid is a path":          {forge(t, es256, private, "../../"+kid, nil), false},
		"D46 kid is no string":       {forge(t, es256, private, kid, header("kid", 7)), false},
		"D46 kid is long":            {forge(t, es256, private, strings.Repeat("k", 10_000), nil), false},
		"D47 no kid":                 {forge(t, es256, private, kid, func(t *jwt.Token) { delete(t.Header, "kid") }), false},
		"D62 crit":                   {forge(t, es256, private, kid, header("crit", []string{"exp"})), false},
		"D62 crit, empty":            {forge(t, es256, private, kid, header("crit", nil)), false},
		"D63 five parts":             {good + ".a.b", false},
		"D64 8 KB":                   {good + strings.Repeat("A", 8<<10), false},
		"D65 another typ":            {forge(t, es256, private, kid, header("typ", "JWT")), false},
		"D65 typ in upper case":      {forge(t, es256, private, kid, header("typ", "AT+JWT")), false},
		"D65 no typ":                 {forge(t, es256, private, kid, func(t *jwt.Token) { delete(t.Header, "typ") }), false},
		"claims changed":             {parts[0] + "." + segment(`{"sub":"user-bob"}`) + "." + parts[2], false},
		"no signature":               {parts[0] + "." + parts[1] + ".", false},
		"signature padded":           {good + "==", false},
		"signature spelt otherwise":  {respelt(good), false},
		"empty":                      {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			var got jwt.RegisteredClaims
			err := r.Verify(row.token, "at+jwt", &got)
			if row.ok != (err == nil) {
				t.Fatalf("error is %v, want ok %t", err, row.ok)
			}
			if row.ok && got.Subject != "user-ann" {
				t.Errorf("subject is %q", got.Subject)
			}
		})
	}
}

func TestD64_AWellSignedTokenThatIsTooLong(t *testing.T) {
	key, _ := entry(t, start)
	r := newRing(t, key)
	token, err := r.Sign("at+jwt", jwt.RegisteredClaims{Subject: strings.Repeat("a", 8<<10)})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(token, "at+jwt", &jwt.RegisteredClaims{}); err == nil {
		t.Error("accepted")
	}
}

func TestVerify_ChecksTheTimeByItsClock(t *testing.T) {
	key, _ := entry(t, start)
	r := newRing(t, key)
	token, err := r.Sign("at+jwt", claims(start))
	if err != nil {
		t.Fatal(err)
	}
	r.at = start.Add(time.Minute - time.Second)
	if err := r.Verify(token, "at+jwt", &jwt.RegisteredClaims{}); err != nil {
		t.Error(err)
	}
	r.at = start.Add(time.Minute)
	if err := r.Verify(token, "at+jwt", &jwt.RegisteredClaims{}); !errors.Is(err, jwt.ErrTokenExpired) {
		t.Errorf("error is %v, want jwt.ErrTokenExpired", err)
	}
}

func TestVerify_HoldsToTheCallersOptions(t *testing.T) {
	key, _ := entry(t, start)
	r := newRing(t, key)
	token, err := r.Sign("at+jwt", claims(start))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(token, "at+jwt", &jwt.RegisteredClaims{}, jwt.WithIssuer("https://shop.example.com/auth")); err == nil {
		t.Error("a token without issuer passes although one is asked for")
	}
}

func segment(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func publicBytes(t *testing.T, private *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func FuzzVerify(f *testing.F) {
	f.Add("a.b.c")
	f.Add(segment(`{"alg":"none"}`) + "." + segment(`{"sub":"user-ann"}`) + ".")
	f.Fuzz(func(t *testing.T, token string) {
		key, _ := entry(t, start)
		r := newRing(t, key)
		if r.Verify(token, "at+jwt", &jwt.RegisteredClaims{}) == nil {
			t.Errorf("a token that nobody signed passes: %s", token)
		}
	})
}
