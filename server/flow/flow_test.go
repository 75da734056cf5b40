package flow

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
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

// claim fails the test if nobody knows.
func claim(t *testing.T, done *Finished, f Flow) bool {
	t.Helper()
	first, err := done.Claim(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return first
}

func TestFinished_LetsEachFlowFinishOnce(t *testing.T) {
	now := start
	done := NewFinished(func() time.Time { return now }, nil)
	a := Flow{State: "a", ExpiresAt: start.Add(Lifetime)}
	if !claim(t, done, a) {
		t.Error("refused the first callback of a flow")
	}
	if claim(t, done, a) {
		t.Error("let a flow finish twice")
	}
	if !claim(t, done, Flow{State: "b", ExpiresAt: start.Add(Lifetime)}) {
		t.Error("refused another flow")
	}
	now = start.Add(Lifetime)
	claim(t, done, Flow{State: "c", ExpiresAt: now.Add(Lifetime)})
	if got := len(done.seen); got != 1 {
		t.Errorf("remembers %d flows, want only the one that can still come back", got)
	}
}

func TestFinished_IsBounded(t *testing.T) {
	done := NewFinished(func() time.Time { return start }, nil)
	for i := range maxFinished + 10 {
		claim(t, done, Flow{State: fmt.Sprint(i), ExpiresAt: start.Add(Lifetime)})
	}
	if got := len(done.seen); got > maxFinished {
		t.Errorf("remembers %d flows, want at most %d", got, maxFinished)
	}
	if claim(t, done, Flow{State: fmt.Sprint(maxFinished + 9), ExpiresAt: start.Add(Lifetime)}) {
		t.Error("forgot the newest flow before the oldest")
	}
}

// shelf is a store that all servers share; failing says that it is away.
type shelf struct {
	claimed map[[32]byte]time.Time
	failing error
}

func (s *shelf) ClaimNonce(_ context.Context, hash [32]byte, until time.Time) (bool, error) {
	if s.failing != nil {
		return false, s.failing
	}
	_, again := s.claimed[hash]
	s.claimed[hash] = until
	return !again, nil
}

func TestB16_AFlowFinishesOnceAtAllServers(t *testing.T) {
	shared := &shelf{claimed: map[[32]byte]time.Time{}}
	clock := func() time.Time { return start }
	one, two := NewFinished(clock, shared), NewFinished(clock, shared)
	a, b := Flow{State: "a", ExpiresAt: start.Add(Lifetime)}, Flow{State: "b", ExpiresAt: start.Add(Lifetime)}
	if !claim(t, one, a) || claim(t, two, a) || claim(t, one, a) {
		t.Error("a flow finished twice, or never")
	}
	for hash, until := range shared.claimed {
		if !until.Equal(a.ExpiresAt) || hash == sha256.Sum256([]byte(a.State)) {
			t.Errorf("kept until %v as %x", until, hash)
		}
	}
	shared.failing = errors.New("away")
	if first, err := two.Claim(t.Context(), b); first || !errors.Is(err, shared.failing) {
		t.Errorf("while the store is away: %t, %v", first, err)
	}
}
