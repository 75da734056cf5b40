package google_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/identity"
)

// The attacker's keys; making them takes longer than using them.
var (
	attackerRSA = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	attackerEC  = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func ecJWK(key *ecdsa.PublicKey, kid string) map[string]any {
	point := must(key.Bytes())
	return map[string]any{
		"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig",
		"x": base64.RawURLEncoding.EncodeToString(point[1:33]),
		"y": base64.RawURLEncoding.EncodeToString(point[33:]),
	}
}

func rsaJWK(key *rsa.PublicKey, kid string) map[string]any {
	return map[string]any{
		"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256",
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
}

func payload(from, to string) googletest.Fault {
	return googletest.Payload(func(b []byte) []byte { return []byte(strings.Replace(string(b), from, to, 1)) })
}

// several are faults that belong together.
func several(list ...googletest.Fault) []googletest.Fault { return list }

func TestRefusesIDTokens(t *testing.T) {
	const id, other = googletest.ClientID, "other.apps.googleusercontent.com"
	now := time.Now().Unix()
	tests := []struct {
		name   string
		faults []googletest.Fault
	}{
		{"D40 alg none", several(googletest.SignWith("none", nil))},
		{"D40 alg None", several(googletest.SignWith("None", nil))},
		{"D40 alg NONE", several(googletest.SignWith("NONE", nil))},
		{"D40 alg nOnE", several(googletest.SignWith("nOnE", nil))},
		{"D40 alg none with a signature", several(googletest.JWTHeader("alg", "none"))},
		{"D40 alg none, two parts", several(googletest.SignWith("none", nil), googletest.IDToken(func(s string) string { return strings.TrimSuffix(s, ".") }))},
		{"D40 no alg", several(googletest.JWTHeader("alg", nil))},
		{"D40 alg is a list", several(googletest.JWTHeader("alg", []string{"RS256"}))},
		{"D42 HS256 with the client secret", several(googletest.SignWith("HS256", []byte(googletest.ClientSecret)))},
		{"D43 ES256 by an attacker's key in the jwk header", several(googletest.SignWith("ES256", attackerEC()), googletest.JWTHeader("jwk", ecJWK(&attackerEC().PublicKey, "k")))},
		{"D43 RS256 by an attacker's key in the jwk header", several(googletest.SignWith("RS256", attackerRSA()), googletest.JWTHeader("jwk", rsaJWK(&attackerRSA().PublicKey, "k")))},
		{"D43 RS256 by an attacker's key and the published kid", several(googletest.SignWith("RS256", attackerRSA()))},
		{"RS512 by the published key", several(googletest.JWTHeader("alg", "RS512"))},
		{"D51 iss with a slash", several(googletest.Claim("iss", "https://accounts.google.com/"))},
		{"D51 iss of a longer host", several(googletest.Claim("iss", "https://accounts.google.com.evil"))},
		{"D51 iss by http", several(googletest.Claim("iss", "http://accounts.google.com"))},
		{"D51 iss in capitals", several(googletest.Claim("iss", "https://Accounts.Google.com"))},
		{"D51 no iss", several(googletest.Claim("iss", nil))},
		{"D51 iss is a list", several(googletest.Claim("iss", []string{google.Issuer}))},
		{"D52 aud of another client", several(googletest.Claim("aud", other))},
		{"D52 no aud", several(googletest.Claim("aud", nil))},
		{"D52 aud empty list", several(googletest.Claim("aud", []string{}))},
		{"D52 aud in capitals", several(googletest.Claim("aud", strings.ToUpper(id)))},
		{"D52 aud is a number", several(googletest.Claim("aud", 7))},
		{"D53 aud ours and other, no azp", several(googletest.Claim("aud", []string{id, other}), googletest.Claim("azp", nil))},
		{"D53 aud ours and other, azp other", several(googletest.Claim("aud", []string{id, other}), googletest.Claim("azp", other))},
		{"D53 aud ours, azp other", several(googletest.Claim("azp", other))},
		{"D53 azp is empty", several(googletest.Claim("azp", ""))},
		{"D54 exp past beyond the skew", several(googletest.Claim("exp", now-75))},
		{"D54 exp missing", several(googletest.Claim("exp", nil))},
		{"D54 exp null", several(googletest.Claims(func(c map[string]any) { c["exp"] = nil }))},
		{"D54 exp as a string", several(googletest.Claim("exp", "9999999999"))},
		{"D54 exp as a float", several(googletest.Payload(replaceNumber("exp", "9999999999.5")))},
		{"D54 exp with an exponent", several(googletest.Payload(replaceNumber("exp", "1e10")))},
		{"D54 exp negative", several(googletest.Claim("exp", -1))},
		{"D54 exp 1e400", several(googletest.Payload(replaceNumber("exp", "1e400")))},
		{"D54 exp beyond 64 bits", several(googletest.Payload(replaceNumber("exp", "99999999999999999999")))},
		{"D54 exp after the year 9999", several(googletest.Claim("exp", int64(1)<<62))},
		{"D55 iat in the future beyond the skew", several(googletest.Claim("iat", now+75))},
		{"D55 iat missing", several(googletest.Claim("iat", nil))},
		{"D55 iat as a string", several(googletest.Claim("iat", "1"))},
		{"D56 nbf in the future", several(googletest.Claim("nbf", now+75))},
		{"D56 nbf as a string", several(googletest.Claim("nbf", "1"))},
		{"D57 nonce missing", several(googletest.Claim("nonce", nil))},
		{"D57 nonce of another flow", several(googletest.Claim("nonce", "other"))},
		{"D57 nonce longer than ours", several(googletest.Claim("nonce", nonce+"x"))},
		{"D57 nonce as a list", several(googletest.Claim("nonce", []string{nonce}))},
		{"D58 sub missing", several(googletest.Claim("sub", nil))},
		{"D58 sub empty", several(googletest.Claim("sub", ""))},
		{"D58 sub of 256 characters", several(googletest.Claim("sub", strings.Repeat("1", 256)))},
		{"D58 sub with a NUL", several(googletest.Claim("sub", "1\x002"))},
		{"D58 sub with a line break", several(googletest.Claim("sub", "1\n2"))},
		{"D58 sub beyond ASCII", several(googletest.Claim("sub", "\uff11"))},
		{"D58 sub a number", several(googletest.Claim("sub", 110000000000000000))},
		{"D58 sub a list", several(googletest.Claim("sub", []string{"1"}))},
		{"D58 sub in capitals", several(googletest.Claims(func(c map[string]any) { c["SUB"] = c["sub"]; delete(c, "sub") }))},
		{"D59 at_hash wrong", several(googletest.Claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"))},
		{"D59 at_hash empty", several(googletest.Claim("at_hash", ""))},
		{"D59 at_hash a number", several(googletest.Claim("at_hash", 7))},
		{"D60 email_verified a string", several(googletest.Claim("email_verified", "true"))},
		{"D60 email_verified string false", several(googletest.Claim("email_verified", "false"))},
		{"D60 email_verified 1", several(googletest.Claim("email_verified", 1))},
		{"D61 payload not JSON", several(googletest.Payload(func([]byte) []byte { return []byte("hello") }))},
		{"D61 data after the payload", several(googletest.Payload(func(b []byte) []byte { return append(b, "{}"...) }))},
		{"D61 duplicate sub", several(payload("{", `{"sub":"999",`))},
		{"D61 duplicate sub spelt with an escape", several(payload("{", `{"su\u0062":"999",`))},
		{"D61 duplicate nonce further down", several(payload("{", `{"x":[{"a":1,"a":2}],`))},
		{"D61 payload a list", several(googletest.Payload(func(b []byte) []byte { return []byte("[" + string(b) + "]") }))},
		{"D61 payload not UTF-8", several(payload("{", "{\"x\":\"\xff\","))},
		{"D62 crit", several(googletest.JWTHeader("crit", []string{"exp"}), googletest.JWTHeader("exp", 1))},
		{"D62 crit empty", several(googletest.JWTHeader("crit", []string{}))},
		{"D62 crit b64", several(googletest.JWTHeader("crit", []string{"b64"}), googletest.JWTHeader("b64", true))},
		{"D63 five parts", several(googletest.IDToken(func(s string) string { return s + ".a.b" }))},
		{"D63 two parts", several(googletest.IDToken(func(s string) string { return s[:strings.LastIndex(s, ".")] }))},
		{"D63 JSON serialisation", several(googletest.IDToken(jsonSerialisation))},
		{"D63 line break in the signature", several(googletest.IDToken(func(s string) string { return s[:len(s)-9] + "\n" + s[len(s)-9:] }))},
		{"D63 stray bits at the end of the signature", several(googletest.IDToken(strayBits))},
		{"D63 padding", several(googletest.IDToken(func(s string) string { return s + "==" }))},
		{"D64 over 8 KB", several(googletest.Claim("padding", strings.Repeat("x", 9<<10)))},
		{"D65 typ at+jwt", several(googletest.JWTHeader("typ", "at+jwt"))},
		{"D65 typ AT+JWT", several(googletest.JWTHeader("typ", "application/at+jwt"))},
		{"D65 typ logout+jwt", several(googletest.JWTHeader("typ", "logout+jwt"))},
		{"D46 kid a path", several(googletest.JWTHeader("kid", "../../x"))},
		{"D46 kid SQL", several(googletest.JWTHeader("kid", "' OR 1=1 --"))},
		{"D46 kid of 3 KB", several(googletest.JWTHeader("kid", strings.Repeat("k", 3<<10)))},
		{"D46 kid of 10 KB", several(googletest.JWTHeader("kid", strings.Repeat("k", 10<<10)))},
		{"D46 kid a number", several(googletest.JWTHeader("kid", 7))},
		{"header with alg twice", several(googletest.IDToken(headerText(`{"alg":"RS256","alg":"none"}`)))},
		{"header not JSON", several(googletest.IDToken(headerText(`RS256`)))},
		{"E69 email with two @", several(googletest.Claim("email", "a@evil.com@example.com"))},
		{"email a list", several(googletest.Claim("email", []string{"ann@example.com"}))},
		{"no email", several(googletest.Claim("email", nil), googletest.UserInfoField("email", nil))},
		{"hd a list", several(googletest.Claim("hd", []string{"example.com"}))},
		{"hd no domain", several(googletest.Claim("hd", "example com"))},
	}
	w := newGoogleWorld(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.Behave()
			w.Misbehave(tt.faults...)
			g, err := w.signIn(t)
			refuses(t, g, err, google.ErrTokenInvalid)
		})
	}
}

func TestNonsenseCausesNoFetch(t *testing.T) {
	tests := []struct {
		name  string
		fault googletest.Fault
	}{
		{"D40 alg none", googletest.JWTHeader("alg", "none")},
		{"D42 HS256", googletest.SignWith("HS256", []byte(googletest.ClientSecret))},
		{"D46 kid of 3 KB", googletest.JWTHeader("kid", strings.Repeat("k", 3<<10))},
		{"D62 crit", googletest.JWTHeader("crit", []string{"exp"})},
		{"D63 five parts", googletest.IDToken(func(s string) string { return s + ".a.b" })},
		{"D64 over 8 KB", googletest.Claim("padding", strings.Repeat("x", 9<<10))},
		{"D65 typ at+jwt", googletest.JWTHeader("typ", "at+jwt")},
	}
	w := newGoogleWorld(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.Behave()
			w.Misbehave(tt.fault)
			g, err := w.signIn(t)
			refuses(t, g, err, google.ErrTokenInvalid)
			if n := w.Calls(googletest.Keys); n != 0 {
				t.Errorf("%d key fetches", n)
			}
		})
	}
}

