package google_test

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/google/googletest"
)

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// newClockWorld has one clock for both sides.
func newClockWorld(t *testing.T) (*world, *clock) {
	t.Helper()
	c := &clock{now: time.Now()}
	s := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com", Now: c.Now})
	o := google.Options{Issuer: s.URL, Scopes: basic, Now: c.Now}
	w := &world{Server: s, provider: google.New(o), options: o}
	w.provider.SetCredentials(credentials)
	return w, c
}

func (w *world) mustSignIn(t *testing.T) {
	t.Helper()
	if _, err := w.signIn(t); err != nil {
		t.Fatal(err)
	}
}

func TestD45_UnknownKidCausesOneFetchAndThenNoneForAWhile(t *testing.T) {
	w, c := newClockWorld(t)
	w.mustSignIn(t)
	w.Misbehave(googletest.JWTHeader("kid", "unknown"))
	for range 5 {
		g, err := w.signIn(t)
		refuses(t, g, err, google.ErrTokenInvalid)
	}
	if n := w.Calls(googletest.Keys); n != 2 {
		t.Errorf("%d key fetches, want the first and one more", n)
	}
	c.add(11 * time.Second)
	g, err := w.signIn(t)
	refuses(t, g, err, google.ErrTokenInvalid)
	if n := w.Calls(googletest.Keys); n != 3 {
		t.Errorf("%d key fetches after a while, want 3", n)
	}
}

func TestD45_WrongSignatureUnderAKnownKidCausesNoFetch(t *testing.T) {
	w, _ := newClockWorld(t)
	w.mustSignIn(t)
	w.Misbehave(googletest.SignWith("RS256", attackerRSA()))
	g, err := w.signIn(t)
	refuses(t, g, err, google.ErrTokenInvalid)
	if n := w.Calls(googletest.Keys); n != 1 {
		t.Errorf("%d key fetches", n)
	}
}

func keys(change func([]map[string]any) []map[string]any) googletest.Fault {
	return googletest.JWKS(func(doc map[string]any) {
		list, _ := doc["keys"].([]map[string]any)
		doc["keys"] = change(list)
	})
}

func addKeys(more ...map[string]any) googletest.Fault {
	return keys(func(list []map[string]any) []map[string]any { return append(more, list...) })
}

func lastKey(more ...map[string]any) googletest.Fault {
	return keys(func(list []map[string]any) []map[string]any { return append(list, more...) })
}

func setKey(name string, value any) googletest.Fault {
	return keys(func(list []map[string]any) []map[string]any {
		for _, k := range list {
			k[name] = value
			if value == nil {
				delete(k, name)
			}
		}
		return list
	})
}

