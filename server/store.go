package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/nonce"
	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/store/memory"
	"github.com/googlelogin/operator/server/store/postgres"
	"github.com/googlelogin/operator/server/store/sqlite"
	"github.com/googlelogin/operator/server/users"
)

// store is what every backend is.
type store interface {
	users.Store
	session.Store
	users.DirectoryStore
	nonce.Store
	refresh.Store
	UserFamilies(ctx context.Context, userID string, limit int) ([]refresh.Family, error)
	Ping(ctx context.Context) error
	Close() error
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
	DeleteExpiredEnds(ctx context.Context, now time.Time, limit int) (int, error)
	DeleteExpiredNonces(ctx context.Context, now time.Time, limit int) (int, error)
}

func openStore(ctx context.Context, cfg config.Config, log *slog.Logger) (store, error) {
	switch cfg.Storage.Type {
	case config.StorageMemory:
		log.Warn("users and sessions are in memory: a restart signs everybody out")
		return memory.New(), nil
	case config.StoragePostgres:
		return postgres.Open(ctx, postgres.Options{URIFile: cfg.Storage.URIFile, CAFile: cfg.Storage.CAFile, Instance: cfg.Instance, Log: log})
	default:
		return sqlite.Open(ctx, cfg.Storage.Path, log)
	}
}

// reloadable is a store that is told where it is by a file.
type reloadable interface {
	Reload() error
}

// followEvery is how often a store that other servers share is asked which sessions they ended. A logout must hold everywhere
// within two seconds.
const followEvery = time.Second

// follow keeps sessions current until ctx ends. While the store is away nobody can end a session, and what was ended before is
// caught up with afterwards.
func follow(ctx context.Context, sessions interface{ Refresh(context.Context) error }, log *slog.Logger) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	failing := false
	for {
		err := sessions.Refresh(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			log.Warn("cannot learn which sessions were ended elsewhere", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

const (
	// sweepEvery and sweepBatch keep the store's write lock short: nobody waits for expired sessions.
	sweepEvery = 5 * time.Minute
	sweepBatch = 200
	// sweepLate is how long what is over is kept for servers whose clocks are behind: by theirs, a nonce that was used could be used again,
	// and who signs out in a session's last minute would do so here alone.
	sweepLate = time.Minute
)

// sweep deletes what is over, and forgets it, until ctx ends.
func (a *app) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		a.sweepOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (a *app) sweepOnce(ctx context.Context) {
	a.current.Load().sessions.Forget()
	over := a.now().Add(-sweepLate)
	inBatches(ctx, a.log, func() (int, error) {
		deleted, err := a.kept.DeleteExpired(ctx, over, sweepBatch)
		a.metrics.sessionsDeleted.Add(float64(deleted))
		return deleted, err
	})
	inBatches(ctx, a.log, func() (int, error) { return a.kept.DeleteExpiredEnds(ctx, over, sweepBatch) })
	inBatches(ctx, a.log, func() (int, error) { return a.kept.DeleteExpiredNonces(ctx, over, sweepBatch) })
}

// inBatches deletes batch after batch until one is not full.
func inBatches(ctx context.Context, log *slog.Logger, batch func() (int, error)) {
	for ctx.Err() == nil {
		deleted, err := batch()
		if err != nil && ctx.Err() == nil {
			log.Warn("cannot delete what is over", "err", err)
		}
		if err != nil || deleted < sweepBatch {
			return
		}
	}
}
