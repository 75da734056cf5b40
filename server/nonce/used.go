package nonce

import (
	"container/heap"
	"crypto/sha256"
	"errors"
	"sync"
	"time"
)

// maxUsed bounds the memory of used nonces, about 150 bytes each: 28 logins a second for an hour.
const maxUsed = 100_000

var (
	// ErrUsed says that a nonce came back before.
	ErrUsed = errors.New("nonce was used before")
	// ErrFull says that more nonces are in use than can be remembered. Forgetting one would let it in again.
	ErrFull = errors.New("too many nonces in use")
)

// Used remembers the nonces that came back until they expire by themselves. Claim one only when all else about its ID token is
// proven: then nobody fills the memory who does not have as many good tokens of Google's.
//
// It is the memory of one process: it does not know what another replica saw, and a restart forgets. What is left then is the end
// of the nonce, and that of Google's token.
type Used struct {
	now   func() time.Time
	most  int
	mu    sync.Mutex
	known map[[sha256.Size]byte]struct{}
	ends  ends
}

// NewUsed remembers nothing yet.
func NewUsed(now func() time.Time) *Used {
	return &Used{now: now, most: maxUsed, known: make(map[[sha256.Size]byte]struct{})}
}

// Claim is nil for the first caller that names this nonce, which expires at until, and ErrUsed for every later one.
func (u *Used) Claim(nonce string, until time.Time) error {
	// The hash, not the nonce: what is kept should open nothing.
	sum := sha256.Sum256([]byte(nonce))
	u.mu.Lock()
	defer u.mu.Unlock()
	u.forget()
	if _, again := u.known[sum]; again {
		return ErrUsed
	}
	if len(u.known) >= u.most {
		return ErrFull
	}
	u.known[sum] = struct{}{}
	heap.Push(&u.ends, end{sum, until})
	return nil
}

// forget drops what has expired by itself. The two kinds of nonces do not live equally long, hence the heap.
func (u *Used) forget() {
	now := u.now()
	for len(u.ends) > 0 && !now.Before(u.ends[0].until) {
		delete(u.known, heap.Pop(&u.ends).(end).nonce)
	}
}

type end struct {
	nonce [sha256.Size]byte
	until time.Time
}

// ends is a heap.Interface, the earliest on top.
type ends []end

func (e ends) Len() int           { return len(e) }
func (e ends) Less(i, j int) bool { return e[i].until.Before(e[j].until) }
func (e ends) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }

// Push implements heap.Interface.
func (e *ends) Push(x any) { *e = append(*e, x.(end)) }

// Pop implements heap.Interface.
func (e *ends) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}
