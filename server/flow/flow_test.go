package flow

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newRand is randomness that is the same at each run.
func newRand() io.Reader { return rand.NewChaCha8([32]byte{1}) }

func TestNew_MakesThreeSecretsOf256Bits(t *testing.T) {
	f, err := New(Request{ReturnTo: "https://shop.example.com/cart", RedirectURI: "https://shop.example.com/auth/callback"}, start, newRand())
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{"state": f.State, "nonce": f.Nonce, "verifier": f.CodeVerifier} {
		if len(secret) != 43 {
			t.Errorf("%s has %d characters, want the 43 of 32 bytes", name, len(secret))
		}
	}
	if f.State == f.Nonce || f.Nonce == f.CodeVerifier || f.State == f.CodeVerifier {
		t.Error("two of state, nonce and verifier are equal")
	}
	if want := start.Add(10 * time.Minute); !f.ExpiresAt.Equal(want) {
		t.Errorf("expires at %v, want %v", f.ExpiresAt, want)
	}
}

func TestNew_FailsWithoutRandomness(t *testing.T) {
	if f, err := New(Request{}, start, iotest.ErrReader(fmt.Errorf("no entropy"))); err == nil {
		t.Fatalf("made %v without randomness", f)
	}
	if f, err := New(Request{}, start, bytes.NewReader(make([]byte, 95))); err == nil {
		t.Fatalf("made %v from too little randomness", f)
	}
}

func TestFlow_SurvivesEncoding(t *testing.T) {
	want, err := New(Request{ReturnTo: "https://shop.example.com/", RedirectURI: "https://shop.example.com/cb", Scopes: []string{"openid"}}, start, newRand())
	if err != nil {
		t.Fatal(err)
	}
	plain, err := want.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(plain)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decode(encode(f)) differs (-want +got):\n%s", diff)
	}
}

func TestFlow_PrintsNoSecret(t *testing.T) {
	f, err := New(Request{RedirectURI: "https://shop.example.com/cb"}, start, newRand())
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s", f, f, f, f.LogValue())
	for _, secret := range []string{f.State, f.Nonce, f.CodeVerifier} {
		if strings.Contains(printed, secret) {
			t.Errorf("a printed flow holds a secret: %s", printed)
		}
	}
}

func TestFinished_LetsEachFlowFinishOnce(t *testing.T) {
	now := start
	done := NewFinished(func() time.Time { return now })
	a := Flow{State: "a", ExpiresAt: start.Add(Lifetime)}
	if !done.Claim(a) {
		t.Error("refused the first callback of a flow")
	}
	if done.Claim(a) {
		t.Error("let a flow finish twice")
	}
	if !done.Claim(Flow{State: "b", ExpiresAt: start.Add(Lifetime)}) {
		t.Error("refused another flow")
	}
	now = start.Add(Lifetime)
	done.Claim(Flow{State: "c", ExpiresAt: now.Add(Lifetime)})
	if got := len(done.seen); got != 1 {
		t.Errorf("remembers %d flows, want only the one that can still come back", got)
	}
}

func TestFinished_IsBounded(t *testing.T) {
	done := NewFinished(func() time.Time { return start })
	for i := range maxFinished + 10 {
		done.Claim(Flow{State: fmt.Sprint(i), ExpiresAt: start.Add(Lifetime)})
	}
	if got := len(done.seen); got > maxFinished {
		t.Errorf("remembers %d flows, want at most %d", got, maxFinished)
	}
	if done.Claim(Flow{State: fmt.Sprint(maxFinished + 9), ExpiresAt: start.Add(Lifetime)}) {
		t.Error("forgot the newest flow before the oldest")
	}
}
