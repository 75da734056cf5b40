package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/googlelogin/operator/server/identity"
)

// End signs the request's user out: its session, or all of the user's with everywhere, is revoked in the store, then the cookies
// are cleared. If the store fails the cookies stay, and so does the session: a logout that did not happen must not look like one.
//
// A request without a session just gets its cookies cleared. With everywhere it is also told ErrNoSession, since nobody can say
// whose sessions were meant.
func (m *Manager) End(ctx context.Context, w http.ResponseWriter, r *http.Request, everywhere bool) error {
	now := m.now()
	ended, err := m.presented(ctx, r, now)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	for _, s := range ended {
		if err := m.revoke(ctx, s.ID, now); err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		if !everywhere {
			continue
		}
		if _, err := m.EndUser(ctx, s.UserID); err != nil {
			return err
		}
	}
	m.cookies.clear(w)
	if everywhere && len(ended) == 0 {
		return fmt.Errorf("end all sessions: %w", ErrNoSession)
	}
	return nil
}

// EndUser ends every session of a user, and says how many that were.
func (m *Manager) EndUser(ctx context.Context, userID string) (ended int, err error) {
	ids, err := m.store.RevokeUserSessions(ctx, userID, m.now())
	if err != nil {
		return 0, fmt.Errorf("end all sessions: %w", storeError(err))
	}
	m.Ended(ids...)
	return len(ids), nil
}

// Ended makes known here that sessions were ended in the store already, so that their JWTs pass no longer.
func (m *Manager) Ended(ids ...string) {
	now := m.now()
	for _, id := range ids {
		m.revoked.add(id, now)
	}
}

// presented returns the live sessions that the request proves: by a handle, or by a valid JWT. Only ID and UserID are sure to be
// set.
func (m *Manager) presented(ctx context.Context, r *http.Request, now time.Time) ([]identity.Session, error) {
	var sessions []identity.Session
	for _, hash := range m.handles(r) {
		s, err := m.live(ctx, hash, now)
		if errors.Is(err, ErrNoSession) || errors.Is(err, ErrExpired) {
			continue
		}
		if err != nil {
			return nil, err
		}
		sessions = append(sessions, s)
	}
	current, err := m.check(r)
	if errors.Is(err, ErrStoreUnavailable) {
		return nil, err
	}
	if err == nil && !slices.ContainsFunc(sessions, func(s identity.Session) bool { return s.ID == current.Claims.SessionID }) {
		sessions = append(sessions, identity.Session{ID: current.Claims.SessionID, UserID: current.Claims.Subject})
	}
	return sessions, nil
}

func (m *Manager) revoke(ctx context.Context, id string, now time.Time) error {
	if err := m.store.RevokeSession(ctx, id, now); err != nil {
		return storeError(err)
	}
	m.revoked.add(id, now)
	return nil
}
