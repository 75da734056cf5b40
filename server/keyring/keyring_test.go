package keyring_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/keyring"
)

const maxAge = 15 * time.Minute

var start = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

// ring is a Keyring whose clock the test moves.
type ring struct {
	*keyring.Keyring
	at time.Time
}

func newRing(t *testing.T, keys ...config.SigningKey) *ring {
	t.Helper()
	r := &ring{at: start}
	r.Keyring = keyring.New(keyring.Options{JWKSMaxAge: maxAge, Now: func() time.Time { return r.at }})
	r.replace(t, keys...)
	return r
}

func (r *ring) replace(t *testing.T, keys ...config.SigningKey) {
	t.Helper()
	if len(keys) == 0 {
		return
	}
	if err := r.Replace(config.SigningKeys{Keys: keys}); err != nil {
		t.Fatal(err)
	}
}

// signer returns the kid that signs now.
func (r *ring) signer(t *testing.T) string {
	t.Helper()
	token, err := r.Sign("at+jwt", claims(r.at))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(token, "at+jwt", &jwt.RegisteredClaims{}); err != nil {
		t.Fatalf("own token: %v", err)
	}
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]string
	if err := json.Unmarshal(header, &fields); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"alg": "ES256", "typ": "at+jwt", "kid": fields["kid"]}, fields); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	return fields["kid"]
}

func claims(at time.Time) jwt.RegisteredClaims {
	return jwt.RegisteredClaims{Subject: "user-ann", ExpiresAt: jwt.NewNumericDate(at.Add(time.Minute))}
}

// published returns the kids of the JWKS, in its order.
func (r *ring) published(t *testing.T) []string {
	t.Helper()
	body, _ := r.JWKS()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatal(err)
	}
	var kids []string
	for _, k := range set.Keys {
		kids = append(kids, k.KeyID)
	}
	return kids
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

// encode makes a JWK whose kid is its thumbprint, then lets change spoil it.
func encode(t *testing.T, private any, change func(map[string]any)) (jwk json.RawMessage, kid string) {
	t.Helper()
	key := jose.JSONWebKey{Key: private, Algorithm: "ES256", Use: "sig"}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	key.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	encoded, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		var fields map[string]any
		if err := json.Unmarshal(encoded, &fields); err != nil {
			t.Fatal(err)
		}
		change(fields)
		if encoded, err = json.Marshal(fields); err != nil {
			t.Fatal(err)
		}
	}
	return encoded, key.KeyID
}

// entry makes a key that signs from activate, and its kid.
func entry(t *testing.T, activate time.Time) (config.SigningKey, string) {
	t.Helper()
	jwk, kid := encode(t, newKey(t), nil)
	return config.SigningKey{JWK: jwk, State: config.KeyNext, PublishedAt: activate, ActivateAt: activate}, kid
}

func TestSign_UsesTheLatestActiveKey(t *testing.T) {
	old, oldKID := entry(t, start.Add(-time.Hour))
	next, nextKID := entry(t, start.Add(time.Hour))
	r := newRing(t, next, old)

	for _, step := range []struct {
		after time.Duration
		want  string
	}{{0, oldKID}, {time.Hour - time.Second, oldKID}, {time.Hour, nextKID}, {48 * time.Hour, nextKID}} {
		r.at = start.Add(step.after)
		if got := r.signer(t); got != step.want {
			t.Errorf("after %s: signs with %s, want %s", step.after, got, step.want)
		}
	}
}

func TestM1_NoKeySignsBeforeThisProcessHasPublishedIt(t *testing.T) {
	old, oldKID := entry(t, start.Add(-time.Hour))
	fresh, freshKID := entry(t, start.Add(time.Hour))
	r := newRing(t, old)
	// The server learns of the new key when it should sign already.
	r.at = start.Add(2 * time.Hour)
	r.replace(t, old, fresh)

	if got := r.signer(t); got != oldKID {
		t.Errorf("signs with %s at once, want the published %s", got, oldKID)
	}
	if diff := cmp.Diff([]string{freshKID, oldKID}, r.published(t)); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	r.at = r.at.Add(maxAge - time.Second)
	// Another write of the file in between does not start the wait anew.
	r.replace(t, fresh, old)
	if got := r.signer(t); got != oldKID {
		t.Errorf("signs with %s before the cache time is over", got)
	}
	r.at = r.at.Add(time.Second)
	if got := r.signer(t); got != freshKID {
		t.Errorf("signs with %s, want %s once the cache time is over", got, freshKID)
	}
}

