package postgrestest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// The role that owns every database. Its password is looked for in logs and errors.
const (
	Role     = "shop"
	Password = "canary-of-the-database"
)

// Server is a PostgreSQL server.
type Server struct {
	t testing.TB
	// Dir holds the socket.
	Dir string
	// Address is where the server listens besides, if the options name an address; host:port.
	Address   string
	options   Options
	databases *atomic.Int32
	process   *process
	// shared is set where other tests use the server too.
	shared bool
}

// Options of StartWith.
type Options struct {
	// Host is an address to listen on besides the socket, for whoever knows the password; empty means none.
	Host string
	// Certificate and Key are PEM. With them, the server speaks TLS with whoever comes by that address, and nothing else.
	Certificate, Key []byte
	// TinyDisk names the part of the data that lies on a small disk of its own: the folder "base" with the tables, say, or "pg_wal" with
	// the log. Such a server is started again when it ends by itself, and cannot be stopped and started by the test.
	TinyDisk string
}

// Start starts a server that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	return StartWith(t, Options{})
}

// StartWith starts a server that may be reached from elsewhere.
func StartWith(t testing.TB, o Options) *Server {
	t.Helper()
	dir := lastingOnlyFor(t, privateDir(t))
	initialise(t, dir)
	return startIn(t, dir, o)
}

// startIn starts a server on the data in a folder. It ends with the test.
func startIn(t testing.TB, dir string, o Options) *Server {
	t.Helper()
	s := &Server{t: t, Dir: dir, options: o, databases: new(atomic.Int32)}
	s.open()
	s.StartAgain()
	t.Cleanup(s.Stop)
	return s
}

// initialise makes the data of a server in a folder.
func initialise(t testing.TB, dir string) {
	t.Helper()
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(Password), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, program(t, "initdb", "postgresql"), "--pgdata", dataIn(dir), "--username", Role, "--pwfile", password,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync")
}

func dataIn(dir string) string { return filepath.Join(dir, "data") }

// StartAgain starts a server that was stopped, and returns when it can be used.
func (s *Server) StartAgain() {
	s.t.Helper()
	args := []string{"-D", dataIn(s.Dir), "-c", "listen_addresses=" + s.options.Host, "-c", "unix_socket_directories=" + s.Dir,
		"-c", "fsync=off", "-c", "max_connections=300", "-c", "shared_buffers=32MB"}
	if s.Address != "" {
		_, port, _ := net.SplitHostPort(s.Address)
		args = append(args, "-c", "port="+port)
	}
	if len(s.options.Key) > 0 {
		args = append(args, "-c", "ssl=on", "-c", "ssl_cert_file="+s.file("server.crt"), "-c", "ssl_key_file="+s.file("server.key"))
	}
	path := program(s.t, "postgres", "postgresql")
	if s.options.TinyDisk != "" {
		path, args = s.supervised(path, args)
	}
	s.process = start(s.t, s.Dir, path, args...)
	await(s.t, s.process, func() error {
		conn, err := pgx.Connect(context.Background(), s.URI("postgres"))
		if err != nil {
			return err
		}
		return conn.Close(context.Background())
	})
}

// Stop ends every connection and the server.
func (s *Server) Stop() { s.end(syscall.SIGINT) }

// Crash ends the server without a checkpoint: what it committed is in its log alone, as after a power cut or an OOM kill.
func (s *Server) Crash() { s.end(syscall.SIGQUIT) }

// Kill is kill -9 of all the server's processes: what they had not handed to the kernel is lost.
func (s *Server) Kill() {
	s.t.Helper()
	pid := s.process.cmd.Process.Pid
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		s.t.Fatal(err)
	}
	s.end(syscall.SIGKILL)
	for _, child := range strings.Fields(string(children)) {
		if id, err := strconv.Atoi(child); err == nil {
			_ = syscall.Kill(id, syscall.SIGKILL)
		}
		// The next server refuses to start beside what is left of this one. Of a process that has died, there is no command line.
		for line := []byte("?"); len(line) > 0; {
			line, _ = os.ReadFile("/proc/" + child + "/cmdline")
		}
	}
}

func (s *Server) end(signal os.Signal) {
	s.t.Helper()
	if s.shared {
		s.t.Fatal("other tests use this server too: take one of your own")
	}
	s.process.stop(signal)
}

// URI of a database, with the password.
func (s *Server) URI(database string) string {
	uri := fmt.Sprintf("postgresql://%s:%s@/%s?host=%s", Role, Password, database, s.Dir)
	if _, port, err := net.SplitHostPort(s.Address); err == nil {
		uri += "&port=" + port
	}
	return uri
}

// RemoteURI makes an empty database and returns its URI for somebody who reaches the server under this name. It is host:port, and
// the name has to lead to Options.Host.
func (s *Server) RemoteURI(name string) string {
	database := s.nextName()
	s.Exec(s.URI("postgres"), "CREATE DATABASE "+database)
	_, port, _ := net.SplitHostPort(s.Address)
	return fmt.Sprintf("postgresql://%s:%s@%s/%s", Role, Password, net.JoinHostPort(name, port), database)
}

// Database makes an empty database and returns its URI.
func (s *Server) Database() string {
	name := s.nextName()
	s.Exec(s.URI("postgres"), "CREATE DATABASE "+name)
	return s.URI(name)
}

func (s *Server) nextName() string { return fmt.Sprintf("app%d", s.databases.Add(1)) }

// URIFile makes an empty database and returns a file that holds its URI.
func (s *Server) URIFile(t testing.TB) string {
	t.Helper()
	return WriteURI(t, filepath.Join(t.TempDir(), "uri"), s.Database())
}

// WriteURI writes the file at once, as the kubelet does, and returns its path.
func WriteURI(t testing.TB, path, uri string) string {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(uri+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	return path
}

// Exec runs statements, each on its own, as somebody who is not the store.
func (s *Server) Exec(uri string, statements ...string) {
	s.t.Helper()
	conn := s.Connect(uri)
	defer func() { _ = conn.Close(context.Background()) }()
	for _, statement := range statements {
		if _, err := conn.Exec(context.Background(), statement); err != nil {
			s.t.Fatalf("%s: %v", statement, err)
		}
	}
}

// Connect opens a connection that is not the store's.
func (s *Server) Connect(uri string) *pgx.Conn {
	s.t.Helper()
	conn, err := pgx.Connect(context.Background(), uri)
	if err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// Terminate breaks every connection to a database, from the server's side.
func (s *Server) Terminate(uri string) {
	s.t.Helper()
	s.Exec(s.URI("postgres"), "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '"+databaseOf(uri)+"'")
}

func databaseOf(uri string) string {
	return strings.TrimPrefix(strings.SplitN(uri, "?", 2)[0], fmt.Sprintf("postgresql://%s:%s@/", Role, Password))
}

// await returns once ready does not fail any more.
func await(t testing.TB, p *process, ready func() error) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		err := ready()
		if err == nil {
			return
		}
		select {
		case <-p.done:
			t.Fatalf("%s ended at once: %s", p.name, p.output())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not become ready: %v\n%s", p.name, err, p.output())
		}
	}
}
