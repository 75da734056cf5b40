package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/users"
)

const (
	userColumns = `id, issuer, subject, email, email_verified, hosted_domain, name, given_name, family_name, picture,
		created_at, last_login_at, blocked_at`

	selectUser      = `SELECT ` + userColumns + ` FROM googlelogin.users WHERE id = $1`
	lockByIdentity  = `SELECT ` + userColumns + ` FROM googlelogin.users WHERE issuer = $1 AND subject = $2 FOR UPDATE`
	lockByEmail     = `SELECT ` + userColumns + ` FROM googlelogin.users WHERE email = $1 AND email <> '' FOR UPDATE`
	selectByEmail   = `SELECT id, issuer, subject FROM googlelogin.users WHERE email = $1 AND email <> ''`
	selectBySubject = `SELECT id FROM googlelogin.users WHERE issuer = $1 AND subject = $2`
	updateIdentity  = `UPDATE googlelogin.users SET issuer = $1, subject = $2 WHERE id = $3`
	upsertUser      = `INSERT INTO googlelogin.users (` + userColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (id) DO UPDATE SET
			email = excluded.email, email_verified = excluded.email_verified, hosted_domain = excluded.hosted_domain,
			name = excluded.name, given_name = excluded.given_name, family_name = excluded.family_name,
			picture = excluded.picture, last_login_at = excluded.last_login_at, blocked_at = excluded.blocked_at`
)

// SaveUser implements users.Store. change runs again if another server was faster.
func (s *Store) SaveUser(
	ctx context.Context, issuer, subject string, change func(identity.User) (identity.User, error),
) (identity.User, error) {
	var saved identity.User
	err := s.run(ctx, "save user", func(ctx context.Context) error {
		return s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
			known, err := scanUser(tx.QueryRow(ctx, lockByIdentity, issuer, subject))
			if err != nil && !errors.Is(err, users.ErrNotFound) {
				return err
			}
			user, err := change(known)
			if err != nil {
				return answer{err}
			}
			if err := checkEmail(ctx, tx, user, known); err != nil {
				return err
			}
			saved = normalUser(user)
			return upsert(ctx, tx, saved)
		})
	})
	if err != nil {
		return identity.User{}, err
	}
	return saved, nil
}

// RelinkUser implements users.Store. change runs again if another server was faster.
func (s *Store) RelinkUser(
	ctx context.Context, email string, at time.Time, change func(identity.User) (identity.User, error),
) (identity.User, []string, error) {
	return s.changeAndRevoke(ctx, "relink user", lockByEmail, email, at, change)
}

// changeAndRevoke changes the user that lock finds by key, identity included, and ends their sessions.
func (s *Store) changeAndRevoke(
	ctx context.Context, attempted, lock, key string, at time.Time, change func(identity.User) (identity.User, error),
) (identity.User, []string, error) {
	var (
		saved identity.User
		ended []string
	)
	err := s.run(ctx, attempted, func(ctx context.Context) error {
		return s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
			known, err := scanUser(tx.QueryRow(ctx, lock, key))
			if err != nil {
				return err
			}
			user, err := change(known)
			if err != nil {
				return answer{err}
			}
			if err := checkIdentity(ctx, tx, user); err != nil {
				return err
			}
			saved = normalUser(user)
			if err := relink(ctx, tx, saved); err != nil {
				return err
			}
			ended, err = revokeAll(ctx, tx, saved.ID, at)
			return err
		})
	})
	if err != nil {
		return identity.User{}, nil, err
	}
	return saved, ended, nil
}

func relink(ctx context.Context, tx pgx.Tx, user identity.User) error {
	if _, err := tx.Exec(ctx, updateIdentity, user.Issuer, user.Subject, user.ID); err != nil {
		return lostRace(err)
	}
	return upsert(ctx, tx, user)
}

func upsert(ctx context.Context, tx pgx.Tx, user identity.User) error {
	_, err := tx.Exec(ctx, upsertUser, userValues(user)...)
	return lostRace(err)
}

// errLostRace says that another transaction took what ours had found free. The next attempt finds it taken, or ours.
var errLostRace = errors.New("lost a race")

func lostRace(err error) error {
	if state(err) == uniqueViolation {
		return fmt.Errorf("%w: %w", errLostRace, err)
	}
	return err
}

// checkEmail refuses an email that another user has.
func checkEmail(ctx context.Context, tx pgx.Tx, user, known identity.User) error {
	var owner identity.User
	err := tx.QueryRow(ctx, selectByEmail, user.Email).Scan(&owner.ID, &owner.Issuer, &owner.Subject)
	switch {
	case errors.Is(err, pgx.ErrNoRows) || (err == nil && owner.ID == user.ID):
		return nil
	case err != nil:
		return err
	case known.ID == "" && owner.Issuer == user.Issuer && owner.Subject == user.Subject:
		// The same person's first login at another server, which ended after ours had looked for them.
		return errLostRace
	}
	return answer{&users.Conflict{UserID: owner.ID, OtherUserID: known.ID}}
}

// checkIdentity refuses an issuer and subject that another user has.
func checkIdentity(ctx context.Context, tx pgx.Tx, user identity.User) error {
	var other string
	err := tx.QueryRow(ctx, selectBySubject, user.Issuer, user.Subject).Scan(&other)
	if errors.Is(err, pgx.ErrNoRows) || (err == nil && other == user.ID) {
		return nil
	}
	if err != nil {
		return err
	}
	return answer{&users.Conflict{UserID: user.ID, OtherUserID: other}}
}

// User implements users.Store.
func (s *Store) User(ctx context.Context, id string) (identity.User, error) {
	var found identity.User
	err := s.run(ctx, "read user", func(ctx context.Context) (err error) {
		found, err = scanUser(s.pool.QueryRow(ctx, selectUser, id))
		return err
	})
	return found, err
}

func scanUser(row pgx.Row) (identity.User, error) {
	var (
		u       identity.User
		blocked *time.Time
	)
	err := row.Scan(&u.ID, &u.Issuer, &u.Subject, &u.Email, &u.EmailVerified, &u.HostedDomain, &u.Name, &u.GivenName,
		&u.FamilyName, &u.Picture, &u.CreatedAt, &u.LastLoginAt, &blocked)
	if errors.Is(err, pgx.ErrNoRows) {
		return identity.User{}, answer{users.ErrNotFound}
	}
	if err != nil {
		return identity.User{}, err
	}
	u.CreatedAt, u.LastLoginAt, u.BlockedAt = u.CreatedAt.UTC(), u.LastLoginAt.UTC(), fromNullable(blocked)
	return u, nil
}

func userValues(u identity.User) []any {
	return []any{
		u.ID, u.Issuer, u.Subject, u.Email, u.EmailVerified, u.HostedDomain, u.Name, u.GivenName, u.FamilyName, u.Picture,
		u.CreatedAt, u.LastLoginAt, toNullable(u.BlockedAt),
	}
}

// normalUser returns the user as a later read will.
func normalUser(u identity.User) identity.User {
	u.CreatedAt, u.LastLoginAt, u.BlockedAt = normalTime(u.CreatedAt), normalTime(u.LastLoginAt), normalTime(u.BlockedAt)
	for _, text := range []*string{&u.Name, &u.GivenName, &u.FamilyName, &u.Picture} {
		*text = normalText(*text)
	}
	return u
}

// normalText leaves out what PostgreSQL cannot keep. Somebody may call themselves what they like, and must not be kept out by it.
func normalText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}
