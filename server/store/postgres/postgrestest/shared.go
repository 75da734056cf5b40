package postgrestest

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Servers are those of one package's tests: one that the tests share, each with databases of its own, and further ones for the tests
// that stop or configure theirs. They all begin as copies of what initdb made once. The zero value is ready to use, but for Database.
type Servers struct {
	// Prepare makes the tables that a database of Database has. It leaves no connection open.
	Prepare func(t testing.TB, uri string)

	mu sync.Mutex
	// pristine is the folder that is copied, once there is one.
	pristine string
	shared   *Server
	// like is what makes a database a copy of the one that was prepared, once there is one; maker is the connection that makes it.
	like  string
	maker *pgx.Conn
}

// Run runs a package's tests and ends what they share. Its result is for os.Exit.
func (v *Servers) Run(m *testing.M) int {
	defer v.end()
	return m.Run()
}

func (v *Servers) end() {
	if v.shared != nil {
		v.shared.process.stop(syscall.SIGINT)
		_ = os.RemoveAll(v.shared.Dir)
	}
	if v.pristine != "" {
		_ = os.RemoveAll(v.pristine)
	}
}

// Shared is the server of every test that needs none of its own: it touches nothing but databases that it made, and what is in them.
func (v *Servers) Shared(t testing.TB) *Server {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sharedBy(t)
}

func (v *Servers) sharedBy(t testing.TB) *Server {
	t.Helper()
	if v.shared == nil {
		s := &Server{t: t, Dir: privateDir(t), databases: new(atomic.Int32), shared: true}
		v.copyTo(t, s.Dir)
		s.StartAgain()
		v.shared = s
	}
	mine := *v.shared
	mine.t = t
	return &mine
}

// Database is one of the shared server that Prepare made, or a copy of it.
func (v *Servers) Database(t testing.TB) (on *Server, uri string) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.sharedBy(t)
	if v.maker == nil {
		template := s.Database()
		v.Prepare(t, template)
		v.like, v.maker = " TEMPLATE "+databaseOf(template), s.Connect(s.URI("postgres"))
		if version, _ := strconv.Atoi(strings.SplitN(v.maker.PgConn().ParameterStatus("server_version"), ".", 2)[0]); version >= 15 {
			// Else it leaves out the caches, which the first connection then has to make anew.
			v.like += " STRATEGY file_copy"
		}
	}
	name := s.nextName()
	if _, err := v.maker.Exec(context.Background(), "CREATE DATABASE "+name+v.like); err != nil {
		t.Fatal(err)
	}
	uri = s.URI(name)
	return s, uri
}

// Own is a server for this test alone. It ends with the test.
func (v *Servers) Own(t testing.TB) *Server {
	t.Helper()
	return v.OwnWith(t, Options{})
}

// OwnWith is a server for this test alone that may be reached from elsewhere.
func (v *Servers) OwnWith(t testing.TB, o Options) *Server {
	t.Helper()
	dir := lastingOnlyFor(t, privateDir(t))
	v.mu.Lock()
	v.copyTo(t, dir)
	v.mu.Unlock()
	return startIn(t, dir, o)
}

func (v *Servers) copyTo(t testing.TB, dir string) {
	t.Helper()
	if v.pristine == "" {
		pristine := privateDir(t)
		initialise(t, pristine)
		v.pristine = pristine
	}
	run(t, "/bin/cp", "--recursive", "--preserve=mode", "--reflink=auto", dataIn(v.pristine), filepath.Join(dir, "."))
}
