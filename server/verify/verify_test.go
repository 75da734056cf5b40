package verify_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/server/verify"
)

// Every row is signed with a key of the issuer and wrong in one thing alone, but for those that forge the signature.
func TestD65_Verify_RefusesWhatIsNoAccessTokenForThisService(t *testing.T) {
	i := newIssuer(t, "one")
	v := i.verifier()
	claim := func(name string, value any) func(*jwt.Token) {
		return func(t *jwt.Token) {
			t.Claims.(jwt.MapClaims)[name] = value
			if value == nil {
				delete(t.Claims.(jwt.MapClaims), name)
			}
		}
	}
	header := func(name string, value any) func(*jwt.Token) { return func(t *jwt.Token) { t.Header[name] = value } }
	at := func(d time.Duration) int64 { return i.now().Add(d).Unix() }
	if c, err := v.Verify(t.Context(), i.sign("one")); err != nil || c.Subject != "user" || c.Email != "ann@example.com" {
		t.Fatalf("a good token: %+v, %v", c, err)
	}
	for name, token := range map[string]string{
		"another type":                 i.sign("one", header("typ", "JWT")),
		"no type":                      i.sign("one", func(t *jwt.Token) { delete(t.Header, "typ") }),
		"critical extensions":          i.sign("one", header("crit", []string{"b64"})),
		"another issuer":               i.sign("one", claim("iss", issuerURL+"/")),
		"I111 another audience":        i.sign("one", claim("aud", "office")),
		"no audience":                  i.sign("one", claim("aud", nil)),
		"no expiry":                    i.sign("one", claim("exp", nil)),
		"expired":                      i.sign("one", claim("exp", at(-6*time.Second))),
		"not valid yet":                i.sign("one", claim("nbf", at(6*time.Second))),
		"no nbf":                       i.sign("one", claim("nbf", nil)),
		"no subject":                   i.sign("one", claim("sub", nil)),
		"no session":                   i.sign("one", claim("sid", nil)),
		"no key named":                 i.sign("one", func(t *jwt.Token) { delete(t.Header, "kid") }),
		"another key named":            i.sign("one", header("kid", "two")),
		"alg none":                     unsigned(t, i),
		"HS256 by the public key's ID": signedWith(t, i, jwt.SigningMethodHS256, []byte("one")),
		"truncated":                    strings.TrimRight(i.sign("one"), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")[:60],
		"another signature":            forged(i.sign("one"), i.sign("one", claim("sub", "other"))),
		"a key of its own":             stranger(t, i),
		"too long":                     i.sign("one", claim("name", strings.Repeat("a", 9000))),
		"nothing":                      "",
	} {
		if c, err := v.Verify(t.Context(), token); !errors.Is(err, verify.ErrToken) {
			t.Errorf("%s: %+v, %v, want ErrToken", name, c, err)
		}
	}
	for name, token := range map[string]string{
		"expired by less than clocks differ": i.sign("one", claim("exp", at(-4*time.Second))),
		"one of several audiences":           i.sign("one", claim("aud", []string{"office", "shop"})),
	} {
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func unsigned(t *testing.T, i *issuer) string {
	return signedWith(t, i, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType)
}

func signedWith(t *testing.T, i *issuer, method jwt.SigningMethod, key any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, i.claims())
	token.Header["typ"], token.Header["kid"] = "at+jwt", "one"
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// forged has the content of one token and the signature of another.
func forged(content, signature string) string {
	return content[:strings.LastIndexByte(content, '.')] + signature[strings.LastIndexByte(signature, '.'):]
}

// stranger is a token by another issuer's key, which it brings along.
func stranger(t *testing.T, i *issuer) string {
	t.Helper()
	other := newIssuer(t, "one")
	other.change(func() { other.time = i.now() })
	return other.sign("one", func(token *jwt.Token) { token.Header["jwk"] = jwkOf(t, "one", &other.keys["one"].PublicKey) })
}

func TestNew_RefusesWhatWouldAcceptTooMuch(t *testing.T) {
	for name, o := range map[string]verify.Options{
		"no audience":       {Issuer: issuerURL},
		"no issuer":         {Audience: "shop"},
		"a relative issuer": {Issuer: "/auth", Audience: "shop"},
		"a file of keys":    {Issuer: issuerURL, Audience: "shop", JWKSURL: "file:///etc/keys"},
	} {
		if _, err := verify.New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestKeys_AreFetchedOnceAndAgainWhenTheirTimeIsOver(t *testing.T) {
	i := newIssuer(t, "one")
	v := i.verifier()
	if i.fetches() != 0 {
		t.Error("fetched before there was a token")
	}
	good := func(kid string) {
		t.Helper()
		if _, err := v.Verify(t.Context(), i.sign(kid)); err != nil {
			t.Error(err)
		}
	}
	for range 3 {
		good("one")
	}
	i.pass(15*time.Minute - time.Second)
	good("one")
	if i.fetches() != 1 {
		t.Errorf("fetched %d times, want once within max-age", i.fetches())
	}
	i.addKey("two")
	i.change(func() { delete(i.keys, "one") })
	i.pass(time.Hour)
	good("two")
	if i.fetches() != 2 {
		t.Errorf("fetched %d times, want twice", i.fetches())
	}
}

// After a quiet hour the first token must not pass by a key that was withdrawn meanwhile.
func TestKeys_AWithdrawnKeyEndsWithMaxAge(t *testing.T) {
	i := newIssuer(t, "one", "two")
	v := i.verifier()
	if _, err := v.Verify(t.Context(), i.sign("one")); err != nil {
		t.Fatal(err)
	}
	i.pass(time.Hour)
	token := i.sign("one")
	i.change(func() { delete(i.keys, "one") })
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, verify.ErrToken) {
		t.Errorf("%v, want ErrToken", err)
	}
}

func TestKeys_AnUnknownOneIsFetchedOnceInAWhile(t *testing.T) {
	i := newIssuer(t, "one")
	v := i.verifier()
	if _, err := v.Verify(t.Context(), i.sign("one")); err != nil {
		t.Fatal(err)
	}
	i.pass(11 * time.Second)
	i.addKey("two")
	if _, err := v.Verify(t.Context(), i.sign("two")); err != nil {
		t.Errorf("a new key: %v", err)
	}
	for range 50 {
		token := i.sign("one", func(t *jwt.Token) { t.Header["kid"] = "made up" })
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, verify.ErrToken) {
			t.Fatal(err)
		}
	}
	if i.fetches() != 2 {
		t.Errorf("fetched %d times: tokens with made-up keys make it ask again and again", i.fetches())
	}
}

func TestKeys_OneFetchServesAllWhoWait(t *testing.T) {
	i := newIssuer(t, "one")
	v, token := i.verifier(), i.sign("one")
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if _, err := v.Verify(t.Context(), token); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if i.fetches() != 1 {
		t.Errorf("fetched %d times, want once", i.fetches())
	}
}

func TestKeys_AFetchUnderWayIsWaitedFor(t *testing.T) {
	i := newIssuer(t, "one")
	arrived, release := make(chan struct{}, 9), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		i.ServeHTTP(w, r)
	}))
	defer slow.Close()
	v, token := i.verifier(func(o *verify.Options) { o.JWKSURL = slow.URL }), i.sign("one")
	var first sync.WaitGroup
	first.Go(func() {
		if _, err := v.Verify(context.Background(), token); err != nil {
			t.Error(err)
		}
	})
	<-arrived
	// Later than another fetch might begin.
	i.pass(time.Minute)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(gone, token); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want to have waited", err)
	}
	close(release)
	first.Wait()
	if i.fetches() != 1 || len(arrived) != 0 {
		t.Errorf("fetched %d times, want once", i.fetches()+len(arrived))
	}
}

