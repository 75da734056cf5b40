package postgrestest

import (
	"net"
	"os"
	"path/filepath"
)

// open prepares the server for who comes from elsewhere: a free port, a rule that lets them in, and the certificate.
func (s *Server) open() {
	s.t.Helper()
	if s.options.Host == "" {
		return
	}
	free, err := net.Listen("tcp", net.JoinHostPort(s.options.Host, "0"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.Address = free.Addr().String()
	_ = free.Close()
	kind := "host"
	if len(s.options.Key) > 0 {
		kind = "hostssl"
		s.private("server.crt", s.options.Certificate)
		s.private("server.key", s.options.Key)
	}
	// In place of initdb's own rules, which would let whoever is on this machine in without TLS.
	s.private("data/pg_hba.conf", []byte("local all all scram-sha-256\n"+kind+" all all all scram-sha-256\n"))
}

func (s *Server) file(name string) string { return filepath.Join(s.Dir, name) }

// private writes a file that is the server's alone: PostgreSQL refuses a key that others may read.
func (s *Server) private(name string, content []byte) {
	s.t.Helper()
	if err := os.WriteFile(s.file(name), content, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if os.Getuid() != 0 {
		return
	}
	uid, gid := other(s.t)
	if err := os.Chown(s.file(name), int(uid), int(gid)); err != nil {
		s.t.Fatal(err)
	}
}
