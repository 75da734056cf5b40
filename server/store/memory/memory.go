// Package memory keeps users and sessions in the process: for development, since a restart forgets everyone. It behaves as the
// other stores do; package storetest holds them to that.
package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/users"
)

// revokedFor is how long a revoked session is remembered. It must outlast every access JWT, and those live at most 24 hours.
const revokedFor = 25 * time.Hour

// Store keeps users and sessions. It is safe for use by several goroutines.
type Store struct {
	mu       sync.Mutex
	users    map[string]identity.User
	sessions map[string]identity.Session
	// nonces are those that came back, by their hashes, with their ends.
	nonces map[[32]byte]time.Time
	// families are by session ID; what they hold of the session is not kept up.
	families map[string]refresh.Family
	// ended has the sessions of deleted users, with when they ended.
	ended map[string]time.Time
}

// New returns an empty Store.
func New() *Store {
	return &Store{
		users: map[string]identity.User{}, sessions: map[string]identity.Session{},
		nonces: map[[32]byte]time.Time{}, families: map[string]refresh.Family{},
		ended: map[string]time.Time{},
	}
}

// Ping implements the store's health check.
func (s *Store) Ping(ctx context.Context) error { return check(ctx, "reach store") }

// Close forgets nothing: there is nothing to release.
func (s *Store) Close() error { return nil }

// SaveUser implements users.Store.
func (s *Store) SaveUser(
	ctx context.Context, issuer, subject string, change func(identity.User) (identity.User, error),
) (identity.User, error) {
	if err := check(ctx, "save user"); err != nil {
		return identity.User{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.bySubject(issuer, subject)
	user, err := change(known)
	if err != nil {
		return identity.User{}, err
	}
	if owner := s.emailOwner(user.Email); owner.ID != "" && owner.ID != user.ID {
		return identity.User{}, &users.Conflict{UserID: owner.ID, OtherUserID: known.ID}
	}
	user = normalUser(user)
	s.users[user.ID] = user
	return user, nil
}

// User implements users.Store.
func (s *Store) User(ctx context.Context, id string) (identity.User, error) {
	if err := check(ctx, "read user"); err != nil {
		return identity.User{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user, ok := s.users[id]
	if !ok {
		return identity.User{}, users.ErrNotFound
	}
	return user, nil
}

func (s *Store) bySubject(issuer, subject string) identity.User {
	for _, u := range s.users {
		if u.Issuer == issuer && u.Subject == subject {
			return u
		}
	}
	return identity.User{}
}

// RelinkUser implements users.Store.
func (s *Store) RelinkUser(
	ctx context.Context, email string, at time.Time, change func(identity.User) (identity.User, error),
) (identity.User, []string, error) {
	if err := check(ctx, "relink user"); err != nil {
		return identity.User{}, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.emailOwner(email)
	if known.ID == "" {
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

// emailOwner is the user who has the email; the zero User if nobody has, and for the empty email.
func (s *Store) emailOwner(email string) identity.User {
	for _, u := range s.users {
		if u.Email == email && email != "" {
			return u
		}
	}
	return identity.User{}
}

// DeleteExpired deletes at most limit sessions that nobody can use any more, and returns how many it deleted.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	if err := check(ctx, "delete expired sessions"); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	deleted := 0
	for _, id := range slices.Collect(maps.Keys(s.sessions)) {
		if deleted < limit && dead(s.sessions[id], now) {
			delete(s.sessions, id)
			delete(s.families, id)
			deleted++
		}
	}
	return deleted, nil
}

func dead(s identity.Session, now time.Time) bool {
	return !now.Before(s.ExpiresAt) || (!s.RevokedAt.IsZero() && !now.Before(s.RevokedAt.Add(revokedFor)))
}

// check answers a cancelled request as a store over a wire would.
func check(ctx context.Context, attempted string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %s: %w", session.ErrStoreUnavailable, attempted, err)
	}
	return nil
}