func TestSign_AnUnpublishedKeyIsBetterThanNone(t *testing.T) {
	old, oldKID := entry(t, start.Add(-2*time.Hour))
	current, currentKID := entry(t, start.Add(-time.Hour))

	t.Run("at the first start", func(t *testing.T) {
		if got := newRing(t, old, current).signer(t); got != currentKID {
			t.Errorf("signs with %s, want the current key", got)
		}
	})
	t.Run("after an emergency rotation", func(t *testing.T) {
		r := newRing(t, old)
		r.at = start.Add(time.Hour)
		if got := r.signer(t); got != oldKID {
			t.Fatalf("signs with %s", got)
		}
		r.replace(t, current)
		if got := r.signer(t); got != currentKID {
			t.Errorf("signs with %s, want the only key", got)
		}
	})
	t.Run("when a key comes back after it was gone", func(t *testing.T) {
		r := newRing(t, old, current)
		r.at = start.Add(time.Hour)
		r.replace(t, old)
		r.replace(t, old, current)
		if got := r.signer(t); got != oldKID {
			t.Errorf("signs with %s, want the one that stayed published", got)
		}
	})
}

// The clock of this server is behind that of the control plane.
func TestSign_AKeyThatIsEarlyIsBetterThanNone(t *testing.T) {
	first, firstKID := entry(t, start.Add(30*time.Second))
	next, nextKID := entry(t, start.Add(time.Hour))

	t.Run("at the first start", func(t *testing.T) {
		r := newRing(t, next, first)
		if err := r.Ready(); err != nil {
			t.Error(err)
		}
		for _, step := range []struct {
			after time.Duration
			want  string
		}{{0, firstKID}, {time.Minute, firstKID}, {time.Hour, nextKID}} {
			r.at = start.Add(step.after)
			if got := r.signer(t); got != step.want {
				t.Errorf("after %s: signs with %s, want %s", step.after, got, step.want)
			}
		}
	})
	t.Run("after an emergency rotation", func(t *testing.T) {
		stolen, _ := entry(t, start.Add(-time.Hour))
		r := newRing(t, stolen)
		token, err := r.Sign("at+jwt", claims(r.at))
		if err != nil {
			t.Fatal(err)
		}
		r.replace(t, first)
		if err := r.Verify(token, "at+jwt", &jwt.RegisteredClaims{}); err == nil {
			t.Error("what a key signed that was dropped passes")
		}
		if got := r.signer(t); got != firstKID {
			t.Errorf("signs with %s, want the only key", got)
		}
	})
	t.Run("but not in the place of one whose time has come", func(t *testing.T) {
		old, oldKID := entry(t, start.Add(-time.Hour))
		if got := newRing(t, old, first).signer(t); got != oldKID {
			t.Errorf("signs with %s, want %s", got, oldKID)
		}
	})
}

