package flow

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"
)

// maxFinished bounds the memory of finished flows, about 100 bytes each.
const maxFinished = 50_000

// Finished remembers the flows that came back, for as long as their cookies could. A browser forgets the cookie of a finished
// flow; this is for whoever kept a copy, and for two requests with the same flow at once.
//
// Without a Store it covers one server since its start. Google redeems a code once all the same, but may revoke what it gave for it.
type Finished struct {
	store Store
	now   func() time.Time
	mu    sync.Mutex
	seen  map[[sha256.Size]byte]struct{}
	order []finished
}

// Store keeps hashes for every server of this GoogleLogin.
type Store interface {
	// ClaimNonce is true for the first caller that names this hash, and false for every later one until its end.
	ClaimNonce(ctx context.Context, hash [sha256.Size]byte, until time.Time) (first bool, err error)
}

type finished struct {
	state [sha256.Size]byte
	until time.Time
}

// NewFinished remembers nothing yet. store may be nil.
func NewFinished(now func() time.Time, store Store) *Finished {
	return &Finished{store: store, now: now, seen: make(map[[sha256.Size]byte]struct{})}
}

// Claim is true for the first caller that names this flow and false for every later one. An error says that nobody knows.
func (f *Finished) Claim(ctx context.Context, flow Flow) (bool, error) {
	// The hash, not the state: what is kept should open nothing. The nonces of ID tokens, beside which it is kept, begin otherwise.
	state := sha256.Sum256([]byte("finished flow " + flow.State))
	if !f.claimHere(state, flow.ExpiresAt) {
		return false, nil
	}
	if f.store == nil {
		return true, nil
	}
	return f.store.ClaimNonce(ctx, state, flow.ExpiresAt)
}

func (f *Finished) claimHere(state [sha256.Size]byte, until time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget()
	if _, again := f.seen[state]; again {
		return false
	}
	f.seen[state] = struct{}{}
	f.order = append(f.order, finished{state, until})
	return true
}

// forget drops what has expired by itself and, past the bound, the oldest.
func (f *Finished) forget() {
	now := f.now()
	n := 0
	for n < len(f.order) && (!now.Before(f.order[n].until) || len(f.order)-n >= maxFinished) {
		delete(f.seen, f.order[n].state)
		n++
	}
	f.order = f.order[n:]
}
