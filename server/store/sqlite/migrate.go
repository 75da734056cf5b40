package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

func migrate(ctx context.Context, db *sql.DB, log *slog.Logger) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return migrateWith(ctx, db, files, log)
}

func migrateWith(ctx context.Context, db *sql.DB, files fs.FS, log *slog.Logger) error {
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	before, newest, err := provider.GetVersions(ctx)
	if err != nil {
		return err
	}
	if before > newest+1 {
		return fmt.Errorf("the file is of schema %d, this server knows %d and can use %d at most: run a newer server", before, newest, newest+1)
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
