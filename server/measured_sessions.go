package server

import (
	"context"
	"time"

	"github.com/googlelogin/operator/server/identity"
)

// What session.Store has of measuredStore, and the deletion of what is over.

func (s *measuredStore) CreateSession(ctx context.Context, created identity.Session) error {
	return s.op(ctx, "create_session", func(ctx context.Context) error { return s.kept.CreateSession(ctx, created) })
}

func (s *measuredStore) SessionByHandle(ctx context.Context, handleHash [32]byte) (found identity.Session, err error) {
	err = s.op(ctx, "session_by_handle", func(ctx context.Context) error {
		found, err = s.kept.SessionByHandle(ctx, handleHash)
		return err
	})
	return found, err
}

func (s *measuredStore) TouchSession(ctx context.Context, id string, usedAt time.Time) error {
	return s.op(ctx, "touch_session", func(ctx context.Context) error { return s.kept.TouchSession(ctx, id, usedAt) })
}

func (s *measuredStore) RevokeSession(ctx context.Context, id string, at time.Time) error {
	return s.op(ctx, "revoke_session", func(ctx context.Context) error { return s.kept.RevokeSession(ctx, id, at) })
}

func (s *measuredStore) RevokeUserSessions(ctx context.Context, userID string, at time.Time) (ended []string, err error) {
	err = s.op(ctx, "revoke_user_sessions", func(ctx context.Context) error {
		ended, err = s.kept.RevokeUserSessions(ctx, userID, at)
		return err
	})
	return ended, err
}

func (s *measuredStore) RevokeUserSession(ctx context.Context, userID, id string, at time.Time) (ended bool, err error) {
	err = s.op(ctx, "revoke_user_session", func(ctx context.Context) error {
		ended, err = s.kept.RevokeUserSession(ctx, userID, id, at)
		return err
	})
	return ended, err
}

func (s *measuredStore) UserSessions(
	ctx context.Context, userID string, at, usedAfter time.Time, limit int,
) (found []identity.Session, err error) {
	err = s.op(ctx, "user_sessions", func(ctx context.Context) error {
		found, err = s.kept.UserSessions(ctx, userID, at, usedAfter, limit)
		return err
	})
	return found, err
}

func (s *measuredStore) KeptSessions(ctx context.Context, userID string, limit int) (found []identity.Session, err error) {
	err = s.op(ctx, "kept_sessions", func(ctx context.Context) error {
		found, err = s.kept.KeptSessions(ctx, userID, limit)
		return err
	})
	return found, err
}

func (s *measuredStore) RevokedSince(ctx context.Context, since time.Time) (found map[string]time.Time, err error) {
	err = s.op(ctx, "revoked_since", func(ctx context.Context) error {
		found, err = s.kept.RevokedSince(ctx, since)
		return err
	})
	return found, err
}

func (s *measuredStore) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.deleted(ctx, "delete_expired", s.kept.DeleteExpired, now, limit)
}

func (s *measuredStore) DeleteExpiredEnds(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.deleted(ctx, "delete_expired_ends", s.kept.DeleteExpiredEnds, now, limit)
}

func (s *measuredStore) DeleteExpiredNonces(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.deleted(ctx, "delete_expired_nonces", s.kept.DeleteExpiredNonces, now, limit)
}

func (s *measuredStore) deleted(
	ctx context.Context, operation string, sweep func(context.Context, time.Time, int) (int, error), now time.Time, limit int,
) (n int, err error) {
	err = s.op(ctx, operation, func(ctx context.Context) error {
		n, err = sweep(ctx, now, limit)
		return err
	})
	return n, err
}