func replaceNumber(claim, number string) func([]byte) []byte {
	return func(b []byte) []byte {
		before, rest, _ := strings.Cut(string(b), `"`+claim+`":`)
		_, after, _ := strings.Cut(rest, ",")
		return []byte(before + `"` + claim + `":` + number + "," + after)
	}
}

// strayBits sets the lowest bit of the last character. A signature of 256 bytes leaves four bits there unused.
func strayBits(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + string(alphabet[last+1])
}

func headerText(header string) func(string) string {
	return func(s string) string {
		_, rest, _ := strings.Cut(s, ".")
		return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + rest
	}
}

func jsonSerialisation(s string) string {
	p := strings.Split(s, ".")
	return `{"payload":"` + p[1] + `","protected":"` + p[0] + `","signature":"` + p[2] + `"}`
}

func TestAcceptsIDTokens(t *testing.T) {
	now := time.Now().Unix()
	tests := []struct {
		name   string
		faults []googletest.Fault
	}{
		{"D51 iss https://accounts.google.com", nil},
		{"D51 iss accounts.google.com", several(googletest.Claim("iss", "accounts.google.com"))},
		{"D53 aud a list of ours alone", several(googletest.Claim("aud", []string{googletest.ClientID}), googletest.Claim("azp", nil))},
		{"D53 aud ours and other, azp ours", several(googletest.Claim("aud", []string{googletest.ClientID, "other"}))},
		{"D54 exp past within the skew", several(googletest.Claim("exp", now-30))},
		{"D55 iat in the future within the skew", several(googletest.Claim("iat", now+30))},
		{"D56 nbf in the future within the skew", several(googletest.Claim("nbf", now+30))},
		{"D59 no at_hash", several(googletest.Claim("at_hash", nil))},
		{"D65 no typ", several(googletest.JWTHeader("typ", nil))},
		{"C35 token_type in lower case", several(googletest.TokenField("token_type", "bearer"))},
		{"a claim that nobody knows", several(googletest.Claim("mood", "good"))},
	}
	w := newGoogleWorld(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.Behave()
			w.Misbehave(tt.faults...)
			g, err := w.signIn(t)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(ann("https://accounts.google.com"), g.Identity); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestD41_HS256WithThePublicKey(t *testing.T) {
	w := newGoogleWorld(t)
	der := must(x509.MarshalPKIXPublicKey(w.PublicKey()))
	secrets := map[string][]byte{
		"D41 as DER":    der,
		"D41 as PEM":    pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
		"D41 as PKCS 1": x509.MarshalPKCS1PublicKey(w.PublicKey()),
	}
	for name, secret := range secrets {
		t.Run(name, func(t *testing.T) {
			w.Behave()
			w.Misbehave(googletest.SignWith("HS256", secret))
			g, err := w.signIn(t)
			refuses(t, g, err, google.ErrTokenInvalid)
		})
	}
}

func TestD44_KeysThatAHeaderPointsToAreNeverFetched(t *testing.T) {
	var fetched atomic.Int32
	attacker := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { fetched.Add(1) }))
	defer attacker.Close()
	w := newGoogleWorld(t)
	for _, name := range []string{"jku", "x5u"} {
		t.Run("D44 "+name, func(t *testing.T) {
			w.Behave()
			w.Misbehave(googletest.SignWith("RS256", attackerRSA()), googletest.JWTHeader(name, attacker.URL))
			g, err := w.signIn(t)
			refuses(t, g, err, google.ErrTokenInvalid)
		})
	}
	if n := fetched.Load(); n != 0 {
		t.Errorf("fetched %d times", n)
	}
}