func TestKeySets(t *testing.T) {
	noKid := googletest.JWTHeader("kid", nil)
	attacker := rsaJWK(&attackerRSA().PublicKey, "attacker")
	ec := ecJWK(&attackerEC().PublicKey, "ec")
	weak := must(rsa.GenerateKey(rand.Reader, 1024))
	tests := []struct {
		name   string
		faults []googletest.Fault
		want   error
	}{
		{"D47 no kid, one key", several(noKid), nil},
		{"D47 no kid, the published key has none either", several(noKid, setKey("kid", nil)), nil},
		{"D47 no kid, one key that fits and one of another type", several(noKid, addKeys(ec)), nil},
		{"D47 no kid, several keys that fit", several(noKid, lastKey(attacker)), google.ErrTokenInvalid},
		{"D47 kid named twice in the set", several(keys(func(l []map[string]any) []map[string]any {
			return append(l, rsaJWK(&attackerRSA().PublicKey, l[0]["kid"].(string)))
		})), google.ErrTokenInvalid},
		{"signed by a key of 1024 bits", several(googletest.SignWith("RS256", weak), googletest.JWTHeader("kid", "weak"),
			addKeys(rsaJWK(&weak.PublicKey, "weak"))), google.ErrTokenInvalid},
		{"D48 the key is for encryption", several(setKey("use", "enc")), google.ErrTokenInvalid},
		{"D48 the key is for other operations", several(setKey("key_ops", []string{"encrypt"})), google.ErrTokenInvalid},
		{"D48 the key may verify", several(setKey("use", nil), setKey("key_ops", []string{"verify"})), nil},
		{"D48 the key is for another alg", several(setKey("alg", "RS512")), google.ErrTokenInvalid},
		{"D48 the key names an alg of another type", several(setKey("alg", "ES256")), google.ErrTokenInvalid},
		{"D48 the key names no alg and no use", several(setKey("alg", nil), setKey("use", nil)), nil},
		{"D48 the key is of another type", several(setKey("kty", "EC")), google.ErrTokenInvalid},
		{"D48 a secret key under our kid", several(setKey("kty", "oct"), setKey("k", "c2VjcmV0")), google.ErrTokenInvalid},
		{"D49 an unparseable key beside it", several(addKeys(map[string]any{"kty": "RSA", "kid": "x", "n": "!!", "e": 7})), nil},
		{"D49 a key of a type from the future", several(addKeys(map[string]any{"kty": "QUANTUM", "kid": "x"})), nil},
		{"D49 a key whose fields have wrong types", several(addKeys(map[string]any{"kty": 7, "kid": []int{1}, "use": true})), nil},
		{"D49 a weak key beside it", several(addKeys(rsaJWK(&weak.PublicKey, "weak"))), nil},
		{"no keys", several(keys(func([]map[string]any) []map[string]any { return []map[string]any{} })), google.ErrTokenInvalid},
		{"keys is no list", several(googletest.JWKS(func(d map[string]any) { d["keys"] = "none" })), google.ErrUnavailable},
		{"keys missing", several(googletest.JWKS(func(d map[string]any) { delete(d, "keys") })), google.ErrUnavailable},
		{"keys as HTML", several(googletest.Body(googletest.Keys, "text/html", "<p>")), google.ErrUnavailable},
		{"keys as application/jwk-set+json", several(googletest.ContentType(googletest.Keys, "application/jwk-set+json")), nil},
		{"keys away", several(googletest.Status(googletest.Keys, 503)), google.ErrUnavailable},
		{"keys behind a redirect", several(googletest.Redirect(googletest.Keys, 302, "/token")), google.ErrUnavailable},
		{"keys of 10 MB", several(googletest.Huge(googletest.Keys, 10<<20)), google.ErrUnavailable},
		{"keys reset", several(googletest.Reset(googletest.Keys)), google.ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.Misbehave(tt.faults...)
			g, err := w.signIn(t)
			if tt.want != nil {
				refuses(t, g, err, tt.want)
				return
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestD50_KeyRotatedJustBeforeSigning(t *testing.T) {
	w := newWorld(t)
	w.mustSignIn(t)
	w.RotateKey()
	w.mustSignIn(t)
	if n := w.Calls(googletest.Keys); n != 2 {
		t.Errorf("%d key fetches", n)
	}
}

func TestObeysCacheControlOfKeys(t *testing.T) {
	tests := []struct {
		header string
		still  time.Duration // no fetch yet
		over   time.Duration // fetched again
	}{
		{"public, max-age=7200", 119 * time.Minute, 121 * time.Minute},
		{"max-age=0", 59 * time.Second, 61 * time.Second},
		{"no-store", 59 * time.Second, 61 * time.Second},
		{"max-age=99999999", 23 * time.Hour, 25 * time.Hour},
		{"max-age=nonsense", 9 * time.Minute, 11 * time.Minute},
		{"", 9 * time.Minute, 11 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%q", tt.header), func(t *testing.T) {
			w, c := newClockWorld(t)
			w.Misbehave(googletest.Header(googletest.Keys, "Cache-Control", tt.header))
			w.mustSignIn(t)
			c.add(tt.still)
			w.mustSignIn(t)
			if n := w.Calls(googletest.Keys); n != 1 {
				t.Errorf("%d key fetches while fresh", n)
			}
			c.add(tt.over - tt.still)
			w.mustSignIn(t)
			if n := w.Calls(googletest.Keys); n != 2 {
				t.Errorf("%d key fetches when no longer fresh", n)
			}
		})
	}
}

func TestOldKeysServeForAnHourWhileNewOnesCannotBeHad(t *testing.T) {
	w, c := newClockWorld(t)
	w.mustSignIn(t)
	w.Misbehave(googletest.Status(googletest.Keys, 503))
	c.add(time.Hour + 59*time.Minute)
	w.mustSignIn(t)
	c.add(2 * time.Minute)
	g, err := w.signIn(t)
	refuses(t, g, err, google.ErrUnavailable)
}

func TestManyLoginsAtOnceFetchKeysAndDiscoveryOnce(t *testing.T) {
	w := newWorld(t)
	const n = 20
	// The answer is held back until every login waits for it.
	release := make(chan struct{})
	w.Misbehave(googletest.Wait(googletest.Discovery, release))
	var started, done sync.WaitGroup
	errs := make([]error, n)
	started.Add(n)
	for i := range n {
		done.Go(func() {
			started.Done()
			_, errs[i] = w.provider.AuthCodeURL(t.Context(), authRequest())
		})
	}
	started.Wait()
	close(release)
	done.Wait()
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		t.Error(errs[i])
	}
	if d := w.Calls(googletest.Discovery); d != 1 {
		t.Errorf("%d discoveries", d)
	}
}

func TestKeysAreFetchedWithoutCredentials(t *testing.T) {
	w := newWorld(t)
	var header http.Header
	w.Misbehave(googletest.Around(googletest.Keys, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			header = r.Header.Clone()
			next.ServeHTTP(rw, r)
		})
	}))
	w.mustSignIn(t)
	if header.Get("Authorization") != "" || header.Get("Cookie") != "" {
		t.Errorf("header %v", header)
	}
}
