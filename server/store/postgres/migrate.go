package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// migrationLock is the advisory lock that replicas which start at once queue for. The number is ours and says nothing.
const migrationLock = 5_247_090_316

const versionTable = "googlelogin.schema_version"

//go:embed migrations/*.sql
var migrations embed.FS

// errRefused says that the database was reached and must not be used.
var errRefused = errors.New("database refused")

func migrate(ctx context.Context, pool *pgxpool.Pool, instance string, log *slog.Logger) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return locked(ctx, pool, func() error {
		if err := migrateWith(ctx, pool, files, log); err != nil {
			return err
		}
		return claim(ctx, pool, instance)
	})
}

// locked holds the lock in a transaction, not in a session: behind a pooler a session is nobody's.
func locked(ctx context.Context, pool *pgxpool.Pool, work func() error) error {
	tx, err := pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrationLock)); err != nil {
		return err
	}
	return work()
}

func migrateWith(ctx context.Context, pool *pgxpool.Pool, files fs.FS, log *slog.Logger) error {
	if err := createSchema(ctx, pool); err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }()
	provider, err := newProvider(db, files)
	if err != nil {
		return err
	}
	before, newest, err := provider.GetVersions(ctx)
	if err != nil {
		return err
	}
	if before > newest+1 {
		return fmt.Errorf("%w: it is of schema %d, this server knows %d and can use %d at most: run a newer server", errRefused, before, newest, newest+1)
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return err
	}
	for _, result := range results {
		log.Info("database migrated", "version", result.Source.Version, "duration", result.Duration)
	}
	return nil
}

func newProvider(db *sql.DB, files fs.FS) (*goose.Provider, error) {
	versions, err := database.NewStore(database.DialectPostgres, versionTable)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider("", db, files, goose.WithStore(versions), goose.WithDisableGlobalRegistry(true))
}

// createSchema asks first: a role that may use the schema and not make one would be refused otherwise.
func createSchema(ctx context.Context, pool *pgxpool.Pool) error {
	var missing bool
	if err := pool.QueryRow(ctx, "SELECT to_regnamespace('googlelogin') IS NULL").Scan(&missing); err != nil || !missing {
		return err
	}
	_, err := pool.Exec(ctx, "CREATE SCHEMA googlelogin")
	return err
}

// claim makes the database this GoogleLogin's, if it is nobody's yet.
func claim(ctx context.Context, pool *pgxpool.Pool, instance string) error {
	if _, err := pool.Exec(ctx, "INSERT INTO googlelogin.instance (name) VALUES ($1) ON CONFLICT DO NOTHING", instance); err != nil {
		return err
	}
	var owner string
	if err := pool.QueryRow(ctx, "SELECT name FROM googlelogin.instance").Scan(&owner); err != nil {
		return err
	}
	if owner != instance {
		return fmt.Errorf("%w: it holds the users of the GoogleLogin %s: give %s a database of its own, or see docs/storage.md if it was renamed",
			errRefused, owner, instance)
	}
	return nil
}
