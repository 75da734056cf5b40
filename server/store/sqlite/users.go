package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/users"
)

const (
	userColumns = `id, issuer, subject, email, email_verified, hosted_domain, name, given_name, family_name, picture,
		created_at, last_login_at, blocked_at`

	selectUser           = `SELECT ` + userColumns + ` FROM users WHERE id = ?`
	selectUserByIdentity = `SELECT ` + userColumns + ` FROM users WHERE issuer = ? AND subject = ?`
	selectUserByEmail    = `SELECT ` + userColumns + ` FROM users WHERE email = ? AND email <> ''`
	relinkUser           = `UPDATE users SET issuer = ?, subject = ? WHERE id = ?`
	upsertUser           = `INSERT INTO users (` + userColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET
			email = excluded.email, email_verified = excluded.email_verified, hosted_domain = excluded.hosted_domain,
			name = excluded.name, given_name = excluded.given_name, family_name = excluded.family_name,
			picture = excluded.picture, last_login_at = excluded.last_login_at, blocked_at = excluded.blocked_at`
)

// SaveUser implements users.Store. It is not synced: what counts is the session that is created next, see commit.
func (s *Store) SaveUser(
	ctx context.Context, issuer, subject string, change func(identity.User) (identity.User, error),
) (identity.User, error) {
	if saved, same, err := s.sameUser(ctx, issuer, subject, change); same || err != nil {
		return saved, err
	}
	var saved identity.User
	// Nobody else writes between the reads below and the write.
	err := s.queue.do(ctx, false, func(ctx context.Context, tx *sql.Tx) error {
		known, err := scanUser(s.writes.row(ctx, tx, selectUserByIdentity, issuer, subject))
		if err != nil && !errors.Is(err, users.ErrNotFound) {
			return err
		}
		user, err := change(known)
		if err != nil {
			return err
		}
		if err := s.checkEmail(ctx, tx, user, known.ID); err != nil {
			return err
		}
		saved = normalUser(user)
		_, err = s.writes.exec(ctx, tx, upsertUser, userValues(user)...)
		return unavailable("save user", err)
	})
	if err != nil {
		return identity.User{}, err
	}
	return saved, nil
}

// sameUser is the way of nearly every login: of a user who is known, nothing changes but the time of the last login. The session that
// the login creates writes that down, see CreateSession, so that a login is one write and waits for the disk once.
func (s *Store) sameUser(
	ctx context.Context, issuer, subject string, change func(identity.User) (identity.User, error),
) (saved identity.User, same bool, err error) {
	known, err := scanUser(s.readRow(ctx, selectUserByIdentity, issuer, subject))
	if errors.Is(err, users.ErrNotFound) {
		return identity.User{}, false, nil
	}
	if err != nil {
		return identity.User{}, false, err
	}
	user, err := change(known)
	if err != nil {
		return identity.User{}, false, err
	}
	saved = normalUser(user)
	later := known
	later.LastLoginAt = saved.LastLoginAt
	return saved, saved == later && !saved.LastLoginAt.Before(known.LastLoginAt), nil
}

func (s *Store) checkEmail(ctx context.Context, tx *sql.Tx, user identity.User, knownID string) error {
	owner, err := scanUser(s.writes.row(ctx, tx, selectUserByEmail, user.Email))
	switch {
	case errors.Is(err, users.ErrNotFound) || (err == nil && owner.ID == user.ID):
		return nil
	case err != nil:
		return err
	}
	return &users.Conflict{UserID: owner.ID, OtherUserID: knownID}
}

// User implements users.Store.
func (s *Store) User(ctx context.Context, id string) (identity.User, error) {
	return scanUser(s.readRow(ctx, selectUser, id))
}

func scanUser(row *sql.Row) (identity.User, error) {
	u, err := readUser(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return identity.User{}, users.ErrNotFound
	}
	return u, unavailable("read user", err)
}

// readUser reads a row of userColumns.
func readUser(scan func(...any) error) (identity.User, error) {
	var (
		u                           identity.User
		created, lastLogin, blocked int64
	)
	err := scan(&u.ID, &u.Issuer, &u.Subject, &u.Email, &u.EmailVerified, &u.HostedDomain, &u.Name, &u.GivenName,
		&u.FamilyName, &u.Picture, &created, &lastLogin, &blocked)
	if err != nil {
		return identity.User{}, err
	}
	u.CreatedAt, u.LastLoginAt, u.BlockedAt = fromMicros(created), fromMicros(lastLogin), fromMicros(blocked)
	return u, nil
}

func userValues(u identity.User) []any {
	return []any{
		u.ID, u.Issuer, u.Subject, u.Email, u.EmailVerified, u.HostedDomain, u.Name, u.GivenName, u.FamilyName, u.Picture,
		toMicros(u.CreatedAt), toMicros(u.LastLoginAt), toMicros(u.BlockedAt),
	}
}

// normalUser returns the user as a later read will.
func normalUser(u identity.User) identity.User {
	u.CreatedAt = fromMicros(toMicros(u.CreatedAt))
	u.LastLoginAt = fromMicros(toMicros(u.LastLoginAt))
	u.BlockedAt = fromMicros(toMicros(u.BlockedAt))
	return u
}
