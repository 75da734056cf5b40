// Package limit bounds how often one client address or one account may ask for something that costs: a login, a callback, a
// token. Its memory is bounded too, whatever the number of clients: a key takes about 220 bytes, and is forgotten once its budget
// is whole again, when to forget it changes nothing.
//
// It does not know HTTP. A caller that is refused answers 429 with the wait that Allow returns as Retry-After.
package limit

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Options sets one limiter.
type Options struct {
	// PerMinute is how many events a key may have in a minute in the long run.
	PerMinute int
	// Burst is how many it may have at once.
	Burst int
	// Keys is how many keys are remembered; past that the one that was quiet for longest is forgotten.
	Keys int
	// Now is the clock.
	Now func() time.Time
}

// Limiter counts events by key. It is safe for concurrent use.
type Limiter struct {
	options Options
	mu      sync.Mutex
	byKey   map[string]*list.Element
	recent  *list.List // of *bucket, the most recently used in front
}

type bucket struct {
	key string
	*rate.Limiter
}

// New returns a Limiter that remembers nobody.
func New(o Options) *Limiter {
	return &Limiter{options: o, byKey: map[string]*list.Element{}, recent: list.New()}
}

// Allow counts one event for key. If key has had too many it returns false and how long until the next one is allowed; a
// refused event is not counted, so that a client which keeps asking gets through as soon as one that waits.
func (l *Limiter) Allow(key string) (bool, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.options.Now()
	r := l.bucket(key, now).ReserveN(now, 1)
	if !r.OK() {
		return false, time.Minute
	}
	wait := r.DelayFrom(now)
	if wait == 0 {
		return true, 0
	}
	r.CancelAt(now)
	return false, wait
}

// Set changes how many events a key may have, from now on and for those who are remembered too. What they have used up stays so.
func (l *Limiter) Set(perMinute, burst int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.options.PerMinute == perMinute && l.options.Burst == burst {
		return
	}
	l.options.PerMinute, l.options.Burst = perMinute, burst
	now := l.options.Now()
	for e := l.recent.Front(); e != nil; e = e.Next() {
		b := e.Value.(*bucket)
		b.SetLimitAt(now, l.rate())
		b.SetBurstAt(now, burst)
	}
}

func (l *Limiter) rate() rate.Limit { return rate.Limit(float64(l.options.PerMinute) / 60) }

// Len returns how many keys are remembered.
func (l *Limiter) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.recent.Len()
}

func (l *Limiter) bucket(key string, now time.Time) *bucket {
	if e, ok := l.byKey[key]; ok {
		l.recent.MoveToFront(e)
		return e.Value.(*bucket)
	}
	l.forget(now)
	b := &bucket{key: key, Limiter: rate.NewLimiter(l.rate(), l.options.Burst)}
	l.byKey[key] = l.recent.PushFront(b)
	return b
}

// forget makes room for one key. It looks at two old ones for each new one, so that the memory of an attack shrinks again without
// anybody having to wait for a sweep.
func (l *Limiter) forget(now time.Time) {
	for range 2 {
		e := l.recent.Back()
		if e == nil {
			return
		}
		oldest := e.Value.(*bucket)
		if l.recent.Len() < l.options.Keys && oldest.TokensAt(now) < float64(l.options.Burst) {
			return
		}
		delete(l.byKey, oldest.key)
		l.recent.Remove(e)
	}
}

// AddressKey returns the key that stands for the client at addr: an IPv4 address, or the /64 around an IPv6 one, since a single
// subscriber is given a whole /64 and could otherwise appear as a new client with every request.
func AddressKey(addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(64)
	if err != nil || !prefix.IsValid() {
		return "unknown" // an address that could not be read: all such clients share one budget
	}
	return prefix.String()
}
