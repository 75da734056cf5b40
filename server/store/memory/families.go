package memory

import (
	"context"
	"errors"
	"slices"

	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/session"
)

// CreateFamily implements refresh.Store.
func (s *Store) CreateFamily(ctx context.Context, f refresh.Family) error {
	if err := check(ctx, "create refresh family"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.sessions[f.Session.ID]; !ok {
		return errors.New("create refresh family: no such session")
	}
	if _, ok := s.families[f.Session.ID]; ok {
		return errors.New("create refresh family: the session has one")
	}
	f.RotatedAt = normalTime(f.RotatedAt)
	s.families[f.Session.ID] = f
	return nil
}

// Family implements refresh.Store.
func (s *Store) Family(ctx context.Context, sessionID string) (refresh.Family, error) {
	if err := check(ctx, "read refresh family"); err != nil {
		return refresh.Family{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.families[sessionID]
	if !ok {
		return refresh.Family{}, session.ErrNoSession
	}
	f.Session = s.sessions[sessionID]
	f.Session.MissingScopes = slices.Clone(f.Session.MissingScopes)
	return f, nil
}

// RotateFamily implements refresh.Store.
func (s *Store) RotateFamily(ctx context.Context, to refresh.Family) (bool, error) {
	if err := check(ctx, "rotate refresh family"); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.families[to.Session.ID]
	if !ok || known.Number != to.Number-1 || !s.sessions[to.Session.ID].RevokedAt.IsZero() {
		return false, nil
	}
	known.Number, known.Hash, known.RotatedAt = to.Number, to.Hash, normalTime(to.RotatedAt)
	s.families[to.Session.ID] = known
	return true, nil
}
