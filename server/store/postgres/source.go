package postgres

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// maxURI is more than any URI has.
	maxURI = 8 << 10
	// connectTimeout is how long one address may take to let us in, unless the URI says otherwise.
	connectTimeout = 5 * time.Second
	// fewestConnections: a migration needs one to hold its lock and one to work with.
	fewestConnections = 2
)

// errURI says no more, since what it is about has a password in it.
var errURI = errors.New("not a PostgreSQL URI such as postgresql://user:password@host:5432/database?sslmode=verify-full")

// source is the file with the URI.
type source struct {
	path string
	log  *slog.Logger

	mu   sync.Mutex
	uri  string
	good *pgxpool.Config
}

// load reads the file, and says whether it holds another URI than before. If it cannot be used, the one before stays.
func (s *source) load() (changed bool, err error) {
	uri, err := readURI(s.path)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if uri == s.uri {
		return false, nil
	}
	parsed, err := parseURI(uri)
	if err != nil {
		return false, fmt.Errorf("%s: %w", s.path, err)
	}
	s.uri, s.good = uri, parsed
	return true, nil
}

// current is the configuration for a new connection.
func (s *source) current() *pgxpool.Config {
	if _, err := s.load(); err != nil {
		s.log.Warn("database URI refused, keeping the one before", "err", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.good.Copy()
}

func readURI(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read database URI: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxURI+1))
	if err != nil {
		return "", fmt.Errorf("read database URI: %w", err)
	}
	if len(content) > maxURI {
		return "", fmt.Errorf("read database URI: %s is larger than %d bytes", path, maxURI)
	}
	return strings.TrimSpace(string(content)), nil
}

// parseURI takes a URI alone. Without one the driver would go by environment variables and its defaults, and end up anywhere.
func parseURI(uri string) (*pgxpool.Config, error) {
	if !strings.HasPrefix(uri, "postgresql://") && !strings.HasPrefix(uri, "postgres://") {
		return nil, errURI
	}
	cfg, err := pgxpool.ParseConfig(uri)
	if err != nil {
		// The driver's own error quotes the URI, and hides a password only where it recognizes one.
		return nil, errURI
	}
	cfg.MaxConns = max(cfg.MaxConns, fewestConnections)
	conn := cfg.ConnConfig
	// A pooler in transaction mode hands each transaction to another connection, which has not prepared what this one has.
	conn.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn.StatementCacheCapacity, conn.DescriptionCacheCapacity = 0, 0
	if conn.ConnectTimeout == 0 {
		conn.ConnectTimeout = connectTimeout
	}
	if _, named := conn.RuntimeParams["application_name"]; !named {
		conn.RuntimeParams["application_name"] = "googlelogin"
	}
	return cfg, nil
}