func TestKeys_GoOnWhileTheServerIsAway(t *testing.T) {
	for name, away := range map[string]func(*issuer){
		"an error":       func(i *issuer) { i.status = http.StatusBadGateway },
		"no document":    func(i *issuer) { i.document = "<html>" },
		"an empty set":   func(i *issuer) { i.document = `{"keys":[]}` },
		"a broken point": func(i *issuer) { i.document = `{"keys":[{"kty":"EC","crv":"P-256","kid":"one","x":"AA","y":"AA"}]}` },
		"a point that is not on the curve": func(i *issuer) {
			i.document = `{"keys":[{"kty":"EC","crv":"P-256","kid":"one","x":"` + strings.Repeat("A", 43) + `","y":"` + strings.Repeat("A", 43) + `"}]}`
		},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t, "one")
			v := i.verifier(func(o *verify.Options) { o.StaleFor = 2 * time.Hour })
			check := func(when string, want error) {
				t.Helper()
				if _, err := v.Verify(t.Context(), i.sign("one")); !errors.Is(err, want) {
					t.Errorf("%s: %v, want %v", when, err, want)
				}
			}
			check("before", nil)
			i.change(func() { away(i) })
			i.pass(20 * time.Minute)
			check("within the bound", nil)
			i.pass(2 * time.Hour)
			check("past the bound", verify.ErrKeys)
			i.change(func() { i.status, i.document = http.StatusOK, "" })
			i.pass(11 * time.Second)
			check("once the server is back", nil)
		})
	}
}

func TestVerify_WaitsNoLongerThanTheRequest(t *testing.T) {
	i := newIssuer(t, "one")
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	defer close(release)
	v := i.verifier(func(o *verify.Options) { o.JWKSURL = slow.URL })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(ctx, i.sign("one")); !errors.Is(err, context.Canceled) || errors.Is(err, verify.ErrToken) {
		t.Errorf("%v, want the context's error", err)
	}
}
