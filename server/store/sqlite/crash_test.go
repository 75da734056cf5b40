package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/store/sqlite"
)

// busyEnv makes the test binary a server with many logins at once.
const busyEnv = "SQLITE_BUSY_FILE"

// crashEnv makes the test binary a server that is killed in the midst of its work, on the file it names.
const crashEnv = "SQLITE_CRASH_FILE"

var (
	crashTime  = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	crashUser  = identity.User{ID: "u", Issuer: "i", Subject: "s", Email: "ann@example.com", CreatedAt: crashTime}
	crashAlive = identity.Session{ID: "alive", HandleHash: [32]byte{1}, UserID: "u", CreatedAt: crashTime, LastUsedAt: crashTime, ExpiresAt: crashTime}
	crashEnded = identity.Session{ID: "ended", HandleHash: [32]byte{2}, UserID: "u", CreatedAt: crashTime, LastUsedAt: crashTime, ExpiresAt: crashTime}
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashEnv); path != "" {
		crash(path)
	}
	if path := os.Getenv(busyEnv); path != "" {
		busy(path)
	}
	os.Exit(m.Run())
}

// crash commits what a login and a logout commit, then kills its own process while a transaction is open.
func crash(path string) {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, path, nil)
	_, saveErr := store.SaveUser(ctx, "i", "s", func(identity.User) (identity.User, error) { return crashUser, nil })
	err = errors.Join(err, saveErr, store.CreateSession(ctx, crashAlive), store.CreateSession(ctx, crashEnded),
		store.RevokeSession(ctx, crashEnded.ID, crashTime))
	if err != nil {
		os.Exit(3)
	}
	_, _ = store.SaveUser(ctx, "i", "s", func(known identity.User) (identity.User, error) {
		return known, syscall.Kill(os.Getpid(), syscall.SIGKILL)
	})
	os.Exit(4)
}

func TestKill9_LosesNeitherLoginNorLogout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.db")
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), crashEnv+"="+path)
	var exit *exec.ExitError
	if err := process.Run(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the server was not killed at work: %v", err)
	}

	store := open(t, path)

	if s, err := store.SessionByHandle(t.Context(), crashAlive.HandleHash); err != nil || !s.RevokedAt.IsZero() {
		t.Errorf("the session that was begun is lost: %v, %+v", err, s)
	}
	if s, err := store.SessionByHandle(t.Context(), crashEnded.HandleHash); err != nil || s.RevokedAt.IsZero() {
		t.Errorf("the session that was ended is alive: %v", err)
	}
	if err := store.CreateSession(t.Context(), identity.Session{ID: "next", HandleHash: [32]byte{3}, UserID: "u", ExpiresAt: crashTime}); err != nil {
		t.Errorf("the file takes no writes after the crash: %v", err)
	}
	if _, err := store.SessionByHandle(t.Context(), [32]byte{9}); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("unknown session: %v", err)
	}
}

// busy starts sessions until it is killed, and names each on its output once that was answered.
func busy(path string) {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, path, nil)
	if err != nil {
		os.Exit(3)
	}
	if _, err := store.SaveUser(ctx, "i", "s", func(identity.User) (identity.User, error) { return crashUser, nil }); err != nil {
		os.Exit(3)
	}
	for client := range 16 {
		go func() {
			for n := 0; ; n++ {
				s := crashAlive
				s.ID, s.HandleHash = fmt.Sprintf("%d-%d", client, n), [32]byte{byte(client), byte(n), byte(n >> 8)}
				if store.CreateSession(ctx, s) == nil {
					fmt.Println(s.ID)
				}
			}
		}()
	}
	select {}
}

// Writes that share a transaction are answered after it: who was told of a session has it.
func TestKill9_LosesNoneOfManyLoginsAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.db")
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), busyEnv+"="+path)
	output, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	var told []string
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if told = append(told, lines.Text()); len(told) == 100 {
			if err := process.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = process.Wait()
	if len(told) < 100 {
		t.Fatalf("%d sessions were told of before the server ended", len(told))
	}
	sessions, err := open(t, path).KeptSessions(t.Context(), crashUser.ID, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]bool{}
	for _, s := range sessions {
		kept[s.ID] = true
	}
	for _, id := range told {
		if !kept[id] {
			t.Errorf("session %s was told of and is lost", id)
		}
	}
}
