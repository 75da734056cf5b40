package flow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// newKeyset makes a keyset file's content with n keys, the last of them primary.
func newKeyset(t testing.TB, n int) []byte {
	t.Helper()
	manager := keyset.NewManager()
	for range n {
		id, err := manager.Add(aead.AES256GCMKeyTemplate())
		if err != nil {
			t.Fatal(err)
		}
		if err := manager.SetPrimary(id); err != nil {
			t.Fatal(err)
		}
	}
	return writeKeyset(t, manager)
}

func writeKeyset(t testing.TB, manager *keyset.Manager) []byte {
	t.Helper()
	handle, err := manager.Handle()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&out)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func newSealer(t testing.TB, content []byte) *Sealer {
	t.Helper()
	s := new(Sealer)
	if err := s.Replace(content); err != nil {
		t.Fatal(err)
	}
	return s
}

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

const shopCookie = "__Host-shop"

func newFlow(t testing.TB, returnTo string, now time.Time, rand io.Reader) Flow {
	t.Helper()
	f, err := New(Request{ReturnTo: returnTo, RedirectURI: "https://shop.example.com/auth/callback"}, now, rand)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// browser applies Set-Cookie headers as a browser would, for one host.
type browser map[string]string

func (b browser) request() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://shop.example.com/auth/callback", nil)
	for name, value := range b {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func (b browser) take(t testing.TB, w *httptest.ResponseRecorder) {
	t.Helper()
	for _, cookie := range w.Result().Cookies() {
		if cookie.MaxAge < 0 {
			delete(b, cookie.Name)
			continue
		}
		b[cookie.Name] = cookie.Value
	}
}

func (b browser) put(t testing.TB, c *Cookies, f Flow) {
	t.Helper()
	w := httptest.NewRecorder()
	if err := c.Put(w, b.request(), f); err != nil {
		t.Fatal(err)
	}
	b.take(t, w)
}

func TestCookies_OpenWhatTheyPut(t *testing.T) {
	c := NewCookies("shop/shop", shopCookie, newSealer(t, newKeyset(t, 1)), (&clock{start}).Now)
	want := newFlow(t, "https://shop.example.com/cart", start, newRand())
	b := browser{}
	b.put(t, c, want)
	got, err := c.Open(b.request(), want.State)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Open(Put(f)) differs (-want +got):\n%s", diff)
	}

	w := httptest.NewRecorder()
	c.Clear(w, b.request(), want.State)
	b.take(t, w)
	if _, err := c.Open(b.request(), want.State); !errors.Is(err, ErrUnknown) {
		t.Errorf("a cleared flow opens: %v", err)
	}
}

func TestCookies_Attributes(t *testing.T) {
	for session, wantPrefix := range map[string]string{"__Host-shop": "__Host-shop-flow-", "__Secure-shop": "__Host-shop-flow-"} {
		c := NewCookies("shop/shop", session, newSealer(t, newKeyset(t, 1)), (&clock{start}).Now)
		w := httptest.NewRecorder()
		if err := c.Put(w, browser{}.request(), newFlow(t, "", start, newRand())); err != nil {
			t.Fatal(err)
		}
		header := w.Header().Get("Set-Cookie")
		if !strings.HasPrefix(header, wantPrefix) {
			t.Errorf("for session cookie %s the flow's is %s, want %s…", session, header, wantPrefix)
		}
		_, attributes, _ := strings.Cut(header, "; ")
		if want := "Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax"; attributes != want {
			t.Errorf("attributes are %q, want %q", attributes, want)
		}
	}
}

func TestA1_TwoFlowsAtOnce(t *testing.T) {
	c := NewCookies("shop/shop", shopCookie, newSealer(t, newKeyset(t, 1)), (&clock{start}).Now)
	b, rand := browser{}, newRand()
	// The longest return_to that is accepted, twice.
	long := "https://shop.example.com/" + strings.Repeat("a", 2048-25)
	first, second := newFlow(t, long, start, rand), newFlow(t, long, start, rand)
	b.put(t, c, first)
	b.put(t, c, second)
	for _, f := range []Flow{first, second} {
		if _, err := c.Open(b.request(), f.State); err != nil {
			t.Errorf("%v does not open beside the other: %v", f, err)
		}
	}
}

func TestA2_FiftyStartsKeepTheNewest(t *testing.T) {
	at := &clock{start}
	c := NewCookies("shop/shop", shopCookie, newSealer(t, newKeyset(t, 1)), at.Now)
	b, rand := browser{"unrelated": "stays", "__Host-shop": "stays"}, newRand()
	var flows []Flow
	for range 50 {
		f := newFlow(t, "https://shop.example.com/", at.now, rand)
		b.put(t, c, f)
		flows = append(flows, f)
		at.now = at.now.Add(time.Second)
	}
	if got := len(b) - 2; got != maxFlows {
		t.Fatalf("the jar holds %d flow cookies, want %d", got, maxFlows)
	}
	for i, f := range flows {
		_, err := c.Open(b.request(), f.State)
		if kept := err == nil; kept != (i >= 50-maxFlows) {
			t.Errorf("flow %d of 50 kept: %v", i+1, kept)
		}
	}
}

func TestCookies_DropUnreadableAndExpiredFlowsFirst(t *testing.T) {
	at := &clock{start}
	c := NewCookies("shop/shop", shopCookie, newSealer(t, newKeyset(t, 1)), at.Now)
	rand := newRand()
	b := browser{"__Host-shop-flow-garbage": "x"}
	old := newFlow(t, "", start, rand)
	b.put(t, c, old)
	if _, there := b["__Host-shop-flow-garbage"]; there {
		t.Error("an unreadable flow cookie stays")
	}
	at.now = start.Add(Lifetime)
	b.put(t, c, newFlow(t, "", at.now, rand))
	if len(b) != 1 {
		t.Errorf("the jar holds %d cookies, want the new flow's alone", len(b))
	}
}

func TestCookies_StayUnderTheLimitsOfProxies(t *testing.T) {
	at := &clock{start}
	c := NewCookies("shop/shop", shopCookie, newSealer(t, newKeyset(t, 1)), at.Now)
	b, rand := browser{}, newRand()
	for range 12 {
		b.put(t, c, newFlow(t, "https://shop.example.com/"+strings.Repeat("a", 1000), at.now, rand))
		at.now = at.now.Add(time.Second)
		size := 0
		for name, value := range b {
			size += len(name) + len(value)
		}
		if size > maxFlowBytes {
			t.Fatalf("flow cookies take %d bytes, want at most %d", size, maxFlowBytes)
		}
	}
	w := httptest.NewRecorder()
	err := c.Put(w, b.request(), newFlow(t, strings.Repeat("a", 4000), at.now, rand))
	if !errors.Is(err, ErrTooLong) || len(w.Header()) != 0 {
		t.Errorf("a flow of more than a cookie: error %v, headers %v", err, w.Header())
	}
}

func TestB17_ExpiredFlowIsRecognized(t *testing.T) {
	at := &clock{start}
	c := NewCookies("shop/shop", shopCookie, newSealer(t, newKeyset(t, 1)), at.Now)
	b, f := browser{}, newFlow(t, "https://shop.example.com/cart", start, newRand())
	b.put(t, c, f)
	at.now = start.Add(Lifetime - time.Nanosecond)
	if _, err := c.Open(b.request(), f.State); err != nil {
		t.Errorf("just before its end: %v", err)
	}
	at.now = start.Add(Lifetime)
	got, err := c.Open(b.request(), f.State)
	if !errors.Is(err, ErrExpired) || got.State != f.State {
		t.Errorf("at its end: flow %v, error %v; want ErrExpired with the flow", got, err)
	}
}

func TestB18_ForeignAndDamagedFlowCookies(t *testing.T) {
	at := &clock{start}
	keys := newKeyset(t, 1)
	ours := NewCookies("shop/shop", shopCookie, newSealer(t, keys), at.Now)
	rand := newRand()
	f, other := newFlow(t, "", start, rand), newFlow(t, "", start, rand)
	b := browser{}
	b.put(t, ours, f)
	b.put(t, ours, other)
	name, otherName := "__Host-shop-flow-"+f.ID, "__Host-shop-flow-"+other.ID
	good := b[name]

	sealedBy := func(c *Cookies) string {
		value, err := c.seal(f)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	flip := func(i int) string {
		damaged := []byte(good)
		damaged[i] ^= 1
		return string(damaged)
	}
	for row, value := range map[string]string{
		"B18 first character flipped":       flip(0),
		"B18 key id flipped":                flip(4),
		"B18 middle flipped":                flip(len(good) / 2),
		"B18 last character flipped":        flip(len(good) - 1),
		"B18 truncated by one":              good[:len(good)-1],
		"B18 truncated to half":             good[:len(good)/2],
		"B18 empty":                         "",
		"B18 padded":                        good + "=",
		"B18 extended":                      good + "AAAA",
		"B18 not base64":                    "!!!",
		"B18 another key":                   sealedBy(NewCookies("shop/shop", shopCookie, newSealer(t, newKeyset(t, 1)), at.Now)),
		"B18 another GoogleLogin, same key": sealedBy(NewCookies("shop/other", shopCookie, newSealer(t, keys), at.Now)),
		"B18 another cookie name, same key": sealedBy(NewCookies("shop/shop", "__Host-other", newSealer(t, keys), at.Now)),
		"B14 the cookie of another flow":    b[otherName],
		"B24 a hundred kilobytes":           strings.Repeat("A", 100<<10),
	} {
		t.Run(row, func(t *testing.T) {
			if _, err := ours.Open(browser{name: value}.request(), f.State); !errors.Is(err, ErrUnknown) {
				t.Errorf("error %v, want ErrUnknown", err)
			}
		})
	}
	if _, err := ours.Open(browser{name: good}.request(), f.State); err != nil {
		t.Errorf("the undamaged cookie does not open, so the rows prove nothing: %v", err)
	}
}

// openBox is an AEAD that protects nothing.
type openBox struct{}

func (openBox) Encrypt(plaintext, _ []byte) ([]byte, error)  { return plaintext, nil }
func (openBox) Decrypt(ciphertext, _ []byte) ([]byte, error) { return ciphertext, nil }

// TestB14_StateIsComparedWhateverTheSealSays: the seal binds a flow to the name of its cookie and so to its state. The comparison
// stands on its own all the same.
func TestB14_StateIsComparedWhateverTheSealSays(t *testing.T) {
	c := NewCookies("shop/shop", shopCookie, openBox{}, (&clock{start}).Now)
	rand := newRand()
	f, other := newFlow(t, "", start, rand), newFlow(t, "", start, rand)
	value, err := c.seal(other)
	if err != nil {
		t.Fatal(err)
	}
	b := browser{"__Host-shop-flow-" + f.ID: value}
	if _, err := c.Open(b.request(), f.State); !errors.Is(err, ErrUnknown) {
		t.Errorf("error %v, want ErrUnknown", err)
	}
	b = browser{"__Host-shop-flow-" + other.ID: value}
	if _, err := c.Open(b.request(), other.State); err != nil {
		t.Errorf("the right state: %v", err)
	}
}

func TestG86_TwoCookiesOfOneNameOpenNothing(t *testing.T) {
	c := NewCookies("shop/shop", shopCookie, newSealer(t, newKeyset(t, 1)), (&clock{start}).Now)
	b, f := browser{}, newFlow(t, "", start, newRand())
	b.put(t, c, f)
	r := b.request()
	r.AddCookie(&http.Cookie{Name: "__Host-shop-flow-" + f.ID, Value: "attacker"})
	if _, err := c.Open(r, f.State); !errors.Is(err, ErrUnknown) {
		t.Errorf("error %v, want ErrUnknown", err)
	}
}

func TestG92_OldKeysOpenUntilTheyAreRemoved(t *testing.T) {
	manager := keyset.NewManager()
	oldID, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	if err := manager.SetPrimary(oldID); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "keyset.json")
	save := func() {
		if err := os.WriteFile(path, writeKeyset(t, manager), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	save()
	s := new(Sealer)
	if err := s.Ready(); !errors.Is(err, ErrNoKeys) {
		t.Errorf("ready without keys: %v", err)
	}
	if err := s.Load(path); err != nil {
		t.Fatal(err)
	}
	c := NewCookies("shop/shop", shopCookie, s, (&clock{start}).Now)
	b, f := browser{}, newFlow(t, "", start, newRand())
	b.put(t, c, f)

	newID, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	if err := manager.SetPrimary(newID); err != nil {
		t.Fatal(err)
	}
	save()
	if err := s.Load(path); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Open(b.request(), f.State); err != nil {
		t.Errorf("after a rotation the old flow does not open: %v", err)
	}

	if err := os.WriteFile(path, []byte(`{"primaryKeyId":1,"key":[{}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Load(path); err == nil {
		t.Error("took a broken keyset")
	}
	if _, err := c.Open(b.request(), f.State); err != nil {
		t.Errorf("after a broken file the old keys are gone: %v", err)
	}

	if err := manager.Delete(oldID); err != nil {
		t.Fatal(err)
	}
	save()
	if err := s.Load(path); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Open(b.request(), f.State); !errors.Is(err, ErrUnknown) {
		t.Errorf("a removed key still opens: %v", err)
	}
}

func TestSealer_KeepsKeysOutOfErrors(t *testing.T) {
	content := string(newKeyset(t, 1))
	_, rest, _ := strings.Cut(content, `"value":"`)
	secret, _, _ := strings.Cut(rest, `"`)
	if secret == "" {
		t.Fatal("no key material found in the test's own keyset")
	}
	err := new(Sealer).Replace([]byte(content[:len(content)-2]))
	if err == nil || strings.Contains(fmt.Sprint(err), secret) {
		t.Errorf("error %v; want one that does not hold the key", err)
	}
}

func FuzzFlowCookie(f *testing.F) {
	c := NewCookies("shop/shop", shopCookie, newSealer(f, newKeyset(f, 2)), (&clock{start}).Now)
	good := newFlow(f, "https://shop.example.com/", start, newRand())
	value, err := c.seal(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good.State, value)
	f.Add("", "")
	f.Add(good.State, value[:20])
	f.Fuzz(func(t *testing.T, state, cookie string) {
		r := httptest.NewRequest(http.MethodGet, "https://shop.example.com/", nil)
		r.Header.Set("Cookie", c.prefix+idOf(state)+"="+cookie)
		got, err := c.Open(r, state)
		// The parser of the Cookie header trims and unquotes, so that more than one spelling reaches the right flow.
		if err == nil && (state != good.State || got.State != good.State || !strings.Contains(cookie, value)) {
			t.Errorf("opened %v for a state and cookie that this server did not make", got)
		}
		c.surplus(r, 1, 100)
	})
}