func TestD57_NonceOfAFlowIsGoodForThatFlowAlone(t *testing.T) {
	w := newGoogleWorld(t)
	raw := must(w.MintIDToken(googletest.ClientID, "ann@example.com", nonce))
	for _, other := range []string{"", "another", nonce + " ", nonce[:len(nonce)-1]} {
		if id, err := w.provider.VerifyIDToken(t.Context(), raw, other); !errors.Is(err, google.ErrTokenInvalid) {
			t.Errorf("nonce %q: %v, %v", other, id, err)
		}
	}
	raw = must(w.MintIDToken(googletest.ClientID, "ann@example.com", ""))
	if id, err := w.provider.VerifyIDToken(t.Context(), raw, ""); !errors.Is(err, google.ErrTokenInvalid) {
		t.Errorf("no nonce on either side: %v, %v", id, err)
	}
}

func TestD60_UnverifiedEmailIsSaidToBeSo(t *testing.T) {
	tests := []struct {
		name   string
		faults []googletest.Fault
		want   bool
	}{
		{"D60 true", nil, true},
		{"D60 false", several(googletest.Claim("email_verified", false)), false},
		{"D60 false, whatever userinfo says", several(googletest.Claim("email_verified", false), googletest.Claim("name", nil)), false},
		{"D60 missing everywhere", several(googletest.Claim("email_verified", nil), googletest.UserInfoField("email_verified", nil)), false},
		{"D60 missing, userinfo says string true of the same address", several(googletest.Claim("email_verified", nil), googletest.UserInfoField("email_verified", "true")), true},
		{"D60 missing, userinfo says string false", several(googletest.Claim("email_verified", nil), googletest.UserInfoField("email_verified", "false")), false},
		{"D60 missing, userinfo says true of another address", several(googletest.Claim("email_verified", nil), googletest.UserInfoField("email", "ann@other.example")), false},
	}
	w := newGoogleWorld(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.Behave()
			w.Misbehave(tt.faults...)
			g, err := w.signIn(t)
			if err != nil {
				t.Fatal(err)
			}
			if g.Identity.EmailVerified != tt.want || g.Identity.Email != "ann@example.com" {
				t.Errorf("got %+v", g.Identity)
			}
		})
	}
}

