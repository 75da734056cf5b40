package nonce

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

var start = time.Date(2026, 3, 14, 15, 9, 26, 535, time.UTC)

// clock is a time that only the test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newOptions(t testing.TB, c *clock) Options {
	t.Helper()
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	primitive, err := aead.New(handle)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Instance: "team/shop", SessionCookie: "__Secure-shop", AEAD: primitive, Now: c.now, Rand: rand.Reader}
}

func TestApps_NonceHoldsItsEndAndItsChallenge(t *testing.T) {
	c := &clock{start}
	a := NewApps(newOptions(t, c))
	sum := sha256.Sum256([]byte("the-verifier"))
	for name, challenge := range map[string][32]byte{"bound": sum, "unbound": {}} {
		nonce, issued, err := a.Issue(challenge)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := a.Open(nonce)
		want := App{ExpiresAt: start.Truncate(time.Second).Add(AppLifetime), CodeChallenge: challenge}
		if diff := cmp.Diff([]App{want, want}, []App{issued, opened}); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
		if len(nonce) > 128 {
			t.Errorf("%s: the nonce has %d characters", name, len(nonce))
		}
		if bound := name == "bound"; opened.Bound() != bound || opened.Proves("the-verifier") != bound || opened.Proves("") || opened.Proves("another") {
			t.Errorf("%s: bound %v", name, opened.Bound())
		}
	}
}

