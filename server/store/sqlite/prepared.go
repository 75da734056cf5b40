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
	s.writes, err = prepare(ctx, s.writer, selectUserByIdentity, selectUserByEmail, upsertUser, insertSession, touchSession, revokeSession)
	if err != nil {
		return err
	}
	s.reads, err = prepare(ctx, s.reader, selectUser, selectSessionByHandle)
	return err
}

// write runs a statement that changes something.
func (s *Store) write(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if statement, ok := s.writes[text]; ok {
		return statement.ExecContext(ctx, args...)
	}
	return s.writer.ExecContext(ctx, text, args...)
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

func (p prepared) exec(ctx context.Context, tx *sql.Tx, text string, args ...any) error {
	_, err := tx.StmtContext(ctx, p[text]).ExecContext(ctx, args...) //nolint:sqlclosecheck // The transaction's end closes it.
	return err
}

const (
	syncLater = `PRAGMA synchronous = NORMAL`
	syncNow   = `PRAGMA synchronous = FULL`
)

// inUnsynced runs work in a transaction that a power cut may undo until the next one that is synced, which brings this one with it.
// It is for what is of no use without a transaction that follows: nobody has anything in hand yet that would be lost.
func (s *Store) inUnsynced(ctx context.Context, work func(tx *sql.Tx) error) (err error) {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return unavailable("reach database", err)
	}
	defer func() { _ = conn.Close() }()
	// Whatever happens to the request, the connection goes back as it was, or not at all.
	lasting := context.WithoutCancel(ctx)
	defer func() {
		if _, resetErr := conn.ExecContext(lasting, syncNow); resetErr != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
			err = errors.Join(err, unavailable("sync again", resetErr))
		}
	}()
	if _, err := conn.ExecContext(lasting, syncLater); err != nil {
		return unavailable("sync later", err)
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return unavailable("begin transaction", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := work(tx); err != nil {
		return err
	}
	return unavailable("commit transaction", tx.Commit())
}
