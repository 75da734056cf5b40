package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// prepared has the statements of every login and every renewal: to read their text anew takes longer than to run them.
type prepared map[string]*sql.Stmt

func prepare(ctx context.Context, db *sql.DB, statements ...string) (prepared, error) {
	p := prepared{}
	for _, text := range statements {
		statement, err := db.PrepareContext(ctx, text) //nolint:sqlclosecheck // It lives as long as the database, whose Close ends it.
		if err != nil {
			return nil, fmt.Errorf("prepare statement: %w", err)
		}
		p[text] = statement
	}
	return p, nil
}

// prepareAll is done once the schema is there.
func (s *Store) prepareAll(ctx context.Context) (err error) {
	s.writes, err = prepare(ctx, s.writer, selectUserByIdentity, selectUserByEmail, upsertUser, touchUser, insertSession, touchSession, revokeSession)
	if err != nil {
		return err
	}
	s.reads, err = prepare(ctx, s.reader, selectUser, selectUserByIdentity, selectSessionByHandle)
	return err
}

// write runs a statement that changes something, together with others that wait.
func (s *Store) write(ctx context.Context, text string, args ...any) (result sql.Result, err error) {
	err = s.queue.do(ctx, true, func(ctx context.Context, tx *sql.Tx) (err error) {
		if _, known := s.writes[text]; known {
			result, err = s.writes.exec(ctx, tx, text, args...)
		} else {
			result, err = tx.ExecContext(ctx, text, args...)
		}
		return unavailable("write", err)
	})
	return result, err
}

// readRow runs a statement that finds one row.
func (s *Store) readRow(ctx context.Context, text string, args ...any) *sql.Row {
	if statement, ok := s.reads[text]; ok {
		return statement.QueryRowContext(ctx, args...)
	}
	return s.reader.QueryRowContext(ctx, text, args...)
}

// row runs a prepared statement in a transaction, which closes what it makes of it.
func (p prepared) row(ctx context.Context, tx *sql.Tx, text string, args ...any) *sql.Row {
	return tx.StmtContext(ctx, p[text]).QueryRowContext(ctx, args...) //nolint:sqlclosecheck // The transaction's end closes it.
}

func (p prepared) exec(ctx context.Context, tx *sql.Tx, text string, args ...any) (sql.Result, error) {
	return tx.StmtContext(ctx, p[text]).ExecContext(ctx, args...) //nolint:sqlclosecheck // The transaction's end closes it.
}

const (
	syncLater = `PRAGMA synchronous = NORMAL`
	syncNow   = `PRAGMA synchronous = FULL`
)

// commit runs work in a transaction. One that is not synced may be undone by a power cut until the next one that is, which brings this
// one with it: nobody has anything in hand yet that would be lost.
func (s *Store) commit(synced bool, work func(ctx context.Context, tx *sql.Tx) error) (err error) {
	// Not a request's: the transaction is that of many. It also saves a goroutine for each statement.
	ctx := context.Background()
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return unavailable("reach database", err)
	}
	defer func() { _ = conn.Close() }()
	if !synced {
		// Whatever happens, the connection goes back as it was, or not at all.
		defer func() {
			if _, resetErr := conn.ExecContext(ctx, syncNow); resetErr != nil {
				_ = conn.Raw(func(any) error { return driver.ErrBadConn })
				err = errors.Join(err, unavailable("sync again", resetErr))
			}
		}()
		if _, err := conn.ExecContext(ctx, syncLater); err != nil {
			return unavailable("sync later", err)
		}
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return unavailable("begin transaction", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := work(ctx, tx); err != nil {
		return err
	}
	return unavailable("commit transaction", tx.Commit())
}