func TestApps_NonceExpires(t *testing.T) {
	c := &clock{start}
	a := NewApps(newOptions(t, c))
	nonce, _, err := a.Issue([32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	c.at = start.Truncate(time.Second).Add(AppLifetime - time.Nanosecond)
	if _, err := a.Open(nonce); err != nil {
		t.Errorf("just before: %v", err)
	}
	c.at = c.at.Add(time.Nanosecond)
	if _, err := a.Open(nonce); !errors.Is(err, ErrExpired) {
		t.Errorf("at its end: %v", err)
	}
}

func TestJ3_AppsKnowTheirOwnAlone(t *testing.T) {
	c := &clock{start}
	options := newOptions(t, c)
	a := NewApps(options)
	nonce, _, err := a.Issue([32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	other := options
	other.Instance = "team/other"
	otherKeys := newOptions(t, c)
	if _, err := NewApps(other).Open(nonce); !errors.Is(err, ErrUnknown) {
		t.Errorf("another GoogleLogin: %v", err)
	}
	if _, err := NewApps(otherKeys).Open(nonce); !errors.Is(err, ErrUnknown) {
		t.Errorf("another key: %v", err)
	}
	for _, spelling := range []string{"", nonce + "=", nonce + "\n", "\r" + nonce, nonce[:len(nonce)-1], nonce + "A", strings.Repeat("A", 513), " " + nonce} {
		if _, err := a.Open(spelling); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", spelling, err)
		}
	}
	// The last character has two bits to spare: other characters that only differ in those spell the same bytes.
	for _, last := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		spelling := nonce[:len(nonce)-1] + string(last)
		if _, err := a.Open(spelling); spelling != nonce && !errors.Is(err, ErrUnknown) {
			t.Errorf("%q for %q: %v", spelling, nonce, err)
		}
	}
	// A box of ours that is no nonce.
	box, err := options.AEAD.Encrypt([]byte("short"), a.associatedData())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Open(fmt.Sprintf("%x", box)); !errors.Is(err, ErrUnknown) {
		t.Errorf("another box: %v", err)
	}
}

func TestNonces_NeedRandomness(t *testing.T) {
	options := newOptions(t, &clock{start})
	options.Rand = iotest.ErrReader(io.ErrClosedPipe)
	if _, _, err := NewApps(options).Issue([32]byte{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("app: %v", err)
	}
	recorded := httptest.NewRecorder()
	if _, err := NewPages(options).Issue(recorded, httptest.NewRequest(http.MethodGet, "/", nil), ""); !errors.Is(err, io.ErrClosedPipe) || len(recorded.Result().Cookies()) > 0 {
		t.Errorf("page: %v", err)
	}
}

// again is the next request of the browser that got this answer.
func again(recorded *httptest.ResponseRecorder) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range recorded.Result().Cookies() {
		if c.MaxAge >= 0 {
			r.AddCookie(c)
		}
	}
	return r
}

func TestPages_CookieIsTheHostsWhateverTheSessions(t *testing.T) {
	p := NewPages(newOptions(t, &clock{start}))
	recorded := httptest.NewRecorder()
	if _, err := p.Issue(recorded, httptest.NewRequest(http.MethodGet, "/", nil), ""); err != nil {
		t.Fatal(err)
	}
	if c := recorded.Result().Cookies()[0]; c.Name != "__Host-shop-nonce" || c.SameSite != http.SameSiteNoneMode || !c.Secure || !c.HttpOnly {
		t.Errorf("cookie %v", c)
	}
}

func TestPages_AreRememberedAndForgotten(t *testing.T) {
	c := &clock{start}
	p := NewPages(newOptions(t, c))
	one := httptest.NewRecorder()
	first, err := p.Issue(one, httptest.NewRequest(http.MethodGet, "/", nil), "https://shop.example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	two := httptest.NewRecorder()
	second, err := p.Issue(two, again(one), "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Page{second, first}, p.Open(again(two))); diff != "" {
		t.Error(diff)
	}
	three := httptest.NewRecorder()
	if err := p.Forget(three, again(two), second.Nonce); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Page{first}, p.Open(again(three))); diff != "" {
		t.Error(diff)
	}
	four := httptest.NewRecorder()
	if err := p.Forget(four, again(three), first.Nonce); err != nil || four.Result().Cookies()[0].MaxAge >= 0 {
		t.Errorf("%v, cookies %v", err, four.Result().Cookies())
	}
}

func TestPages_ForgetsWhatIsADayOld(t *testing.T) {
	c := &clock{start}
	p := NewPages(newOptions(t, c))
	one, two := httptest.NewRecorder(), httptest.NewRecorder()
	if _, err := p.Issue(one, httptest.NewRequest(http.MethodGet, "/", nil), ""); err != nil {
		t.Fatal(err)
	}
	c.at = start.Add(24 * time.Hour)
	page, err := p.Issue(two, again(one), "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Page{page}, p.Open(again(two))); diff != "" {
		t.Error(diff)
	}
}

func TestPages_TooLongAReturnToIsAnError(t *testing.T) {
	p := NewPages(newOptions(t, &clock{start}))
	recorded := httptest.NewRecorder()
	_, err := p.Issue(recorded, httptest.NewRequest(http.MethodGet, "/", nil), strings.Repeat("a", 4000))
	if !errors.Is(err, ErrTooLong) || len(recorded.Result().Cookies()) > 0 {
		t.Errorf("%v, cookies %v", err, recorded.Result().Cookies())
	}
}

func TestG86_TwoNonceCookiesAreNone(t *testing.T) {
	p := NewPages(newOptions(t, &clock{start}))
	recorded := httptest.NewRecorder()
	if _, err := p.Issue(recorded, httptest.NewRequest(http.MethodGet, "/", nil), ""); err != nil {
		t.Fatal(err)
	}
	r := again(recorded)
	if len(p.Open(r)) != 1 {
		t.Fatal("the cookie does not open")
	}
	r.AddCookie(recorded.Result().Cookies()[0])
	if pages := p.Open(r); pages != nil {
		t.Errorf("pages %v", pages)
	}
}

// claims is a Store that answers as it is told, and keeps what it was asked.
type claims struct {
	first bool
	err   error
	asked [][sha256.Size]byte
}

func (c *claims) ClaimNonce(_ context.Context, hash [sha256.Size]byte, _ time.Time) (bool, error) {
	c.asked = append(c.asked, hash)
	return c.first, c.err
}

func TestJ5_UsedTellsAReplayFromAStoreThatIsAway(t *testing.T) {
	away := errors.New("store is away")
	for name, row := range map[string]struct {
		store claims
		want  error
	}{
		"the first":         {claims{first: true}, nil},
		"a later one":       {claims{}, ErrUsed},
		"nobody knows":      {claims{err: away}, away},
		"nobody knows well": {claims{first: true, err: away}, away},
	} {
		err := NewUsed(&row.store).Claim(t.Context(), "nonce", start)
		if !errors.Is(err, row.want) || (row.want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
		if diff := cmp.Diff([][sha256.Size]byte{sha256.Sum256([]byte("nonce"))}, row.store.asked); diff != "" {
			t.Errorf("%s: the store was asked for (-want +got):\n%s", name, diff)
		}
	}
}

func TestHandler_RemembersNoReturnToThatIsNotAllowed(t *testing.T) {
	p := NewPages(newOptions(t, &clock{start}))
	h := &Handler{Pages: p, ReturnTo: func(_ *http.Request, raw string) string { return map[string]string{"good": "good"}[raw] }}
	for asked, want := range map[string]string{"good": "good", "evil": "", "": ""} {
		recorded := httptest.NewRecorder()
		nonce, err := h.IssueNonce(recorded, httptest.NewRequest(http.MethodGet, "/?return_to="+asked, nil))
		if err != nil {
			t.Fatal(err)
		}
		if open := p.Open(again(recorded)); len(open) != 1 || open[0].Nonce != nonce || open[0].ReturnTo != want {
			t.Errorf("%q: %v", asked, open)
		}
	}
}

func TestHandler_LeavesOutAReturnToThatDoesNotFit(t *testing.T) {
	p := NewPages(newOptions(t, &clock{start}))
	h := &Handler{Pages: p, ReturnTo: func(*http.Request, string) string { return strings.Repeat("a", 4000) }}
	recorded := httptest.NewRecorder()
	if _, err := h.IssueNonce(recorded, httptest.NewRequest(http.MethodGet, "/", nil)); err != nil {
		t.Fatal(err)
	}
	if open := p.Open(again(recorded)); len(open) != 1 || open[0].ReturnTo != "" {
		t.Errorf("open %v", open)
	}
}

func FuzzAppNonce(f *testing.F) {
	c := &clock{start}
	a := NewApps(newOptions(f, c))
	good, _, err := a.Issue([32]byte{1})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{good, good[:20], "", strings.Repeat("A", 119)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, nonce string) {
		app, err := a.Open(nonce)
		if (err == nil) != (nonce == good) || (err != nil && !cmp.Equal(app, App{})) {
			t.Errorf("%q: %v, %v", nonce, app, err)
		}
	})
}

func FuzzNonceCookie(f *testing.F) {
	p := NewPages(newOptions(f, &clock{start}))
	recorded := httptest.NewRecorder()
	if _, err := p.Issue(recorded, httptest.NewRequest(http.MethodGet, "/", nil), "https://shop.example.com/"); err != nil {
		f.Fatal(err)
	}
	good := recorded.Result().Cookies()[0].Value
	for _, seed := range []string{good, good[:len(good)-4], "", "e30", `"quoted"`, strings.Repeat("A", 5000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", p.cookie+"="+value)
		// What net/http takes for the cookie's value, quotes and all that taken off, is what has to be the good one.
		found := r.CookiesNamed(p.cookie)
		isGood := len(found) == 1 && bytes.Equal([]byte(found[0].Value), []byte(good))
		if pages := p.Open(r); (len(pages) > 0) != isGood {
			t.Errorf("%q opens %v", value, pages)
		}
	})
}
