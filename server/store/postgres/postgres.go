package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/googlelogin/operator/server/crash"
)

const (
	// openFor is how long Open waits for a database that is away before it goes on without.
	openFor = 3 * time.Second
	// migrateAgain is the pause between two attempts to reach a database that was away at the start.
	migrateAgain = time.Second
	// callTimeout bounds one call, its retries included.
	callTimeout = 5 * time.Second
	// revokedFor is how long a revoked session is remembered. It must outlast every access JWT, and those live at most 24 hours.
	revokedFor = 25 * time.Hour
)

// Options of Open.
type Options struct {
	// URIFile holds the URI of the database.
	URIFile string
	// CAFile, if set, holds the certificates of the only authority that the database's may come from.
	CAFile string
	// Instance is the GoogleLogin whose users these are, as namespace/name.
	Instance string
	// Log may be nil.
	Log *slog.Logger
}

// Store is the database. It is safe for use by several goroutines.
type Store struct {
	source   *source
	pool     *pgxpool.Pool
	instance string
	log      *slog.Logger
	timeout  time.Duration
	// clock is the machine's, not an injected one: the database's is held against it.
	clock func() time.Time

	stop context.CancelFunc
	done sync.WaitGroup

	mu sync.RWMutex
	// notReady is why the schema could not be brought up to date so far.
	notReady error
}

var errNotReady = errors.New("database not reached so far")

// Open reads the URI and brings the schema up to date. A database that cannot be reached is no error: the store goes on trying,
// and is unavailable until then. One that was reached and refused, see the package comment, is one.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	from := &source{path: o.URIFile, caPath: o.CAFile, log: o.Log}
	if _, err := from.load(); err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Store{source: from, instance: o.Instance, log: o.Log, timeout: callTimeout, clock: time.Now, stop: stop, notReady: errNotReady}
	cfg := from.current()
	cfg.BeforeConnect = func(_ context.Context, conn *pgx.ConnConfig) error {
		*conn = *from.current().ConnConfig
		return nil
	}
	var err error
	if s.pool, err = pgxpool.NewWithConfig(background, cfg); err != nil {
		stop()
		return nil, errURI
	}
	if err := s.prepareFirst(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// prepareFirst is the attempt that Open waits for. Further ones are made in the background.
func (s *Store) prepareFirst(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openFor)
	defer cancel()
	err := s.prepare(ctx)
	if err == nil || errors.Is(err, errRefused) {
		return err
	}
	s.log.Warn("database not reached, trying again", "err", err)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	before := s.stop
	s.stop = func() { stop(); before() }
	s.done.Go(func() { s.prepareUntilDone(background) })
	return nil
}

func (s *Store) prepareUntilDone(ctx context.Context) {
	tick := time.NewTicker(migrateAgain)
	defer tick.Stop()
	for s.prepare(ctx) != nil {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
	s.log.Info("database reached")
}

// prepare brings the schema up to date and makes it this GoogleLogin's.
func (s *Store) prepare(ctx context.Context) error {
	err := crash.Contain(ctx, s.log, "schema", func() error { return migrate(ctx, s.pool, s.instance, s.log) })
	if err != nil {
		err = fmt.Errorf("prepare database: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notReady = err
	return err
}

func (s *Store) ready() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.notReady
}

// Reload reads the URI again. If it has changed, the connections that were made with the one before are closed once they are
// idle. An error leaves everything as it was.
func (s *Store) Reload() error {
	changed, err := s.source.load()
	if err == nil && changed {
		s.pool.Reset()
	}
	return err
}

// Close waits for what is under way, then closes the connections.
func (s *Store) Close() error {
	s.stop()
	s.done.Wait()
	s.pool.Close()
	return nil
}

var errStandby = errors.New("the database takes no writes: it is a standby, point the URI at the primary")

// Ping says whether the database can be reached and takes writes.
func (s *Store) Ping(ctx context.Context) error {
	return s.run(ctx, "reach database", func(ctx context.Context) error {
		var standby bool
		err := s.pool.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&standby)
		if err == nil && standby {
			return errStandby
		}
		return err
	})
}
