package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/session"
)

func claimsOnce(t *testing.T, store Store) {
	for _, row := range []struct {
		what string
		hash [32]byte
		want bool
	}{{"a nonce", [32]byte{1}, true}, {"the same nonce again", [32]byte{1}, false}, {"another nonce", [32]byte{2}, true}} {
		if first, err := store.ClaimNonce(t.Context(), row.hash, now.Add(time.Minute)); err != nil || first != row.want {
			t.Errorf("%s: first %v, %v", row.what, first, err)
		}
	}
}

func parallelClaims(t *testing.T, store Store) {
	var (
		group sync.WaitGroup
		first atomic.Int32
	)
	for range 100 {
		group.Go(func() {
			won, err := store.ClaimNonce(t.Context(), [32]byte{7}, now.Add(time.Minute))
			if err != nil {
				t.Error(err)
			}
			if won {
				first.Add(1)
			}
		})
	}
	group.Wait()
	if first.Load() != 1 {
		t.Errorf("%d of a hundred claims were the first", first.Load())
	}
}

func forgetsExpiredNonces(t *testing.T, store Store) {
	for n := byte(1); n <= 5; n++ {
		if _, err := store.ClaimNonce(t.Context(), [32]byte{n}, now.Add(-time.Duration(n-1)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.ClaimNonce(t.Context(), [32]byte{6}, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 2, 1, 0} {
		if got, err := store.DeleteExpiredNonces(t.Context(), now, 2); err != nil || got != want {
			t.Fatalf("deleted %d (%v), want %d", got, err, want)
		}
	}
	if first, err := store.ClaimNonce(t.Context(), [32]byte{6}, now.Add(time.Minute)); err != nil || first {
		t.Errorf("a nonce that has not expired is forgotten: first %v, %v", first, err)
	}
}

func claimsNothingCancelled(t *testing.T, store Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if first, err := store.ClaimNonce(ctx, [32]byte{1}, now); first || !errors.Is(err, session.ErrStoreUnavailable) {
		t.Errorf("claim: first %v, %v", first, err)
	}
	if _, err := store.DeleteExpiredNonces(ctx, now, 1); !errors.Is(err, session.ErrStoreUnavailable) {
		t.Errorf("delete: %v", err)
	}
	if first, err := store.ClaimNonce(t.Context(), [32]byte{1}, now); !first || err != nil {
		t.Errorf("a cancelled claim counted: first %v, %v", first, err)
	}
}
