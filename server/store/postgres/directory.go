package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/users"
)

const (
	selectUserByEmail    = `SELECT ` + userColumns + ` FROM googlelogin.users WHERE email = $1 AND email <> ''`
	selectUserByIdentity = `SELECT ` + userColumns + ` FROM googlelogin.users WHERE issuer = $1 AND subject = $2`
	listUsers            = `SELECT ` + userColumns + ` FROM googlelogin.users WHERE id > $1 ORDER BY id LIMIT $2`
	// The order of bytes, whatever the database's own is: only then do the emails that begin alike stand together.
	listUsersByEmail = `SELECT ` + userColumns + ` FROM googlelogin.users WHERE email <> ''
		AND email COLLATE "C" >= $1 AND email COLLATE "C" < $2 AND email COLLATE "C" > $3 ORDER BY email COLLATE "C" LIMIT $4`
	selectKeptSessions = `SELECT ` + sessionColumns + ` FROM googlelogin.sessions WHERE user_id = $1 ORDER BY created_at DESC, id LIMIT $2`
	// Locked first, so that a login under way either comes before and is deleted, too, or finds nobody.
	lockUser = `SELECT ` + userColumns + ` FROM googlelogin.users WHERE id = $1 FOR UPDATE`
	// The JWTs of a deleted user's sessions live on, and every server has to know.
	insertEnds = `INSERT INTO googlelogin.ended_sessions (session_id, ended_at)
		SELECT id, revoked_at FROM googlelogin.sessions WHERE user_id = $1 AND revoked_at IS NOT NULL`
	deleteUser        = `DELETE FROM googlelogin.users WHERE id = $1`
	deleteExpiredEnds = `WITH over AS MATERIALIZED (
			SELECT session_id FROM googlelogin.ended_sessions WHERE ended_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
		DELETE FROM googlelogin.ended_sessions USING over WHERE ended_sessions.session_id = over.session_id`
)

// UserByEmail implements users.DirectoryStore.
func (s *Store) UserByEmail(ctx context.Context, email string) (identity.User, error) {
	return s.findUser(ctx, selectUserByEmail, email)
}

// UserByIdentity implements users.DirectoryStore.
func (s *Store) UserByIdentity(ctx context.Context, issuer, subject string) (identity.User, error) {
	return s.findUser(ctx, selectUserByIdentity, issuer, subject)
}

func (s *Store) findUser(ctx context.Context, text string, args ...any) (identity.User, error) {
	var found identity.User
	err := s.run(ctx, "read user", func(ctx context.Context) (err error) {
		found, err = scanUser(s.pool.QueryRow(ctx, text, args...))
		return err
	})
	return found, err
}

// ListUsers implements users.DirectoryStore.
func (s *Store) ListUsers(ctx context.Context, p users.Page) ([]identity.User, error) {
	text, args := listUsers, []any{p.After, p.Limit}
	if p.Prefix != "" {
		text, args = listUsersByEmail, []any{p.Prefix, p.PrefixEnd(), p.After, p.Limit}
	}
	return collect(ctx, s, "list users", scanUser, text, args...)
}

// ChangeUser implements users.DirectoryStore. change runs again if another server was faster.
func (s *Store) ChangeUser(
	ctx context.Context, id string, at time.Time, change func(identity.User) (identity.User, error),
) (identity.User, []string, error) {
	return s.changeAndRevoke(ctx, "change user", lockUser, id, at, change)
}

// DeleteUser implements users.DirectoryStore.
func (s *Store) DeleteUser(ctx context.Context, id string, at time.Time) ([]string, error) {
	var ended []string
	err := s.run(ctx, "delete user", func(ctx context.Context) error {
		return s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
			if _, err := scanUser(tx.QueryRow(ctx, lockUser, id)); err != nil {
				return err
			}
			var err error
			if ended, err = revokeAll(ctx, tx, id, at); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, insertEnds, id); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, deleteUser, id)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}

// KeptSessions implements users.DirectoryStore.
func (s *Store) KeptSessions(ctx context.Context, userID string, limit int) ([]identity.Session, error) {
	return collect(ctx, s, "list sessions", scanSession, selectKeptSessions, userID, limit)
}

// DeleteExpiredEnds deletes at most limit marks of deleted users' sessions that no JWT can bear any more.
func (s *Store) DeleteExpiredEnds(ctx context.Context, now time.Time, limit int) (int, error) {
	deleted, err := s.exec(ctx, "delete expired ends", deleteExpiredEnds, normalTime(now.Add(-revokedFor)), limit)
	return int(deleted), err
}

// collect reads every row that a query finds; nil if there is none.
func collect[T any](
	ctx context.Context, s *Store, attempted string, scan func(pgx.Row) (T, error), text string, args ...any,
) ([]T, error) {
	var found []T
	err := s.run(ctx, attempted, func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, text, args...)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (T, error) { return scan(row) })
		return err
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found, nil
}
