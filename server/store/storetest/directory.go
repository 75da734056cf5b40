package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/users"
)

func block(u identity.User) (identity.User, error) {
	u.BlockedAt = now
	return u, nil
}

// someUsers are u-0 to u-4. Their emails are in the opposite order, and two begin alike in the order of bytes alone.
func someUsers(t *testing.T, store Store) {
	t.Helper()
	for i, email := range []string{"zoe@example.com", "ann_b@example.com", "ann.a@example.com", "ann-c@example.com", ""} {
		save(t, store, identity.User{
			ID: fmt.Sprintf("u-%d", i), Issuer: "iss", Subject: fmt.Sprint(i), Email: email, CreatedAt: now, LastLoginAt: now,
		})
	}
}

func listsUsers(t *testing.T, store Store) {
	someUsers(t, store)
	for name, row := range map[string]struct {
		prefix string
		pages  [][]string
	}{
		"all, by ID":               {"", [][]string{{"u-0", "u-1"}, {"u-2", "u-3"}, {"u-4"}}},
		"by prefix, by email":      {"ann", [][]string{{"u-3", "u-2"}, {"u-1"}}},
		"a prefix is no pattern":   {"ann_", [][]string{{"u-1"}}},
		"nor is a per cent":        {"%", [][]string{nil}},
		"a prefix that nobody has": {"b", [][]string{nil}},
	} {
		page := users.Page{Prefix: row.prefix, Limit: 2}
		for n, want := range row.pages {
			found, err := store.ListUsers(t.Context(), page)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var got []string
			for _, u := range found {
				got = append(got, u.ID)
				page.After = page.Key(u)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, page %d (-want +got):\n%s", name, n, diff)
			}
		}
	}
	full := save(t, store, ann())
	found, err := store.ListUsers(t.Context(), users.Page{Prefix: full.Email, Limit: 1})
	if diff := cmp.Diff([]identity.User{full}, found); diff != "" || err != nil {
		t.Errorf("whole user (%v) (-want +got):\n%s", err, diff)
	}
}

func findsByEmail(t *testing.T, store Store) {
	created := save(t, store, ann())
	someUsers(t, store)
	if found, err := store.UserByEmail(t.Context(), "ann@example.com"); err != nil || !cmp.Equal(created, found) {
		t.Errorf("user (%v) (-want +got):\n%s", err, cmp.Diff(created, found))
	}
	for _, email := range []string{"ann@example", ""} {
		if _, err := store.UserByEmail(t.Context(), email); !errors.Is(err, users.ErrNotFound) {
			t.Errorf("email %q: error is %v, want ErrNotFound", email, err)
		}
	}
}

func findsByIdentity(t *testing.T, store Store) {
	created := save(t, store, ann())
	someUsers(t, store)
	if found, err := store.UserByIdentity(t.Context(), created.Issuer, created.Subject); err != nil || !cmp.Equal(created, found) {
		t.Errorf("user (%v) (-want +got):\n%s", err, cmp.Diff(created, found))
	}
	for _, row := range [][2]string{{created.Issuer, "2"}, {"other", created.Subject}, {created.Issuer, ""}} {
		if _, err := store.UserByIdentity(t.Context(), row[0], row[1]); !errors.Is(err, users.ErrNotFound) {
			t.Errorf("account %q: error is %v, want ErrNotFound", row, err)
		}
	}
}

