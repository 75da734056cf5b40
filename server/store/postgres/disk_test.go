package postgres_test

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/store/postgres"
	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
	"github.com/googlelogin/operator/server/users"
)

// numbered is one session of many.
func numbered(n int) identity.Session {
	s := alive
	s.ID, s.HandleHash, s.UserAgent = fmt.Sprintf("s%d", n), [32]byte{9, byte(n), byte(n >> 8)}, strings.Repeat("Browser", 50)
	return s
}

// TestG93_AFullDisk fills the disk of a real server. Without room for its log PostgreSQL ends itself, and comes back only with some.
func TestG93_AFullDisk(t *testing.T) {
	for name, row := range map[string]struct {
		part string
		// reads go on.
		reads bool
	}{
		"that the tables are on": {"base", true},
		"that the log is on":     {"pg_wal", false},
	} {
		t.Run(name, func(t *testing.T) {
			server := postgres.Servers.OwnWith(t, postgrestest.Options{TinyDisk: row.part})
			d := newDatabaseAt(t, server, server.Database())
			first := d.begin(t)
			free := d.server.Fill()
			// What is left of the log's last file would take thousands.
			d.server.Exec(d.uri, "SELECT pg_switch_wal()")

			kept := d.untilFull(t)
			d.refusesWrites(t)
			for n := range kept {
				found, err := d.store.SessionByHandle(t.Context(), numbered(n).HandleHash)
				if errors.Is(err, session.ErrNoSession) || row.reads && (err != nil || !cmp.Equal(numbered(n), found)) {
					t.Fatalf("session %d on a full disk: %v", n, err)
				}
			}
			_, rotated := use(t.Context(), tokens(d.store), first)
			if rotated != nil && !errors.Is(rotated, session.ErrStoreUnavailable) {
				t.Errorf("a refresh: %v", rotated)
			}

			free()
			d.recovers(t, numbered(kept+1))
			for n := range kept {
				if found, err := d.store.SessionByHandle(t.Context(), numbered(n).HandleHash); err != nil || !cmp.Equal(numbered(n), found) {
					t.Errorf("session %d, with room again: %v\n%s", n, err, cmp.Diff(numbered(n), found))
				}
			}
			d.wantAsBefore(t)
			second, err := use(t.Context(), tokens(d.store), first)
			if err != nil {
				t.Errorf("the refresh token is lost: %v", err)
			}
			if again, err := use(t.Context(), tokens(d.store), first); err != nil || again != second {
				t.Errorf("H97 a second successor: %v", err)
			}
			t.Logf("%d sessions", kept)
		})
	}
}

// untilFull begins sessions until one is refused, and returns how many there are.
func (d *database) untilFull(t *testing.T) (kept int) {
	t.Helper()
	for {
		err := d.store.CreateSession(t.Context(), numbered(kept))
		if err == nil {
			if kept++; kept == 50_000 {
				t.Fatal("the disk is full, and sessions are begun")
			}
			continue
		}
		if !errors.Is(err, session.ErrStoreUnavailable) || errors.Is(err, session.ErrUserGone) {
			t.Fatalf("after %d sessions: %v, want ErrStoreUnavailable", kept, err)
		}
		t.Log(err)
		return kept
	}
}

// refusesWrites: each of them is as if it had not been.
func (d *database) refusesWrites(t *testing.T) {
	t.Helper()
	// Text that cannot be compressed needs room of its own.
	random := make([]byte, 10_000)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	bob, relinked := identity.User{ID: "bob", Issuer: "iss", Subject: "2", Email: "bob@example.com"}, ann
	bob.Name = hex.EncodeToString(random)
	relinked.Subject, relinked.Name = "3", bob.Name
	for name, call := range map[string]func() error{
		"a login":    func() error { return d.store.CreateSession(t.Context(), numbered(60_000)) },
		"a new user": func() error { _, err := d.store.SaveUser(t.Context(), bob.Issuer, bob.Subject, to(bob)); return err },
		"another Google account": func() error {
			_, _, err := d.store.RelinkUser(t.Context(), ann.Email, now, to(relinked))
			return err
		},
	} {
		err := call()
		if !errors.Is(err, session.ErrStoreUnavailable) || errors.Is(err, users.ErrNotFound) || errors.Is(err, session.ErrUserGone) {
			t.Errorf("%s: %v, want ErrStoreUnavailable alone", name, err)
		}
	}
}

// recovers waits until a session can be begun.
func (d *database) recovers(t *testing.T, s identity.Session) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		err := d.store.CreateSession(t.Context(), s)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("with room again: %v", err)
		}
	}
}
