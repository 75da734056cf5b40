package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"

	"modernc.org/sqlite"

	"github.com/googlelogin/operator/server/session"
)

const (
	// readers is how many connections read. Each holds a page cache, and two cores do not read faster with more.
	readers = 4
	// idleReaders stay open between requests.
	idleReaders = 2
	// revokedFor is how long a revoked session is remembered. It must outlast every access JWT, and those live at most 24 hours.
	revokedFor = 25 * time.Hour
)

// Store is the file. It is safe for use by several goroutines.
type Store struct {
	writer, reader *sql.DB
	writes, reads  prepared
	queue          *queue
}

// Open opens the file, makes it if it is not there, and brings its schema up to date. Its folder must exist.
func Open(ctx context.Context, path string, log *slog.Logger) (*Store, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if err := create(path); err != nil {
		return nil, fmt.Errorf("create database: %w", err)
	}
	if err := syncDataAlone(); err != nil {
		return nil, err
	}
	s := &Store{}
	var err error
	if s.writer, err = open(path, "immediate", 1, 1); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := migrate(ctx, s.writer, log); err != nil {
		return nil, errors.Join(fmt.Errorf("migrate database: %w", err), s.Close())
	}
	if s.reader, err = open(path, "deferred", readers, idleReaders); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), s.Close())
	}
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.prepareAll(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.queue = newQueue(s.commit, log)
	return s, nil
}

// syncDataAlone makes SQLite sync as it does in every Linux distribution, by fdatasync. Its log is as safe; that fsync also writes down when
// it changed is what a login waits for on a file system with a journal. Where there is no such call it stays with fsync.
func syncDataAlone() error {
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return fmt.Errorf("set how to sync: %w", err)
	}
	return nil
}

// create makes the file readable for this user alone before SQLite would make it by the umask; its log files inherit that.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func open(path, txlock string, maxOpen, maxIdle int) (*sql.DB, error) {
	query := url.Values{
		"_txlock":       {txlock},
		"_busy_timeout": {"5000"},
		"_journal_mode": {"WAL"},
		// Not NORMAL: a session that a user was given, or a logout, must not be undone by a power cut. See commit for what may.
		"_synchronous":  {"FULL"},
		"_foreign_keys": {"on"},
		"_dqs":          {"false"},
		// Half a megabyte of pages each, and nothing in temporary files: the root file system is read-only.
		"_pragma": {"cache_size(-512)", "temp_store(MEMORY)"},
	}
	name := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(maxOpen)
	db.SetMaxIdleConns(maxIdle)
	return db, nil
}

// Close closes the file.
func (s *Store) Close() error {
	if s.queue != nil {
		s.queue.close()
	}
	var problems []error
	for _, db := range []*sql.DB{s.reader, s.writer} {
		if db != nil {
			problems = append(problems, db.Close())
		}
	}
	return errors.Join(problems...)
}

// Ping says whether the file can be read.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return unavailable("reach database", s.reader.QueryRowContext(ctx, "SELECT 1 FROM sqlite_schema LIMIT 1").Scan(&one))
}

// unavailable wraps an error of the driver; nil stays nil.
func unavailable(attempted string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, session.ErrStoreUnavailable) {
		return fmt.Errorf("%s: %w", attempted, err)
	}
	return fmt.Errorf("%w: %s: %w", session.ErrStoreUnavailable, attempted, err)
}
