package postgrestest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Pooler starts a pgbouncer in transaction mode before the server, with few connections to it, and returns what makes the URI of a
// database lead through it. It ends with the test.
func (s *Server) Pooler(t testing.TB) func(uri string) string {
	t.Helper()
	dir := lastingOnlyFor(t, privateDir(t))
	settings := fmt.Sprintf(`[databases]
* = host=%s port=5432 user=%s password=%s
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = %s
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 500
max_db_connections = 3
logfile =
`, s.Dir, Role, Password, dir)
	path := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(path, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	through := func(uri string) string { return strings.Replace(uri, "host="+s.Dir, "port=6432&host="+dir, 1) }
	p := start(t, dir, program(t, "pgbouncer", "pgbouncer"), path)
	t.Cleanup(func() { p.stop(syscall.SIGTERM) })
	await(t, p, func() error {
		conn, err := pgx.Connect(context.Background(), through(s.URI("postgres")))
		if err != nil {
			return err
		}
		return conn.Close(context.Background())
	})
	return through
}
