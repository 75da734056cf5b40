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
	return s.withSession(f), nil
}

func (s *Store) withSession(f refresh.Family) refresh.Family {
	f.Session = s.sessions[f.Session.ID]
	f.Session.MissingScopes = slices.Clone(f.Session.MissingScopes)
	return f
}

// UserFamilies returns the families of a user's sessions that are still kept, the newest login first, at most limit of them.
func (s *Store) UserFamilies(ctx context.Context, userID string, limit int) ([]refresh.Family, error) {
	if err := check(ctx, "list refresh families"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []refresh.Family
	for id, f := range s.families {
		if s.sessions[id].UserID == userID {
			found = append(found, s.withSession(f))
		}
	}
	slices.SortFunc(found, func(a, b refresh.Family) int { return newestFirst(a.Session, b.Session) })
	return found[:min(limit, len(found))], nil
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