func changesUser(t *testing.T, store Store) {
	created := save(t, store, ann())
	save(t, store, bob())
	first, bobs := login(ann(), 1), login(bob(), 2)
	create(t, store, first, bobs)
	want := created
	want.Subject, want.BlockedAt = "1-anew", kept

	user, ended, err := store.ChangeUser(t.Context(), created.ID, now, func(known identity.User) (identity.User, error) {
		if diff := cmp.Diff(created, known); diff != "" {
			t.Errorf("user handed to change (-want +got):\n%s", diff)
		}
		known.Subject, known.BlockedAt = "1-anew", now
		return known, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{first.ID}, ended); diff != "" {
		t.Errorf("ended sessions (-want +got):\n%s", diff)
	}
	if read, err := store.User(t.Context(), created.ID); err != nil || !cmp.Equal(want, user) || !cmp.Equal(want, read) {
		t.Errorf("user (%v) (-want +got):\n%s\nread again:\n%s", err, cmp.Diff(want, user), cmp.Diff(want, read))
	}
	if find(t, store, first).RevokedAt.IsZero() || !find(t, store, bobs).RevokedAt.IsZero() {
		t.Error("the user's session lives, or somebody else's does not")
	}
}

func changesNobody(t *testing.T, store Store) {
	created := save(t, store, ann())
	save(t, store, bob())
	s := login(ann(), 1)
	create(t, store, s)
	refusal := errors.New("refused")

	if _, _, err := store.ChangeUser(t.Context(), "nobody", now, block); !errors.Is(err, users.ErrNotFound) {
		t.Errorf("error is %v, want ErrNotFound", err)
	}
	_, _, err := store.ChangeUser(t.Context(), created.ID, now, func(u identity.User) (identity.User, error) { u.Name = "M"; return u, refusal })
	if !errors.Is(err, refusal) {
		t.Errorf("error is %v, want change's own", err)
	}
	_, _, err = store.ChangeUser(t.Context(), created.ID, now, func(u identity.User) (identity.User, error) {
		u.Subject = bob().Subject
		return u, nil
	})
	if diff := cmp.Diff(&users.Conflict{UserID: "user-ann", OtherUserID: "user-bob"}, conflict(t, err)); diff != "" {
		t.Errorf("the account of another user (-want +got):\n%s", diff)
	}
	if read, err := store.User(t.Context(), created.ID); err != nil || !cmp.Equal(created, read) {
		t.Errorf("the user changed (%v):\n%s", err, cmp.Diff(created, read))
	}
	if !find(t, store, s).RevokedAt.IsZero() {
		t.Error("a session ended although nothing was changed")
	}
}

func noSessionOfBlocked(t *testing.T, store Store) {
	save(t, store, ann())
	if _, _, err := store.ChangeUser(t.Context(), "user-ann", now, block); err != nil {
		t.Fatal(err)
	}
	if err := store.CreateSession(t.Context(), login(ann(), 1)); !errors.Is(err, session.ErrUserGone) {
		t.Errorf("session of a blocked user: %v, want ErrUserGone", err)
	}
	if err := store.CreateSession(t.Context(), login(bob(), 2)); !errors.Is(err, session.ErrUserGone) {
		t.Errorf("session of nobody: %v, want ErrUserGone", err)
	}
	_, _, err := store.ChangeUser(t.Context(), "user-ann", now, func(u identity.User) (identity.User, error) {
		u.BlockedAt = time.Time{}
		return u, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	create(t, store, login(ann(), 1))
}

// A login that races a block, or a deletion, never leaves a session that lives: it is refused, or among those that ended.
func parallelBlock(t *testing.T, store Store) {
	for round := range byte(10) {
		save(t, store, ann())
		var (
			group   sync.WaitGroup
			mu      sync.Mutex
			created = []string{}
			ended   []string
		)
		for n := range byte(8) {
			group.Go(func() {
				s := login(ann(), 0)
				s.ID, s.HandleHash = fmt.Sprintf("s-%d-%d", round, n), [32]byte{round, n, 1}
				err := store.CreateSession(t.Context(), s)
				if err != nil && !errors.Is(err, session.ErrUserGone) {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					created = append(created, s.ID)
				}
			})
			if n != 4 {
				continue
			}
			group.Go(func() {
				var (
					ids []string
					err error
				)
				if round%2 == 0 {
					_, ids, err = store.ChangeUser(t.Context(), "user-ann", now, block)
				} else {
					ids, err = store.DeleteUser(t.Context(), "user-ann", now)
				}
				if err != nil {
					t.Error(err)
				}
				// No session may have been created before.
				ended = append([]string{}, ids...)
			})
		}
		group.Wait()
		slices.Sort(created)
		slices.Sort(ended)
		if diff := cmp.Diff(created, ended); diff != "" {
			t.Errorf("sessions (-created +ended):\n%s", diff)
		}
	}
}

func deletesUser(t *testing.T, store Store) {
	save(t, store, ann())
	save(t, store, bob())
	live, before, bobs := login(ann(), 1), login(ann(), 2), login(bob(), 3)
	create(t, store, live, before, bobs)
	if err := store.RevokeSession(t.Context(), before.ID, now.Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}

	ended, err := store.DeleteUser(t.Context(), "user-ann", now)

	if diff := cmp.Diff([]string{live.ID}, ended); diff != "" || err != nil {
		t.Errorf("ended sessions (%v) (-want +got):\n%s", err, diff)
	}
	if _, err := store.User(t.Context(), "user-ann"); !errors.Is(err, users.ErrNotFound) {
		t.Errorf("the user: %v, want ErrNotFound", err)
	}
	if _, err := store.SessionByHandle(t.Context(), live.HandleHash); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("the session: %v, want ErrNoSession", err)
	}
	if !find(t, store, bobs).RevokedAt.IsZero() {
		t.Error("somebody else's session ended")
	}
	// Other servers still learn of both, and the JWTs are refused there.
	want := map[string]time.Time{live.ID: kept, before.ID: kept.Add(-time.Minute)}
	revoked, err := store.RevokedSince(t.Context(), now.Add(-time.Hour))
	if diff := cmp.Diff(want, revoked); diff != "" || err != nil {
		t.Errorf("revoked sessions (%v) (-want +got):\n%s", err, diff)
	}
	if _, err := store.DeleteUser(t.Context(), "user-ann", now); !errors.Is(err, users.ErrNotFound) {
		t.Errorf("deleted again: %v, want ErrNotFound", err)
	}
	// The Google account may come back, as somebody new.
	save(t, store, ann())
	if sessions, err := store.KeptSessions(t.Context(), "user-ann", 10); err != nil || len(sessions) > 0 {
		t.Errorf("sessions of the new user: %v (%v), want none", sessions, err)
	}
}

func forgetsEnds(t *testing.T, store Store) {
	save(t, store, ann())
	create(t, store, login(ann(), 1), login(ann(), 2), login(ann(), 3))
	if _, err := store.DeleteUser(t.Context(), "user-ann", now); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{24 * time.Hour, 0}, {26 * time.Hour, 2}, {26 * time.Hour, 1}} {
		if got, err := store.DeleteExpiredEnds(t.Context(), now.Add(step.after), 2); err != nil || got != step.want {
			t.Errorf("after %s: deleted %d (%v), want %d", step.after, got, err, step.want)
		}
	}
}

func keptSessions(t *testing.T, store Store) {
	save(t, store, ann())
	save(t, store, bob())
	live, over, newest := login(ann(), 1), login(ann(), 2), login(ann(), 3)
	newest.CreatedAt = now.Add(time.Minute)
	create(t, store, live, over, newest, login(bob(), 4))
	if err := store.RevokeSession(t.Context(), over.ID, now); err != nil {
		t.Fatal(err)
	}
	found, err := store.KeptSessions(t.Context(), "user-ann", 10)
	want := []identity.Session{find(t, store, newest), find(t, store, live), find(t, store, over)}
	if diff := cmp.Diff(want, found); diff != "" || err != nil {
		t.Errorf("sessions (%v) (-want +got):\n%s", err, diff)
	}
	if found, err := store.KeptSessions(t.Context(), "user-ann", 1); err != nil || len(found) != 1 {
		t.Errorf("%d sessions (%v), want the limit", len(found), err)
	}
}
