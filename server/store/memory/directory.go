package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/users"
)

// UserByEmail implements users.DirectoryStore.
func (s *Store) UserByEmail(ctx context.Context, email string) (identity.User, error) {
	if err := check(ctx, "read user"); err != nil {
		return identity.User{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.emailOwner(email)
	if found.ID == "" {
		return identity.User{}, users.ErrNotFound
	}
	return found, nil
}

// UserByIdentity implements users.DirectoryStore.
func (s *Store) UserByIdentity(ctx context.Context, issuer, subject string) (identity.User, error) {
	if err := check(ctx, "read user"); err != nil {
		return identity.User{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.bySubject(issuer, subject)
	if found.ID == "" {
		return identity.User{}, users.ErrNotFound
	}
	return found, nil
}

// ListUsers implements users.DirectoryStore.
func (s *Store) ListUsers(ctx context.Context, p users.Page) ([]identity.User, error) {
	if err := check(ctx, "list users"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []identity.User
	for _, u := range s.users {
		if strings.HasPrefix(u.Email, p.Prefix) && p.Key(u) > p.After {
			found = append(found, u)
		}
	}
	slices.SortFunc(found, func(a, b identity.User) int { return cmp.Compare(p.Key(a), p.Key(b)) })
	return found[:min(p.Limit, len(found))], nil
}

// ChangeUser implements users.DirectoryStore.
func (s *Store) ChangeUser(
	ctx context.Context, id string, at time.Time, change func(identity.User) (identity.User, error),
) (identity.User, []string, error) {
	if err := check(ctx, "change user"); err != nil {
		return identity.User{}, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.users[id]
	if !ok {
		return identity.User{}, nil, users.ErrNotFound
	}
	user, err := change(known)
	if err != nil {
		return identity.User{}, nil, err
	}
	if other := s.bySubject(user.Issuer, user.Subject); other.ID != "" && other.ID != user.ID {
		return identity.User{}, nil, &users.Conflict{UserID: known.ID, OtherUserID: other.ID}
	}
	user = normalUser(user)
	s.users[user.ID] = user
	return user, s.revokeAll(user.ID, at), nil
}

// DeleteUser implements users.DirectoryStore.
func (s *Store) DeleteUser(ctx context.Context, id string, at time.Time) ([]string, error) {
	if err := check(ctx, "delete user"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.users[id]; !ok {
		return nil, users.ErrNotFound
	}
	ended := s.revokeAll(id, at)
	maps.DeleteFunc(s.sessions, func(sid string, known identity.Session) bool {
		if known.UserID == id {
			s.ended[sid] = known.RevokedAt
			delete(s.families, sid)
		}
		return known.UserID == id
	})
	delete(s.users, id)
	return ended, nil
}

// KeptSessions implements users.DirectoryStore.
func (s *Store) KeptSessions(ctx context.Context, userID string, limit int) ([]identity.Session, error) {
	if err := check(ctx, "list sessions"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []identity.Session
	for _, known := range s.sessions {
		if known.UserID == userID {
			known.MissingScopes = slices.Clone(known.MissingScopes)
			found = append(found, known)
		}
	}
	slices.SortFunc(found, newestFirst)
	return found[:min(limit, len(found))], nil
}

// DeleteExpiredEnds deletes at most limit marks of deleted users' sessions that no JWT can bear any more.
func (s *Store) DeleteExpiredEnds(ctx context.Context, now time.Time, limit int) (int, error) {
	if err := check(ctx, "delete expired ends"); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	deleted := 0
	for _, id := range slices.Collect(maps.Keys(s.ended)) {
		if deleted < limit && !now.Before(s.ended[id].Add(revokedFor)) {
			delete(s.ended, id)
			deleted++
		}
	}
	return deleted, nil
}
