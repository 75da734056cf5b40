package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/googlelogin/operator/server/identity"
)

// maxListed is how many sessions a list has. Somebody with more ends them all at once.
const maxListed = 50

// List returns the user's live sessions, the newest login first, at most 50 of them.
func (m *Manager) List(ctx context.Context, userID string) ([]identity.Session, error) {
	now := m.now()
	found, err := m.store.UserSessions(ctx, userID, now, now.Add(-m.config.IdleTimeout.Std()), maxListed)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", storeError(err))
	}
	// A lifetime that was shortened since the login binds a session too.
	return slices.DeleteFunc(found, func(s identity.Session) bool { return !now.Before(m.end(s)) }), nil
}

// EndOne ends a session of the user by its ID, and says whether it did. One that is over, unknown or another user's is not told
// apart, so that nobody learns which IDs there are.
func (m *Manager) EndOne(ctx context.Context, userID, id string) (bool, error) {
	now := m.now()
	ended, err := m.store.RevokeUserSession(ctx, userID, id, now)
	if err != nil {
		return false, fmt.Errorf("end one session: %w", storeError(err))
	}
	if ended {
		m.revoked.add(id, now)
	}
	return ended, nil
}
