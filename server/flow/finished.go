package flow

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxFinished bounds the memory of finished flows, about 100 bytes each.
const maxFinished = 50_000

// Finished remembers the flows that came back, for as long as their cookies could. A browser forgets the cookie of a finished
// flow; this is for whoever kept a copy, and for two requests with the same flow at once.
//
// It covers one replica. Another one would ask Google, which redeems a code once.
type Finished struct {
	mu    sync.Mutex
	now   func() time.Time
	seen  map[[sha256.Size]byte]struct{}
	order []finished
}

type finished struct {
	state [sha256.Size]byte
	until time.Time
}

// NewFinished remembers nothing yet.
func NewFinished(now func() time.Time) *Finished {
	return &Finished{now: now, seen: make(map[[sha256.Size]byte]struct{})}
}

// Claim is true for the first caller that names this flow and false for every later one.
func (f *Finished) Claim(flow Flow) bool {
	// The hash, not the state: what is kept for an hour should open nothing.
	state := sha256.Sum256([]byte(flow.State))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget()
	if _, again := f.seen[state]; again {
		return false
	}
	f.seen[state] = struct{}{}
	f.order = append(f.order, finished{state, flow.ExpiresAt})
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
