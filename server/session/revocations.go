package session

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"
)

// revocations remembers the sessions that were revoked lately, so that their JWTs, valid still, are refused without a look into
// the store. An entry is kept until the last JWT of its session is dead: it bears the time of the server that made it, and the JWT that of
// another, whose clock may be ahead.
type revocations struct {
	mu      sync.RWMutex
	keep    time.Duration
	loaded  bool
	at      map[string]time.Time
	sweepAt time.Time
	// refreshedAt is when the store was last asked, see Refresh.
	refreshedAt time.Time
}

func newRevocations(accessTokenTTL time.Duration) *revocations {
	return &revocations{keep: accessTokenTTL, at: map[string]time.Time{}}
}

// keepFor is for a life of access JWTs that was changed. It never keeps for less than before: should the life grow again, the JWTs that
// are out live on. If it is longer than ever, nobody has read yet who signed out before.
func (v *revocations) keepFor(accessTokenTTL time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if accessTokenTTL > v.keep {
		v.keep, v.loaded, v.refreshedAt = accessTokenTTL, false, time.Time{}
	}
}

// load reads once what was revoked before this process began: a logout must outlast a restart. Until it has succeeded, nothing
// passes.
func (v *revocations) load(ctx context.Context, store Store, now time.Time) error {
	v.mu.RLock()
	loaded, keep := v.loaded, v.keep
	v.mu.RUnlock()
	if loaded {
		return nil
	}
	known, err := store.RevokedSince(ctx, now.Add(-keep-skew))
	if err != nil {
		return fmt.Errorf("read revoked sessions: %w", storeError(err))
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	maps.Copy(v.at, known)
	// Unless JWTs live longer than when the question was asked.
	v.loaded = v.loaded || v.keep == keep
	return nil
}

func (v *revocations) add(id string, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.at[id] = now
	v.forget(now)
}

// forget drops what no JWT can bear any more, now and then. The caller holds mu.
func (v *revocations) forget(now time.Time) {
	if now.Before(v.sweepAt) {
		return
	}
	maps.DeleteFunc(v.at, func(_ string, at time.Time) bool { return now.Sub(at) > v.keep+skew })
	v.sweepAt = now.Add(v.keep)
}

func (v *revocations) has(id string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	_, revoked := v.at[id]
	return revoked
}
