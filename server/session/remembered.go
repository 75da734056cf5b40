package session

import (
	"crypto/sha256"
	"maps"
	"sync"
	"time"
)

// maxRemembered bounds the memory: about 700 bytes for each JWT and the Cookie header that it came in, 11 MB at most. Of sessions
// beyond it, a check costs three times as much.
const maxRemembered = 16384

// remembered has the claims of JWTs that were verified, so that the next request with the same one costs a lookup instead of an
// ECDSA verification. It is keyed by the SHA-256 of the whole token, signature included, or of a whole Cookie header that has it: to
// find an entry one has to hold the token.
//
// An entry says that the keys, the issuer, the audience and the claims were right. Time and revocation are asked at each request,
// and all entries are dropped when the keys change. Issuer, audiences and policy are fixed for the life of a Manager: who succeeds it
// begins with none.
type remembered struct {
	mu sync.RWMutex
	// keys is the entity tag of the key set that the entries were verified with.
	keys   string
	claims map[[sha256.Size]byte]*Claims
}

// find returns the claims of a token that was verified with these keys and is in time.
func (v *remembered) find(sum [sha256.Size]byte, keys string, now time.Time) (*Claims, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	c, known := v.claims[sum]
	return c, known && v.keys == keys && inTime(c, now)
}

// add remembers what was verified with these keys.
func (v *remembered) add(sum [sha256.Size]byte, keys string, c *Claims, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.keys != keys || v.claims == nil {
		v.keys, v.claims = keys, map[[sha256.Size]byte]*Claims{}
	}
	if len(v.claims) >= maxRemembered {
		v.makeRoom(now)
	}
	v.claims[sum] = c
}

// forget drops the dead, and returns how many: of those who went away nothing is kept longer than they could come back with it.
func (v *remembered) forget(now time.Time) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	before := len(v.claims)
	v.drop(now)
	return before - len(v.claims)
}

// drop is forget for whoever holds mu.
func (v *remembered) drop(now time.Time) {
	maps.DeleteFunc(v.claims, func(_ [sha256.Size]byte, c *Claims) bool { return !inTime(c, now) })
}

// makeRoom drops the dead, and if all are alive some that chance picks: they are verified again when they come back.
func (v *remembered) makeRoom(now time.Time) {
	v.drop(now)
	for sum := range v.claims {
		if len(v.claims) < maxRemembered*7/8 {
			return
		}
		delete(v.claims, sum)
	}
}

// inTime has the bounds that the verification has: alive from nbf on, dead at exp.
func inTime(c *Claims, now time.Time) bool {
	return now.Before(c.ExpiresAt.Time) && !now.Before(c.NotBefore.Time)
}
