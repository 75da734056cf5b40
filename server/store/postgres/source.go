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
	// maxCA is more than any authority's certificates take.
	maxCA = 256 << 10
	// connectTimeout is how long one address may take to let us in, unless the URI says otherwise.
	connectTimeout = 5 * time.Second
	// fewestConnections: a migration needs one to hold its lock and one to work with.
	fewestConnections = 2
)

// errURI says no more, since what it is about has a password in it.
var errURI = errors.New("not a PostgreSQL URI such as postgresql://user:password@host:5432/database?sslmode=verify-full")

// source is the file with the URI, and the one with the authority's certificates.
type source struct {
	path string
	// caPath may be empty.
	caPath string
	log    *slog.Logger

	mu      sync.Mutex
	uri, ca string
	good    *pgxpool.Config
}

// load reads the files, and says whether they hold something else than before. If it cannot be used, what was before stays.
func (s *source) load() (changed bool, err error) {
	uri, err := readText(s.path, "database URI", maxURI)
	if err != nil {
		return false, err
	}
	ca := ""
	if s.caPath != "" {
		if ca, err = readText(s.caPath, "database CA", maxCA); err != nil {
			return false, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if uri == s.uri && ca == s.ca {
		return false, nil
	}
	parsed, err := s.parse(uri, ca)
	if err != nil {
		return false, err
	}
	s.uri, s.ca, s.good = uri, ca, parsed
	return true, nil
}

func (s *source) parse(uri, ca string) (*pgxpool.Config, error) {
	if s.caPath != "" {
		var err error
		if uri, err = trust(uri, s.caPath, ca); err != nil {
			return nil, err
		}
	}
	parsed, err := parseURI(uri)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	return parsed, nil
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

func readText(path, what string, most int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", what, err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", what, err)
	}
	if int64(len(content)) > most {
		return "", fmt.Errorf("read %s: %s is larger than %d bytes", what, path, most)
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