func TestVerifiesACredentialWithoutACode(t *testing.T) {
	w := newGoogleWorld(t)
	raw := must(w.MintIDToken(googletest.ClientID, "stranger@gmail.test", nonce))
	got, err := w.provider.VerifyIDToken(t.Context(), raw, nonce)
	if err != nil {
		t.Fatal(err)
	}
	want := identity.Identity{
		Issuer: google.Issuer, Subject: "110000000000000000003", Email: "stranger@gmail.test", EmailVerified: true,
		Name: "Stranger", GivenName: "Stranger",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := w.Calls(googletest.Token) + w.Calls(googletest.UserInfo); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestJ4_CredentialOfAnotherClient(t *testing.T) {
	w := newGoogleWorld(t)
	raw := must(w.MintIDToken("other.apps.googleusercontent.com", "ann@example.com", nonce))
	if id, err := w.provider.VerifyIDToken(t.Context(), raw, nonce); !errors.Is(err, google.ErrTokenInvalid) {
		t.Errorf("%v, %v", id, err)
	}
}

func TestJ8_AccessTokenIsNoIDToken(t *testing.T) {
	w := newGoogleWorld(t)
	g, err := w.signIn(t)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := w.provider.VerifyIDToken(t.Context(), g.AccessToken, nonce); !errors.Is(err, google.ErrTokenInvalid) {
		t.Errorf("%v, %v", id, err)
	}
}
