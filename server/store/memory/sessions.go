package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
)

// CreateSession implements session.Store.
func (s *Store) CreateSession(ctx context.Context, created identity.Session) error {
	if err := check(ctx, "create session"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if user, ok := s.users[created.UserID]; !ok || user.Blocked() {
		return fmt.Errorf("create session: %w", session.ErrUserGone)
	}
	if s.taken(created) {
		return errors.New("create session: its id or handle is taken")
	}
	s.sessions[created.ID] = normalSession(created)
	return nil
}

func (s *Store) taken(created identity.Session) bool {
	for _, known := range s.sessions {
		if known.ID == created.ID || known.HandleHash == created.HandleHash {
			return true
		}
	}
	return false
}

// SessionByHandle implements session.Store.
func (s *Store) SessionByHandle(ctx context.Context, handleHash [32]byte) (identity.Session, error) {
	if err := check(ctx, "read session"); err != nil {
		return identity.Session{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, known := range s.sessions {
		if known.HandleHash == handleHash {
			known.MissingScopes = slices.Clone(known.MissingScopes)
			return known, nil
		}
	}
	return identity.Session{}, session.ErrNoSession
}

// TouchSession implements session.Store.
func (s *Store) TouchSession(ctx context.Context, id string, usedAt time.Time) error {
	if err := check(ctx, "touch session"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.sessions[id]
	if !ok || !known.RevokedAt.IsZero() {
		return session.ErrNoSession
	}
	if usedAt = normalTime(usedAt); usedAt.After(known.LastUsedAt) {
		known.LastUsedAt = usedAt
	}
	s.sessions[id] = known
	return nil
}

// RevokeSession implements session.Store.
func (s *Store) RevokeSession(ctx context.Context, id string, at time.Time) error {
	if err := check(ctx, "revoke session"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoke(id, at)
	return nil
}

// RevokeUserSessions implements session.Store.
func (s *Store) RevokeUserSessions(ctx context.Context, userID string, at time.Time) ([]string, error) {
	if err := check(ctx, "revoke sessions"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revokeAll(userID, at), nil
}

// revokeAll returns the sessions that it ended. The caller holds mu.
func (s *Store) revokeAll(userID string, at time.Time) []string {
	var ids []string
	for id, known := range s.sessions {
		if known.UserID == userID && s.revoke(id, at) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// RevokeUserSession implements session.Store.
func (s *Store) RevokeUserSession(ctx context.Context, userID, id string, at time.Time) (bool, error) {
	if err := check(ctx, "revoke session"); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[id].UserID == userID && s.revoke(id, at), nil
}

// UserSessions implements session.Store.
func (s *Store) UserSessions(ctx context.Context, userID string, at, usedAfter time.Time, limit int) ([]identity.Session, error) {
	if err := check(ctx, "list sessions"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at, usedAfter = normalTime(at), normalTime(usedAfter)
	var found []identity.Session
	for _, known := range s.sessions {
		if known.UserID == userID && known.RevokedAt.IsZero() && at.Before(known.ExpiresAt) && known.LastUsedAt.After(usedAfter) {
			known.MissingScopes = slices.Clone(known.MissingScopes)
			found = append(found, known)
		}
	}
	slices.SortFunc(found, newestFirst)
	return found[:min(limit, len(found))], nil
}

func newestFirst(a, b identity.Session) int {
	return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
}

// RevokedSince implements session.Store.
func (s *Store) RevokedSince(ctx context.Context, since time.Time) (map[string]time.Time, error) {
	if err := check(ctx, "read revoked sessions"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	revoked := map[string]time.Time{}
	for id, known := range s.sessions {
		if !known.RevokedAt.IsZero() && !known.RevokedAt.Before(normalTime(since)) {
			revoked[id] = known.RevokedAt
		}
	}
	for id, at := range s.ended {
		if !at.Before(normalTime(since)) {
			revoked[id] = at
		}
	}
	return revoked, nil
}

// revoke says whether it ended a live session. The caller holds mu.
func (s *Store) revoke(id string, at time.Time) bool {
	known, ok := s.sessions[id]
	if !ok || !known.RevokedAt.IsZero() {
		return false
	}
	known.RevokedAt = normalTime(at)
	s.sessions[id] = known
	return true
}

func normalUser(u identity.User) identity.User {
	u.CreatedAt, u.LastLoginAt, u.BlockedAt = normalTime(u.CreatedAt), normalTime(u.LastLoginAt), normalTime(u.BlockedAt)
	return u
}

func normalSession(s identity.Session) identity.Session {
	s.CreatedAt, s.LastUsedAt = normalTime(s.CreatedAt), normalTime(s.LastUsedAt)
	s.ExpiresAt, s.RevokedAt = normalTime(s.ExpiresAt), normalTime(s.RevokedAt)
	s.MissingScopes = slices.Clone(s.MissingScopes)
	return s
}

// normalTime keeps of a time what every store keeps: microseconds, in UTC.
func normalTime(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMicro(t.UnixMicro()).UTC()
}