func TestRetiredKeys_LeaveTheJWKSAndVerifyNothing(t *testing.T) {
	old, oldKID := entry(t, start.Add(-time.Hour))
	current, currentKID := entry(t, start)
	r := newRing(t, old)
	token, err := r.Sign("at+jwt", claims(start.Add(3*time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	old.RetireAt = start.Add(2 * time.Hour)
	r.replace(t, old, current)

	r.at = start.Add(2*time.Hour - time.Second)
	if err := r.Verify(token, "at+jwt", &jwt.RegisteredClaims{}); err != nil {
		t.Errorf("before it retires: %v", err)
	}
	if diff := cmp.Diff([]string{currentKID, oldKID}, r.published(t)); diff != "" {
		t.Errorf("published before it retires (-want +got):\n%s", diff)
	}
	_, before := r.JWKS()
	r.at = start.Add(2 * time.Hour)
	if err := r.Verify(token, "at+jwt", &jwt.RegisteredClaims{}); err == nil {
		t.Error("a retired key verifies")
	}
	if diff := cmp.Diff([]string{currentKID}, r.published(t)); diff != "" {
		t.Errorf("published after it retired (-want +got):\n%s", diff)
	}
	if _, after := r.JWKS(); after == before {
		t.Error("the entity tag did not change")
	}
}

func TestReady(t *testing.T) {
	r := newRing(t)
	if r.Ready() == nil {
		t.Error("ready without keys")
	}
	if _, err := r.Sign("at+jwt", claims(start)); err == nil {
		t.Error("signed without keys")
	}
	if body, etag := r.JWKS(); string(body) != `{"keys":[]}` || etag == "" {
		t.Errorf("JWKS without keys is %s, %s", body, etag)
	}
	only, _ := entry(t, start)
	only.RetireAt = start.Add(time.Hour)
	r.replace(t, only)
	if err := r.Ready(); err != nil {
		t.Error(err)
	}
	r.at = start.Add(time.Hour)
	if r.Ready() == nil {
		t.Error("ready although the only key is retired")
	}
}

func TestJWKS_IsPublicAndStable(t *testing.T) {
	one, _ := entry(t, start.Add(-time.Hour))
	two, _ := entry(t, start)
	r := newRing(t, one, two)
	body, etag := r.JWKS()
	r.replace(t, two, one)
	again, etagAgain := r.JWKS()

	if string(body) != string(again) || etag != etagAgain {
		t.Error("the same keys in another order give another answer")
	}
	var set struct {
		Keys []map[string]string `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		want := map[string]string{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": k["kid"], "x": k["x"], "y": k["y"]}
		if diff := cmp.Diff(want, k); diff != "" {
			t.Errorf("published key (-want +got):\n%s", diff)
		}
	}
	if !strings.HasPrefix(etag, `"`) || !strings.HasSuffix(etag, `"`) {
		t.Errorf("entity tag %s is not quoted", etag)
	}
}

func TestReplace_RefusesABadDocumentAndKeepsTheOldKeys(t *testing.T) {
	good, goodKID := entry(t, start)
	stranger := newKey(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	with := func(private any, change func(map[string]any)) config.SigningKey {
		jwk, _ := encode(t, private, change)
		return config.SigningKey{JWK: jwk, ActivateAt: start}
	}
	set := func(name string, value any) func(map[string]any) {
		return func(fields map[string]any) { fields[name] = value }
	}
	retired, neverActive := with(newKey(t), nil), with(newKey(t), nil)
	retired.RetireAt = start
	neverActive.ActivateAt = time.Time{}

	for name, keys := range map[string][]config.SigningKey{
		"no key":                 {},
		"only a retired key":     {retired},
		"the same key twice":     {good, good},
		"one bad among good":     {good, with(newKey(t), set("kid", "mine"))},
		"not JSON":               {{JWK: json.RawMessage(`{`), ActivateAt: start}},
		"empty":                  {{ActivateAt: start}},
		"a public key":           {with(&newKey(t).PublicKey, nil)},
		"an RSA key":             {with(rsaKey, nil)},
		"a P-384 key":            {with(p384, nil)},
		"a symmetric key":        {{JWK: json.RawMessage(`{"kty":"oct","k":"AAAA","alg":"HS256"}`), ActivateAt: start}},
		"another algorithm":      {with(newKey(t), set("alg", "ES384"))},
		"no algorithm":           {with(newKey(t), func(f map[string]any) { delete(f, "alg") })},
		"for encryption":         {with(newKey(t), set("use", "enc"))},
		"a kid of its own":       {with(newKey(t), set("kid", "mine"))},
		"no kid":                 {with(newKey(t), func(f map[string]any) { delete(f, "kid") })},
		"d of another key":       {with(newKey(t), set("d", base64.RawURLEncoding.EncodeToString(scalar(t, stranger))))},
		"a point off the curve":  {with(newKey(t), set("x", strings.Repeat("A", 43)))},
		"without its activation": {good, neverActive},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRing(t, good)
			before, _ := r.JWKS()
			if err := r.Replace(config.SigningKeys{Keys: keys}); err == nil {
				t.Fatal("accepted")
			}
			if after, _ := r.JWKS(); string(after) != string(before) {
				t.Error("the JWKS changed")
			}
			if got := r.signer(t); got != goodKID {
				t.Errorf("signs with %s, want the old key", got)
			}
		})
	}
}

func scalar(t *testing.T, private *ecdsa.PrivateKey) []byte {
	t.Helper()
	raw, err := private.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestLoad(t *testing.T) {
	key, kid := entry(t, start)
	document, err := json.Marshal(config.SigningKeys{Keys: []config.SigningKey{key}})
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		content []byte
		ok      bool
	}{
		"a document":          {document, true},
		"of a later version":  {append([]byte(`{"since": 2, `), document[1:]...), true},
		"an empty file":       {nil, false},
		"half a document":     {document[:len(document)/2], false},
		"two documents":       {append(append([]byte{}, document...), document...), false},
		"a file without end":  {[]byte(strings.Repeat(" ", 2<<20)), false},
		"a value that is not": {[]byte(`{"keys":[{"jwk":{"kty":"EC","d":"SECRET"},"activateAt":"SECRET"}]}`), false},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys.json")
			if err := os.WriteFile(path, row.content, 0o600); err != nil {
				t.Fatal(err)
			}
			r := newRing(t)
			err := r.Load(path)
			if row.ok != (err == nil) {
				t.Fatalf("error is %v, want ok %t", err, row.ok)
			}
			if row.ok && r.signer(t) != kid {
				t.Error("signs with another key")
			}
			if err != nil && strings.Contains(err.Error(), "SECRET") {
				t.Errorf("the error quotes the file: %v", err)
			}
		})
	}
	if err := newRing(t).Load(filepath.Join(t.TempDir(), "missing.json")); err == nil {
		t.Error("loaded a file that is not there")
	}
}

func TestKeyring_ServesWhileKeysChange(t *testing.T) {
	one, _ := entry(t, start.Add(-time.Hour))
	two, _ := entry(t, start.Add(-time.Minute))
	r := newRing(t, one)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 50 {
				token, err := r.Sign("at+jwt", claims(start))
				if err != nil {
					t.Error(err)
					return
				}
				if err := r.Verify(token, "at+jwt", &jwt.RegisteredClaims{}); err != nil {
					t.Error(err)
				}
				r.JWKS()
			}
		})
	}
	for range 50 {
		r.replace(t, one, two)
		r.replace(t, two, one)
	}
	group.Wait()
}
