package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/users"
)

// RelinkUser implements users.Store.
func (s *Store) RelinkUser(
	ctx context.Context, email string, at time.Time, change func(identity.User) (identity.User, error),
) (identity.User, []string, error) {
	return s.changeAndRevoke(ctx, selectUserByEmail, email, at, change)
}

// changeAndRevoke changes the user that find finds by key, identity included, and ends their sessions. It is synced, whatever the
// change: it may be a block.
func (s *Store) changeAndRevoke(
	ctx context.Context, find, key string, at time.Time, change func(identity.User) (identity.User, error),
) (identity.User, []string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.queue.patience)
	defer cancel()
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return identity.User{}, nil, unavailable("begin changing user", err)
	}
	defer func() { _ = tx.Rollback() }()

	known, err := scanUser(tx.QueryRowContext(ctx, find, key))
	if err != nil {
		return identity.User{}, nil, err
	}
	user, err := change(known)
	if err != nil {
		return identity.User{}, nil, err
	}
	if err := checkIdentity(ctx, tx, user); err != nil {
		return identity.User{}, nil, err
	}
	if _, err := tx.ExecContext(ctx, relinkUser, user.Issuer, user.Subject, user.ID); err != nil {
		return identity.User{}, nil, unavailable("relink user", err)
	}
	if _, err := tx.ExecContext(ctx, upsertUser, userValues(user)...); err != nil {
		return identity.User{}, nil, unavailable("save user", err)
	}
	ended, err := revokeAll(ctx, tx, user.ID, at)
	if err != nil {
		return identity.User{}, nil, err
	}
	if err := tx.Commit(); err != nil {
		return identity.User{}, nil, unavailable("commit user", err)
	}
	return normalUser(user), ended, nil
}

// checkIdentity refuses an issuer and subject that another user has.
func checkIdentity(ctx context.Context, tx *sql.Tx, user identity.User) error {
	other, err := scanUser(tx.QueryRowContext(ctx, selectUserByIdentity, user.Issuer, user.Subject))
	switch {
	case errors.Is(err, users.ErrNotFound) || (err == nil && other.ID == user.ID):
		return nil
	case err != nil:
		return err
	}
	return &users.Conflict{UserID: user.ID, OtherUserID: other.ID}
}
