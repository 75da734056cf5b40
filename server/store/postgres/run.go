package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/googlelogin/operator/server/session"
)

// attempts bounds how often one call is tried. Losing a race several times in a row takes a store that is overloaded.
const attempts = 5

// SQLSTATE codes, https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	uniqueViolation      = "23505"
	readOnlyTransaction  = "25006"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)

// answer is an error that is no trouble of the database's: run returns what is in it as it is.
type answer struct{ error }

func (a answer) Unwrap() error { return a.error }

// run bounds work in time, repeats it if it lost a race, and says of every error but an answer that the store is unavailable.
func (s *Store) run(ctx context.Context, attempted string, work func(context.Context) error) error {
	if err := s.ready(); err != nil {
		return unavailable(attempted, err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	for attempt := 1; ; attempt++ {
		err := work(ctx)
		var a answer
		switch {
		case err == nil:
			return nil
		case errors.As(err, &a):
			return a.error
		case attempt < attempts && ctx.Err() == nil && mayRepeat(err):
			continue
		}
		if state(err) == readOnlyTransaction {
			// The primary has become a standby: another connection finds the new one.
			s.pool.Reset()
		}
		return unavailable(attempted, err)
	}
}

// mayRepeat says whether the statement surely had no effect, and could have one if it came again.
func mayRepeat(err error) bool {
	code := state(err)
	return code == serializationFailure || code == deadlockDetected || errors.Is(err, errLostRace) || pgconn.SafeToRetry(err)
}

// state is the SQLSTATE of an error that the database answered with.
func state(err error) string {
	var answered *pgconn.PgError
	if errors.As(err, &answered) {
		return answered.Code
	}
	return ""
}

// inTransaction runs work in a transaction. It commits unless work fails.
func (s *Store) inTransaction(ctx context.Context, work func(context.Context, pgx.Tx) error) error {
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	// For this transaction alone. A server that hangs in its midst must not keep the others waiting for a locked row, nor may one of its
	// transactions after the other get that row and hang in turn: what waits gives up before what holds is ended.
	if _, err := tx.Exec(ctx, `SELECT set_config('idle_in_transaction_session_timeout', '5s', true), set_config('lock_timeout', '4s', true)`); err != nil {
		return err
	}
	if err := work(ctx, tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// unavailable wraps an error of the driver; nil stays nil.
func unavailable(attempted string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s: %w", session.ErrStoreUnavailable, attempted, err)
}
