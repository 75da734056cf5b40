package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
)

const (
	sessionColumns = `id, handle_hash, user_id, created_at, last_used_at, expires_at, revoked_at, user_agent, missing_scopes`

	// It waits for a block or a deletion that is under way, and then finds nobody; or makes that wait, which then finds the session.
	insertSession = `INSERT INTO googlelogin.sessions (` + sessionColumns + `)
		SELECT $1, $2, id, $4::timestamptz, $5::timestamptz, $6::timestamptz, $7::timestamptz, $8, $9 FROM googlelogin.users WHERE id = $3 AND blocked_at IS NULL FOR SHARE`
	selectSessionByHandle = `SELECT ` + sessionColumns + ` FROM googlelogin.sessions WHERE handle_hash = $1`
	touchSession          = `UPDATE googlelogin.sessions SET last_used_at = greatest(last_used_at, $1) WHERE id = $2 AND revoked_at IS NULL`
	revokeSession         = `UPDATE googlelogin.sessions SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL`
	revokeUserSessions    = `UPDATE googlelogin.sessions SET revoked_at = $1 WHERE user_id = $2 AND revoked_at IS NULL RETURNING id`
	revokeUserSession     = `UPDATE googlelogin.sessions SET revoked_at = $1 WHERE id = $2 AND user_id = $3 AND revoked_at IS NULL`
	selectUserSessions    = `SELECT ` + sessionColumns + ` FROM googlelogin.sessions
		WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND last_used_at > $3 ORDER BY created_at DESC, id LIMIT $4`
	selectRevokedSince = `SELECT id, revoked_at FROM googlelogin.sessions WHERE revoked_at >= $1
		UNION ALL SELECT session_id, ended_at FROM googlelogin.ended_sessions WHERE ended_at >= $1`
	// SKIP LOCKED, because every replica sweeps and none needs to wait for another.
	deleteExpired = `WITH over AS MATERIALIZED (
			SELECT id FROM googlelogin.sessions WHERE expires_at <= $1 OR revoked_at <= $2 LIMIT $3 FOR UPDATE SKIP LOCKED)
		DELETE FROM googlelogin.sessions USING over WHERE sessions.id = over.id`
)

// CreateSession implements session.Store.
func (s *Store) CreateSession(ctx context.Context, created identity.Session) error {
	inserted, err := s.exec(ctx, "create session", insertSession, created.ID, created.HandleHash[:], created.UserID,
		normalTime(created.CreatedAt), normalTime(created.LastUsedAt), normalTime(created.ExpiresAt), toNullable(created.RevokedAt),
		normalText(created.UserAgent), strings.Join(created.MissingScopes, " "))
	if err == nil && inserted == 0 {
		return fmt.Errorf("create session: %w", session.ErrUserGone)
	}
	return err
}

// SessionByHandle implements session.Store.
func (s *Store) SessionByHandle(ctx context.Context, handleHash [32]byte) (identity.Session, error) {
	var found identity.Session
	err := s.run(ctx, "read session", func(ctx context.Context) (err error) {
		found, err = scanSession(s.pool.QueryRow(ctx, selectSessionByHandle, handleHash[:]))
		if errors.Is(err, pgx.ErrNoRows) {
			return answer{session.ErrNoSession}
		}
		return err
	})
	return found, err
}

// UserSessions implements session.Store.
func (s *Store) UserSessions(ctx context.Context, userID string, at, usedAfter time.Time, limit int) ([]identity.Session, error) {
	return collect(ctx, s, "list sessions", scanSession, selectUserSessions, userID, normalTime(at), normalTime(usedAfter), limit)
}

// scanSession reads a row of sessionColumns.
func scanSession(row pgx.Row) (identity.Session, error) {
	var (
		found      identity.Session
		handleHash []byte
		revoked    *time.Time
		scopes     string
	)
	err := row.Scan(&found.ID, &handleHash, &found.UserID, &found.CreatedAt, &found.LastUsedAt, &found.ExpiresAt, &revoked,
		&found.UserAgent, &scopes)
	if err != nil {
		return identity.Session{}, err
	}
	copy(found.HandleHash[:], handleHash)
	found.CreatedAt, found.LastUsedAt = found.CreatedAt.UTC(), found.LastUsedAt.UTC()
	found.ExpiresAt, found.RevokedAt = found.ExpiresAt.UTC(), fromNullable(revoked)
	if scopes != "" {
		found.MissingScopes = strings.Split(scopes, " ")
	}
	return found, nil
}

// TouchSession implements session.Store.
func (s *Store) TouchSession(ctx context.Context, id string, usedAt time.Time) error {
	touched, err := s.exec(ctx, "touch session", touchSession, normalTime(usedAt), id)
	if err == nil && touched == 0 {
		return session.ErrNoSession
	}
	return err
}

// RevokeSession implements session.Store.
func (s *Store) RevokeSession(ctx context.Context, id string, at time.Time) error {
	_, err := s.exec(ctx, "revoke session", revokeSession, normalTime(at), id)
	return err
}

// RevokeUserSessions implements session.Store.
func (s *Store) RevokeUserSessions(ctx context.Context, userID string, at time.Time) ([]string, error) {
	var ids []string
	err := s.run(ctx, "revoke sessions", func(ctx context.Context) (err error) {
		ids, err = revokeAll(ctx, s.pool, userID, at)
		return err
	})
	return ids, err
}

// querier is the pool, or a transaction.
type querier interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
}

func revokeAll(ctx context.Context, q querier, userID string, at time.Time) ([]string, error) {
	rows, err := q.Query(ctx, revokeUserSessions, normalTime(at), userID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// RevokeUserSession implements session.Store.
func (s *Store) RevokeUserSession(ctx context.Context, userID, id string, at time.Time) (bool, error) {
	ended, err := s.exec(ctx, "revoke session", revokeUserSession, normalTime(at), id, userID)
	return ended > 0, err
}

// RevokedSince implements session.Store.
func (s *Store) RevokedSince(ctx context.Context, since time.Time) (map[string]time.Time, error) {
	revoked := map[string]time.Time{}
	err := s.run(ctx, "read revoked sessions", func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, selectRevokedSince, normalTime(since))
		if err != nil {
			return err
		}
		var (
			id string
			at time.Time
		)
		_, err = pgx.ForEachRow(rows, []any{&id, &at}, func() error {
			revoked[id] = at.UTC()
			return nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return revoked, nil
}

// DeleteExpired deletes at most limit sessions that nobody can use any more, and returns how many it deleted.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	deleted, err := s.exec(ctx, "delete expired sessions", deleteExpired, normalTime(now), normalTime(now.Add(-revokedFor)), limit)
	return int(deleted), err
}

// exec runs one statement and returns how many rows it changed.
func (s *Store) exec(ctx context.Context, attempted, statement string, args ...any) (int64, error) {
	var tag pgconn.CommandTag
	err := s.run(ctx, attempted, func(ctx context.Context) (err error) {
		tag, err = s.pool.Exec(ctx, statement, args...)
		return err
	})
	return tag.RowsAffected(), err
}

// normalTime returns a time as a later read will: PostgreSQL keeps microseconds.
func normalTime(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMicro(t.UnixMicro()).UTC()
}

// toNullable makes the zero time, "not so far", a NULL.
func toNullable(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = normalTime(t)
	return &t
}

func fromNullable(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
