package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
)

const (
	sessionColumns = `id, handle_hash, user_id, created_at, last_used_at, expires_at, revoked_at, user_agent, missing_scopes`

	touchUser             = `UPDATE users SET last_login_at = max(last_login_at, ?) WHERE id = ? AND blocked_at = 0`
	insertSession         = `INSERT INTO sessions (` + sessionColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
	selectSessionByHandle = `SELECT ` + sessionColumns + ` FROM sessions WHERE handle_hash = ?`
	touchSession          = `UPDATE sessions SET last_used_at = max(last_used_at, ?) WHERE id = ? AND revoked_at = 0`
	revokeSession         = `UPDATE sessions SET revoked_at = ? WHERE id = ? AND revoked_at = 0`
	revokeUserSessions    = `UPDATE sessions SET revoked_at = ? WHERE user_id = ? AND revoked_at = 0 RETURNING id`
	revokeUserSession     = `UPDATE sessions SET revoked_at = ? WHERE id = ? AND user_id = ? AND revoked_at = 0`
	selectUserSessions    = `SELECT ` + sessionColumns + ` FROM sessions
		WHERE user_id = ? AND revoked_at = 0 AND expires_at > ? AND last_used_at > ? ORDER BY created_at DESC, id LIMIT ?`
	selectRevokedSince = `SELECT id, revoked_at FROM sessions WHERE revoked_at >= ?1 AND revoked_at > 0
		UNION ALL SELECT session_id, ended_at FROM ended_sessions WHERE ended_at >= ?1`
	deleteExpired = `DELETE FROM sessions WHERE id IN (
		SELECT id FROM sessions WHERE expires_at <= ? OR (revoked_at > 0 AND revoked_at <= ?) LIMIT ?)`
)

// CreateSession implements session.Store. A session begins with a login, which it writes down with its user first: SaveUser leaves that to
// it, and a user who is blocked or gone has no row to write it to.
func (s *Store) CreateSession(ctx context.Context, created identity.Session) error {
	at := toMicros(created.CreatedAt)
	var users int64
	err := s.queue.do(ctx, true, func(ctx context.Context, tx *sql.Tx) error {
		result, err := s.writes.exec(ctx, tx, touchUser, at, created.UserID)
		if err == nil {
			users, err = result.RowsAffected()
		}
		if err == nil && users > 0 {
			_, err = s.writes.exec(ctx, tx, insertSession, created.ID, created.HandleHash[:], created.UserID,
				at, toMicros(created.LastUsedAt), toMicros(created.ExpiresAt), toMicros(created.RevokedAt),
				created.UserAgent, strings.Join(created.MissingScopes, " "))
		}
		return unavailable("write", err)
	})
	if err == nil && users == 0 {
		return fmt.Errorf("create session: %w", session.ErrUserGone)
	}
	return unavailable("create session", err)
}

// SessionByHandle implements session.Store.
func (s *Store) SessionByHandle(ctx context.Context, handleHash [32]byte) (identity.Session, error) {
	found, err := scanSession(s.readRow(ctx, selectSessionByHandle, handleHash[:]).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return identity.Session{}, session.ErrNoSession
	}
	return found, unavailable("read session", err)
}

// UserSessions implements session.Store.
func (s *Store) UserSessions(ctx context.Context, userID string, at, usedAfter time.Time, limit int) ([]identity.Session, error) {
	return collect(ctx, s.reader, "list sessions", scanSession, selectUserSessions, userID, toMicros(at), toMicros(usedAfter), limit)
}

// scanSession reads a row of sessionColumns.
func scanSession(scan func(...any) error) (identity.Session, error) {
	var (
		found                               identity.Session
		handleHash                          []byte
		created, lastUsed, expires, revoked int64
		scopes                              string
	)
	if err := scan(&found.ID, &handleHash, &found.UserID, &created, &lastUsed, &expires, &revoked, &found.UserAgent, &scopes); err != nil {
		return identity.Session{}, err
	}
	copy(found.HandleHash[:], handleHash)
	found.CreatedAt, found.LastUsedAt = fromMicros(created), fromMicros(lastUsed)
	found.ExpiresAt, found.RevokedAt = fromMicros(expires), fromMicros(revoked)
	if scopes != "" {
		found.MissingScopes = strings.Split(scopes, " ")
	}
	return found, nil
}

// TouchSession implements session.Store.
func (s *Store) TouchSession(ctx context.Context, id string, usedAt time.Time) error {
	result, err := s.write(ctx, touchSession, toMicros(usedAt), id)
	if err != nil {
		return unavailable("touch session", err)
	}
	touched, err := result.RowsAffected()
	if err != nil {
		return unavailable("touch session", err)
	}
	if touched == 0 {
		return session.ErrNoSession
	}
	return nil
}

// RevokeSession implements session.Store.
func (s *Store) RevokeSession(ctx context.Context, id string, at time.Time) error {
	_, err := s.write(ctx, revokeSession, toMicros(at), id)
	return unavailable("revoke session", err)
}

// RevokeUserSessions implements session.Store.
func (s *Store) RevokeUserSessions(ctx context.Context, userID string, at time.Time) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.queue.patience)
	defer cancel()
	return revokeAll(ctx, s.writer, userID, at)
}

// querier is a database, or a transaction in one.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func revokeAll(ctx context.Context, q querier, userID string, at time.Time) ([]string, error) {
	rows, err := q.QueryContext(ctx, revokeUserSessions, toMicros(at), userID)
	if err != nil {
		return nil, unavailable("revoke sessions", err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, unavailable("revoke sessions", err)
		}
		ids = append(ids, id)
	}
	return ids, unavailable("revoke sessions", rows.Err())
}

// RevokeUserSession implements session.Store.
func (s *Store) RevokeUserSession(ctx context.Context, userID, id string, at time.Time) (bool, error) {
	result, err := s.write(ctx, revokeUserSession, toMicros(at), id, userID)
	if err != nil {
		return false, unavailable("revoke session", err)
	}
	ended, err := result.RowsAffected()
	return ended > 0, unavailable("revoke session", err)
}

// RevokedSince implements session.Store.
func (s *Store) RevokedSince(ctx context.Context, since time.Time) (map[string]time.Time, error) {
	rows, err := s.reader.QueryContext(ctx, selectRevokedSince, toMicros(since))
	if err != nil {
		return nil, unavailable("read revoked sessions", err)
	}
	defer rows.Close()
	revoked := map[string]time.Time{}
	for rows.Next() {
		var (
			id string
			at int64
		)
		if err := rows.Scan(&id, &at); err != nil {
			return nil, unavailable("read revoked sessions", err)
		}
		revoked[id] = fromMicros(at)
	}
	return revoked, unavailable("read revoked sessions", rows.Err())
}

// DeleteExpired deletes at most limit sessions that nobody can use any more, and returns how many it deleted.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	result, err := s.write(ctx, deleteExpired, toMicros(now), toMicros(now.Add(-revokedFor)), limit)
	if err != nil {
		return 0, unavailable("delete expired sessions", err)
	}
	deleted, err := result.RowsAffected()
	return int(deleted), unavailable("delete expired sessions", err)
}

func toMicros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}
