package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/users"
)

const (
	listUsers = `SELECT ` + userColumns + ` FROM users WHERE id > ? ORDER BY id LIMIT ?`
	// The order of bytes, which is that of the index.
	listUsersByEmail   = `SELECT ` + userColumns + ` FROM users WHERE email <> '' AND email >= ? AND email < ? AND email > ? ORDER BY email LIMIT ?`
	selectKeptSessions = `SELECT ` + sessionColumns + ` FROM sessions WHERE user_id = ? ORDER BY created_at DESC, id LIMIT ?`
	// The JWTs of a deleted user's sessions live on, and every server has to know.
	insertEnds        = `INSERT INTO ended_sessions (session_id, ended_at) SELECT id, revoked_at FROM sessions WHERE user_id = ? AND revoked_at > 0`
	deleteUser        = `DELETE FROM users WHERE id = ?`
	deleteExpiredEnds = `DELETE FROM ended_sessions WHERE session_id IN (
		SELECT session_id FROM ended_sessions WHERE ended_at <= ? LIMIT ?)`
)

// UserByEmail implements users.DirectoryStore.
func (s *Store) UserByEmail(ctx context.Context, email string) (identity.User, error) {
	return scanUser(s.reader.QueryRowContext(ctx, selectUserByEmail, email))
}

// UserByIdentity implements users.DirectoryStore.
func (s *Store) UserByIdentity(ctx context.Context, issuer, subject string) (identity.User, error) {
	return scanUser(s.reader.QueryRowContext(ctx, selectUserByIdentity, issuer, subject))
}

// ListUsers implements users.DirectoryStore.
func (s *Store) ListUsers(ctx context.Context, p users.Page) ([]identity.User, error) {
	text, args := listUsers, []any{p.After, p.Limit}
	if p.Prefix != "" {
		text, args = listUsersByEmail, []any{p.Prefix, p.PrefixEnd(), p.After, p.Limit}
	}
	return collect(ctx, s.reader, "list users", readUser, text, args...)
}

// ChangeUser implements users.DirectoryStore.
func (s *Store) ChangeUser(
	ctx context.Context, id string, at time.Time, change func(identity.User) (identity.User, error),
) (identity.User, []string, error) {
	return s.changeAndRevoke(ctx, selectUser, id, at, change)
}

// DeleteUser implements users.DirectoryStore.
func (s *Store) DeleteUser(ctx context.Context, id string, at time.Time) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.queue.patience)
	defer cancel()
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return nil, unavailable("begin deleting user", err)
	}
	defer func() { _ = tx.Rollback() }()

	ended, err := revokeAll(ctx, tx, id, at)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, insertEnds, id); err != nil {
		return nil, unavailable("keep ends of sessions", err)
	}
	result, err := tx.ExecContext(ctx, deleteUser, id)
	if err != nil {
		return nil, unavailable("delete user", err)
	}
	if deleted, err := result.RowsAffected(); err != nil || deleted == 0 {
		return nil, orNotFound(err)
	}
	return ended, unavailable("commit deletion of user", tx.Commit())
}

func orNotFound(err error) error {
	if err != nil {
		return unavailable("delete user", err)
	}
	return users.ErrNotFound
}

// KeptSessions implements users.DirectoryStore.
func (s *Store) KeptSessions(ctx context.Context, userID string, limit int) ([]identity.Session, error) {
	return collect(ctx, s.reader, "list sessions", scanSession, selectKeptSessions, userID, limit)
}

// DeleteExpiredEnds deletes at most limit marks of deleted users' sessions that no JWT can bear any more.
func (s *Store) DeleteExpiredEnds(ctx context.Context, now time.Time, limit int) (int, error) {
	result, err := s.write(ctx, deleteExpiredEnds, toMicros(now.Add(-revokedFor)), limit)
	if err != nil {
		return 0, unavailable("delete expired ends", err)
	}
	deleted, err := result.RowsAffected()
	return int(deleted), unavailable("delete expired ends", err)
}

// collect reads every row that a query finds.
func collect[T any](
	ctx context.Context, db *sql.DB, attempted string, scan func(func(...any) error) (T, error), text string, args ...any,
) ([]T, error) {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, unavailable(attempted, err)
	}
	defer rows.Close()
	var found []T
	for rows.Next() {
		one, err := scan(rows.Scan)
		if err != nil {
			return nil, unavailable(attempted, err)
		}
		found = append(found, one)
	}
	return found, unavailable(attempted, rows.Err())
}
