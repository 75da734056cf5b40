package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
)

var (
	diskTime = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	diskUser = identity.User{ID: "u", Issuer: "iss", Subject: "1", Email: "ann@example.com", CreatedAt: diskTime, LastLoginAt: diskTime}
)

func to(u identity.User) func(identity.User) (identity.User, error) {
	return func(identity.User) (identity.User, error) { return u, nil }
}

func newSession(n int) identity.Session {
	hash := [32]byte{byte(n), byte(n >> 8), 1}
	return identity.Session{
		ID: fmt.Sprintf("s%d", n), HandleHash: hash, UserID: diskUser.ID, CreatedAt: diskTime, LastUsedAt: diskTime,
		ExpiresAt: diskTime.Add(time.Hour), UserAgent: "Browser",
	}
}

func (s *Store) pragma(t *testing.T, format string, args ...any) string {
	t.Helper()
	var value string
	if err := s.writer.QueryRowContext(t.Context(), "PRAGMA "+fmt.Sprintf(format, args...)).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// SQLite says of a file that may not grow what it says of a disk that is full: SQLITE_FULL.
func TestAFullDiskLosesNothingAndTakesWritesAgain(t *testing.T) {
	store := openInternal(t, filepath.Join(t.TempDir(), "users.db"))
	if _, err := store.SaveUser(t.Context(), diskUser.Issuer, diskUser.Subject, to(diskUser)); err != nil {
		t.Fatal(err)
	}
	store.pragma(t, "max_page_count = %s", store.pragma(t, "page_count"))
	kept, n := 0, 0
	var full error
	for ; n < 10_000 && full == nil; n++ {
		if full = store.CreateSession(t.Context(), newSession(n)); full == nil {
			kept++
		}
	}
	if !errors.Is(full, session.ErrStoreUnavailable) || errors.Is(full, session.ErrUserGone) {
		t.Fatalf("after %d sessions: %v, want ErrStoreUnavailable", kept, full)
	}
	if _, err := store.SaveUser(t.Context(), "iss", "2", to(identity.User{ID: "v", Issuer: "iss", Subject: "2", Name: string(make([]byte, 8192))})); !errors.Is(err, session.ErrStoreUnavailable) {
		t.Errorf("a user more: %v, want ErrStoreUnavailable", err)
	}
	if err := store.Ping(t.Context()); err != nil {
		t.Errorf("the sessions that there are cannot be read: %v", err)
	}

	store.pragma(t, "max_page_count = 1073741823")
	if err := store.CreateSession(t.Context(), newSession(n)); err != nil {
		t.Errorf("with space again: %v", err)
	}
	for i := range n + 1 {
		found, err := store.SessionByHandle(t.Context(), newSession(i).HandleHash)
		if lost := i == kept; lost != errors.Is(err, session.ErrNoSession) || !lost && found.ID != newSession(i).ID {
			t.Errorf("session %d of %d: %v, %v", i, n, found.ID, err)
		}
	}
	if got := store.pragma(t, "integrity_check"); got != "ok" {
		t.Errorf("integrity: %s", got)
	}
}

func TestADiskThatHangsKeepsNobodyWaiting(t *testing.T) {
	store := openInternal(t, filepath.Join(t.TempDir(), "users.db"))
	if _, err := store.SaveUser(t.Context(), diskUser.Issuer, diskUser.Subject, to(diskUser)); err != nil {
		t.Fatal(err)
	}
	if err := store.CreateSession(t.Context(), newSession(1)); err != nil {
		t.Fatal(err)
	}
	// The disk holds up one write in its commit, and with it the one connection that writes.
	held, err := store.writer.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	renamed := diskUser
	renamed.Name = "Ann"
	writes, began, back := store.queue.commit, make(chan struct{}), make(chan struct{})
	store.queue.commit = func(synced bool, work func(context.Context, *sql.Tx) error) error {
		close(began)
		<-back
		store.queue.commit = writes
		return writes(synced, work)
	}
	first := make(chan error, 1)
	go func() { first <- store.CreateSession(context.Background(), newSession(9)) }()
	<-began
	store.queue.patience = 50 * time.Millisecond
	var group sync.WaitGroup
	for name, call := range map[string]func() error{
		"save":    func() error { _, err := store.SaveUser(t.Context(), "iss", "1", to(renamed)); return err },
		"create":  func() error { return store.CreateSession(t.Context(), newSession(2)) },
		"touch":   func() error { return store.TouchSession(t.Context(), "s1", diskTime) },
		"end":     func() error { return store.RevokeSession(t.Context(), "s1", diskTime) },
		"end all": func() error { _, err := store.RevokeUserSessions(t.Context(), "u", diskTime); return err },
		"relink": func() error {
			_, _, err := store.RelinkUser(t.Context(), diskUser.Email, diskTime, to(diskUser))
			return err
		},
		"delete": func() error { _, err := store.DeleteUser(t.Context(), "u", diskTime); return err },
		"claim":  func() error { _, err := store.ClaimNonce(t.Context(), [32]byte{1}, diskTime); return err },
		"sweep":  func() error { _, err := store.DeleteExpired(t.Context(), diskTime, 200); return err },
		"ends":   func() error { _, err := store.DeleteExpiredEnds(t.Context(), diskTime, 200); return err },
	} {
		for range 5 {
			group.Go(func() {
				if err := call(); !errors.Is(err, session.ErrStoreUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %v, want ErrStoreUnavailable for a deadline", name, err)
				}
			})
		}
	}
	group.Wait()
	if _, err := store.SaveUser(t.Context(), "iss", "1", to(diskUser)); err != nil {
		t.Errorf("a user of whom nothing changed waits with those who write: %v", err)
	}
	if _, err := store.SessionByHandle(t.Context(), newSession(1).HandleHash); err != nil {
		t.Errorf("reading waits with those who write: %v", err)
	}
	store.queue.patience = callTimeout
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	close(back)
	if err := <-first; err != nil {
		t.Errorf("the write that the disk held up: %v", err)
	}
	if err := store.TouchSession(t.Context(), "s1", diskTime); err != nil {
		t.Errorf("when the disk is back: %v", err)
	}
}

// A login of a user who is known is one write, and one wait for the disk.
func TestALoginOfAKnownUserIsOneTransaction(t *testing.T) {
	store := openInternal(t, filepath.Join(t.TempDir(), "users.db"))
	if _, err := store.SaveUser(t.Context(), "iss", "1", to(diskUser)); err != nil {
		t.Fatal(err)
	}
	commits, commit := 0, store.queue.commit
	store.queue.commit = func(synced bool, work func(context.Context, *sql.Tx) error) error {
		commits++
		return commit(synced, work)
	}
	login := func(n int, at time.Time) {
		t.Helper()
		user, s := diskUser, newSession(n)
		user.LastLoginAt, s.CreatedAt = at, at
		if saved, err := store.SaveUser(t.Context(), "iss", "1", to(user)); err != nil || !saved.LastLoginAt.Equal(at) {
			t.Fatalf("saved the login of %s: %v", saved.LastLoginAt, err)
		}
		if err := store.CreateSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	login(1, diskTime.Add(time.Hour))
	if commits != 1 {
		t.Errorf("%d transactions for a login, want 1", commits)
	}
	// Another server's clock is behind, or this login was the slower one.
	slower := newSession(2)
	slower.CreatedAt = diskTime.Add(time.Minute)
	if err := store.CreateSession(t.Context(), slower); err != nil {
		t.Fatal(err)
	}
	if read, err := store.User(t.Context(), "u"); err != nil || !read.LastLoginAt.Equal(diskTime.Add(time.Hour)) {
		t.Errorf("the last login is %s (%v), want the latest", read.LastLoginAt, err)
	}
}
