package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/tracing"
	"github.com/googlelogin/operator/server/users"
)

// measuredStore measures every operation of a store. It embeds none: an operation that is new does not compile until it is here, so
// that none goes unmeasured. A check with a valid session asks no store, and so pays nothing for it.
type measuredStore struct {
	kept    store
	observe func(operation string, err error, took time.Duration)
}

// measured is kept, measured by m.
func (m *metrics) measured(kept store) store { return &measuredStore{kept, m.storeOperation} }

// isAnswer tells what a store says of what it keeps from its failure.
func isAnswer(err error) bool {
	for _, known := range []error{session.ErrNoSession, session.ErrUserGone, users.ErrNotFound, users.ErrBlocked, users.ErrEmailConflict} {
		if errors.Is(err, known) {
			return true
		}
	}
	return err == nil
}

// op runs one operation under its name.
func (s *measuredStore) op(ctx context.Context, operation string, run func(ctx context.Context) error) error {
	// Not the injected clock: a latency is the machine's business.
	began := time.Now()
	ctx, span := tracing.Start(ctx, "store "+operation, trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	err := run(ctx)
	if !isAnswer(err) {
		tracing.Fail(span, "error")
	}
	s.observe(operation, err, time.Since(began))
	return err
}

// changed runs an operation whose callback may refuse: its word is passed on and is no failure of the store.
func (s *measuredStore) changed(
	ctx context.Context, operation string, change func(identity.User) (identity.User, error),
	run func(ctx context.Context, change func(identity.User) (identity.User, error)) error,
) error {
	var refused, err error
	_ = s.op(ctx, operation, func(ctx context.Context) error {
		err = run(ctx, func(u identity.User) (identity.User, error) {
			var changed identity.User
			changed, refused = change(u)
			return changed, refused
		})
		if refused != nil && errors.Is(err, refused) {
			return nil
		}
		return err
	})
	return err
}

func (s *measuredStore) SaveUser(
	ctx context.Context, issuer, subject string, change func(identity.User) (identity.User, error),
) (u identity.User, err error) {
	err = s.changed(ctx, "save_user", change, func(ctx context.Context, change func(identity.User) (identity.User, error)) error {
		u, err = s.kept.SaveUser(ctx, issuer, subject, change)
		return err
	})
	return u, err
}

func (s *measuredStore) RelinkUser(
	ctx context.Context, email string, at time.Time, change func(identity.User) (identity.User, error),
) (u identity.User, ended []string, err error) {
	err = s.changed(ctx, "relink_user", change, func(ctx context.Context, change func(identity.User) (identity.User, error)) error {
		u, ended, err = s.kept.RelinkUser(ctx, email, at, change)
		return err
	})
	return u, ended, err
}

func (s *measuredStore) ChangeUser(
	ctx context.Context, id string, at time.Time, change func(identity.User) (identity.User, error),
) (u identity.User, ended []string, err error) {
	err = s.changed(ctx, "change_user", change, func(ctx context.Context, change func(identity.User) (identity.User, error)) error {
		u, ended, err = s.kept.ChangeUser(ctx, id, at, change)
		return err
	})
	return u, ended, err
}

func (s *measuredStore) User(ctx context.Context, id string) (u identity.User, err error) {
	err = s.op(ctx, "user", func(ctx context.Context) error {
		u, err = s.kept.User(ctx, id)
		return err
	})
	return u, err
}

func (s *measuredStore) UserByEmail(ctx context.Context, email string) (u identity.User, err error) {
	err = s.op(ctx, "user_by_email", func(ctx context.Context) error {
		u, err = s.kept.UserByEmail(ctx, email)
		return err
	})
	return u, err
}

func (s *measuredStore) UserByIdentity(ctx context.Context, issuer, subject string) (u identity.User, err error) {
	err = s.op(ctx, "user_by_identity", func(ctx context.Context) error {
		u, err = s.kept.UserByIdentity(ctx, issuer, subject)
		return err
	})
	return u, err
}

func (s *measuredStore) ListUsers(ctx context.Context, p users.Page) (found []identity.User, err error) {
	err = s.op(ctx, "list_users", func(ctx context.Context) error {
		found, err = s.kept.ListUsers(ctx, p)
		return err
	})
	return found, err
}

func (s *measuredStore) DeleteUser(ctx context.Context, id string, at time.Time) (ended []string, err error) {
	err = s.op(ctx, "delete_user", func(ctx context.Context) error {
		ended, err = s.kept.DeleteUser(ctx, id, at)
		return err
	})
	return ended, err
}

func (s *measuredStore) ClaimNonce(ctx context.Context, hash [sha256.Size]byte, until time.Time) (first bool, err error) {
	err = s.op(ctx, "claim_nonce", func(ctx context.Context) error {
		first, err = s.kept.ClaimNonce(ctx, hash, until)
		return err
	})
	return first, err
}

func (s *measuredStore) UserFamilies(ctx context.Context, userID string, limit int) (found []refresh.Family, err error) {
	err = s.op(ctx, "user_families", func(ctx context.Context) error {
		found, err = s.kept.UserFamilies(ctx, userID, limit)
		return err
	})
	return found, err
}

func (s *measuredStore) CreateFamily(ctx context.Context, f refresh.Family) error {
	return s.op(ctx, "create_family", func(ctx context.Context) error { return s.kept.CreateFamily(ctx, f) })
}

func (s *measuredStore) Family(ctx context.Context, sessionID string) (f refresh.Family, err error) {
	err = s.op(ctx, "family", func(ctx context.Context) error {
		f, err = s.kept.Family(ctx, sessionID)
		return err
	})
	return f, err
}

func (s *measuredStore) RotateFamily(ctx context.Context, to refresh.Family) (rotated bool, err error) {
	err = s.op(ctx, "rotate_family", func(ctx context.Context) error {
		rotated, err = s.kept.RotateFamily(ctx, to)
		return err
	})
	return rotated, err
}

func (s *measuredStore) Ping(ctx context.Context) error { return s.op(ctx, "ping", s.kept.Ping) }

// Close is not measured: nobody will ask.
func (s *measuredStore) Close() error { return s.kept.Close() }
