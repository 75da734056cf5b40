package processes

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
	"github.com/googlelogin/operator/test/standalone"
)

// startOnTinyDisk starts a server whose database is on a file system of its own, with room for a few megabytes. It is mounted in a mount
// namespace of the process, which needs no root; a kernel that lets nobody have one fails the test. disk is where the test sees it.
func startOnTinyDisk(t *testing.T, cfg config.Config) (p *process, disk string) {
	t.Helper()
	dir := filepath.Dir(cfg.Storage.Path)
	p = startCommand(t, exec.Command("unshare", "--user", "--map-root-user", "--mount", "sh", "-euc",
		`mount -t tmpfs -o size=8m tmpfs "$1"; exec "$2" --config "$3"`, "sh", dir, program, standalone.WriteConfig(t, cfg)))
	disk = filepath.Join("/proc", fmt.Sprint(p.cmd.Process.Pid), "root", dir)
	var room syscall.Statfs_t
	if err := syscall.Statfs(disk, &room); err != nil {
		t.Fatal(err)
	}
	if size := int64(room.Blocks) * room.Bsize; size != 8<<20 {
		t.Fatalf("the disk has %d bytes, want 8 MiB: this would fill another one", size)
	}
	return p, disk
}

// fill takes all the room there is, and returns what gives it back.
func fill(t *testing.T, disk string) (free func()) {
	t.Helper()
	path := filepath.Join(disk, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n, err := io.Copy(f, endless{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("after %d bytes the disk is not full: %v", n, err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestG93_AFullDiskLosesNoSessionAndPassesByItself fills the file system that the database is on.
func TestG93_AFullDiskLosesNoSessionAndPassesByItself(t *testing.T) {
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	p, disk := startOnTinyDisk(t, onSQLite(t, newConfig(t, google.URL)))
	told := [][]*http.Cookie{p.mustLogin(t), p.mustLogin(t)}

	free := fill(t, disk)
	for refused := 0; refused < 3; {
		callback, flow, err := p.Proceed(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		a, err := p.Get(t.Context(), callback, flow, "Sec-Fetch-Dest", "document")
		switch {
		case err == nil && a.To == home:
			// What was left of the last page took it.
			told = append(told, a.Live())
		case err != nil || !strings.Contains(a.To, "error=temporarily_unavailable") || len(a.Live()) != 0:
			t.Fatalf("a login: status %d, to %q with %d cookies, %v\n%s", a.Status, a.To, len(a.Live()), err, p.log)
		default:
			refused++
		}
		if len(told) > 1000 {
			t.Fatal("the disk is full, and logins go on")
		}
	}
	if !strings.Contains(p.log.String(), "full") {
		t.Errorf("the log does not say what is wrong:\n%s", p.log)
	}
	post(t, p, "/auth/logout", told[0], nil, http.StatusServiceUnavailable)
	for _, cookies := range told {
		if status := p.check(t, p.Token(cookies)); status != http.StatusOK {
			t.Errorf("a check on a full disk: status %d", status)
		}
		if status := p.me(t, cookies); status != http.StatusOK {
			t.Errorf("me on a full disk: status %d", status)
		}
	}

	free()
	for _, cookies := range append(told, p.mustLogin(t)) {
		if status := p.me(t, p.Handle(cookies)); status != http.StatusOK {
			t.Errorf("a session that a browser was told of is gone: status %d\n%s", status, p.log)
		}
	}
	post(t, p, "/auth/logout", told[0], nil, http.StatusNoContent)
	t.Logf("%d sessions outlived a full disk", len(told))
}

// TestG93_APostgreSQLWithoutRoomForItsLogLosesNoSession: such a PostgreSQL ends itself, again and again, until there is room.
func TestG93_APostgreSQLWithoutRoomForItsLogLosesNoSession(t *testing.T) {
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	database := postgrestest.StartWith(t, postgrestest.Options{TinyDisk: "pg_wal"})
	p := start(t, onPostgres(t, newConfig(t, google.URL), database.Database()))
	told := [][]*http.Cookie{p.mustLogin(t), p.mustLogin(t)}

	free := database.Fill()
	database.Exec(database.URI("postgres"), "SELECT pg_switch_wal()")
	for range 3 {
		p.withoutDatabase(t, "one", told)
		post(t, p, "/auth/logout", told[0], nil, http.StatusServiceUnavailable)
	}

	free()
	p.recovers(t)
	for _, cookies := range told {
		if status := p.me(t, p.Handle(cookies)); status != http.StatusOK {
			t.Errorf("a session that a browser was told of is gone: status %d\n%s", status, p.log)
		}
	}
	post(t, p, "/auth/logout", told[0], nil, http.StatusNoContent)
}
