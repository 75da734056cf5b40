package server

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/store/memory"
	"github.com/googlelogin/operator/server/users"
)

// brokenStore is a store that fails while down is set, and revokes no single session while readOnly is.
type brokenStore struct {
	*memory.Store
	down, readOnly atomic.Bool
	// panics is what it panics with, if it does.
	panics atomic.Pointer[any]
}

var errDown = errors.New("disk is gone")

func (s *brokenStore) err() error {
	if value := s.panics.Load(); value != nil {
		panic(*value)
	}
	if s.down.Load() {
		return errDown
	}
	return nil
}

func (s *brokenStore) Ping(ctx context.Context) error {
	return errors.Join(s.err(), s.Store.Ping(ctx))
}

func (s *brokenStore) User(ctx context.Context, id string) (identity.User, error) {
	if err := s.err(); err != nil {
		return identity.User{}, err
	}
	return s.Store.User(ctx, id)
}

func (s *brokenStore) SaveUser(
	ctx context.Context, issuer, subject string, change func(identity.User) (identity.User, error),
) (identity.User, error) {
	if err := s.err(); err != nil {
		return identity.User{}, err
	}
	return s.Store.SaveUser(ctx, issuer, subject, change)
}

func (s *brokenStore) CreateSession(ctx context.Context, created identity.Session) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.Store.CreateSession(ctx, created)
}

func (s *brokenStore) SessionByHandle(ctx context.Context, hash [32]byte) (identity.Session, error) {
	if err := s.err(); err != nil {
		return identity.Session{}, err
	}
	return s.Store.SessionByHandle(ctx, hash)
}

func (s *brokenStore) ListUsers(ctx context.Context, p users.Page) ([]identity.User, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.Store.ListUsers(ctx, p)
}

func (s *brokenStore) ClaimNonce(ctx context.Context, hash [32]byte, until time.Time) (bool, error) {
	if err := s.err(); err != nil {
		return false, err
	}
	return s.Store.ClaimNonce(ctx, hash, until)
}

func (s *brokenStore) Family(ctx context.Context, sessionID string) (refresh.Family, error) {
	if err := s.err(); err != nil {
		return refresh.Family{}, err
	}
	return s.Store.Family(ctx, sessionID)
}

func (s *brokenStore) RotateFamily(ctx context.Context, to refresh.Family) (bool, error) {
	if err := s.err(); err != nil {
		return false, err
	}
	return s.Store.RotateFamily(ctx, to)
}

func (s *brokenStore) RevokeSession(ctx context.Context, id string, at time.Time) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.Store.RevokeSession(ctx, id, at)
}
