package session

import (
	"context"
	"fmt"
	"maps"
	"time"
)

// overlap is how far back each Refresh looks beyond the one before. A revocation bears the time of the server that made it, whose
// clock may be behind, from before it was asked of the store, and is seen only once it is committed. A store that is slow about it
// has as long again.
const overlap = 2 * skew

// Refresh learns which sessions other servers with the same store have ended since the last Refresh. Until it has run, a session
// that was ended elsewhere passes here while its access JWT lives. It costs one query for the revocations of the last two minutes, so
// that it can run every second.
func (m *Manager) Refresh(ctx context.Context) error {
	return m.revoked.refresh(ctx, m.store, m.now())
}

func (v *revocations) refresh(ctx context.Context, store Store, now time.Time) error {
	since, keep := v.unseen(now)
	known, err := store.RevokedSince(ctx, since)
	if err != nil {
		return fmt.Errorf("read revoked sessions: %w", storeError(err))
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	maps.Copy(v.at, known)
	v.forget(now)
	if v.keep == keep {
		v.loaded, v.refreshedAt = true, now
	}
	return nil
}

// unseen is since when there may be revocations that nobody has told of here, if they are kept for so long.
func (v *revocations) unseen(now time.Time) (since time.Time, keep time.Duration) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	longest := now.Add(-v.keep - overlap)
	since = v.refreshedAt.Add(-overlap)
	if since.Before(longest) {
		since = longest
	}
	return since, v.keep
}
