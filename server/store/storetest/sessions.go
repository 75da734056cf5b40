package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/users"
)

func keepsSession(t *testing.T, store Store) {
	s := login(save(t, store, ann()), 1)
	plain := login(ann(), 2)
	plain.UserAgent, plain.MissingScopes = "", nil
	create(t, store, s, plain)

	for _, want := range []identity.Session{s, plain} {
		want.CreatedAt, want.LastUsedAt, want.ExpiresAt = kept, kept, kept.Add(time.Hour)
		if diff := cmp.Diff(want, find(t, store, want)); diff != "" {
			t.Errorf("session (-want +got):\n%s", diff)
		}
	}
}

func unknownSession(t *testing.T, store Store) {
	_, err := store.SessionByHandle(t.Context(), [32]byte{42})
	if !errors.Is(err, session.ErrNoSession) || errors.Is(err, session.ErrStoreUnavailable) {
		t.Errorf("find: error is %v, want ErrNoSession", err)
	}
	if err := store.TouchSession(t.Context(), "none", now); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("touch: error is %v, want ErrNoSession", err)
	}
	if err := store.RevokeSession(t.Context(), "none", now); err != nil {
		t.Errorf("revoke: error is %v, want none: it is ended already", err)
	}
	if ids, err := store.RevokeUserSessions(t.Context(), "nobody", now); err != nil || len(ids) != 0 {
		t.Errorf("revoke all: %v, %v, want nothing", ids, err)
	}
}

func refusesSession(t *testing.T, store Store) {
	save(t, store, ann())
	create(t, store, login(ann(), 1))
	sameID, sameHandle := login(ann(), 2), login(ann(), 3)
	sameID.ID, sameHandle.HandleHash = login(ann(), 1).ID, login(ann(), 1).HandleHash

	for name, s := range map[string]identity.Session{"nobody's": login(bob(), 4), "same id": sameID, "same handle": sameHandle} {
		if err := store.CreateSession(t.Context(), s); err == nil {
			t.Errorf("%s: was created", name)
		}
	}
}

func touches(t *testing.T, store Store) {
	s := login(save(t, store, ann()), 1)
	create(t, store, s)
	for _, step := range []struct {
		at, want time.Duration
	}{{5 * time.Minute, 5 * time.Minute}, {3 * time.Minute, 5 * time.Minute}, {6 * time.Minute, 6 * time.Minute}} {
		if err := store.TouchSession(t.Context(), s.ID, now.Add(step.at)); err != nil {
			t.Fatal(err)
		}
		found := find(t, store, s)
		if diff := cmp.Diff(kept.Add(step.want), found.LastUsedAt); diff != "" {
			t.Errorf("last use after %s (-want +got):\n%s", step.at, diff)
		}
		if !found.ExpiresAt.Equal(kept.Add(time.Hour)) {
			t.Errorf("G88 the absolute end moved to %s", found.ExpiresAt)
		}
	}
}

func revokesOne(t *testing.T, store Store) {
	save(t, store, ann())
	s, other := login(ann(), 1), login(ann(), 2)
	create(t, store, s, other)

	for _, at := range []time.Time{now, now.Add(time.Minute)} {
		if err := store.RevokeSession(t.Context(), s.ID, at); err != nil {
			t.Fatal(err)
		}
	}

	if found := find(t, store, s); !found.RevokedAt.Equal(kept) {
		t.Errorf("ended at %s, want the first time, %s", found.RevokedAt, kept)
	}
	if found := find(t, store, other); !found.RevokedAt.IsZero() {
		t.Errorf("another session ended too, at %s", found.RevokedAt)
	}
}

func touchAfterRevoke(t *testing.T, store Store) {
	s := login(save(t, store, ann()), 1)
	create(t, store, s)
	if err := store.RevokeSession(t.Context(), s.ID, now); err != nil {
		t.Fatal(err)
	}
	if err := store.TouchSession(t.Context(), s.ID, now.Add(time.Minute)); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("error is %v, want ErrNoSession", err)
	}
}

func revokesAll(t *testing.T, store Store) {
	save(t, store, ann())
	save(t, store, bob())
	create(t, store, login(ann(), 1), login(ann(), 2), login(ann(), 3), login(bob(), 4))
	if err := store.RevokeSession(t.Context(), login(ann(), 1).ID, now); err != nil {
		t.Fatal(err)
	}

	ids, err := store.RevokeUserSessions(t.Context(), ann().ID, now)
	if err != nil {
		t.Fatal(err)
	}

	want := map[string]bool{login(ann(), 2).ID: true, login(ann(), 3).ID: true}
	got := map[string]bool{}
	for _, id := range ids {
		got[id] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ids of ended sessions (-want +got):\n%s", diff)
	}
	for n := byte(1); n <= 3; n++ {
		if find(t, store, login(ann(), n)).RevokedAt.IsZero() {
			t.Errorf("session %d is alive", n)
		}
	}
	if !find(t, store, login(bob(), 4)).RevokedAt.IsZero() {
		t.Error("another user's session ended")
	}
}

func revokesOwn(t *testing.T, store Store) {
	save(t, store, ann())
	save(t, store, bob())
	s := login(ann(), 1)
	create(t, store, s)

	for _, step := range []struct {
		name, user, id string
		want           bool
	}{
		{"another user's", bob().ID, s.ID, false},
		{"nobody's", ann().ID, "none", false},
		{"an unknown user's", "", "none", false},
		{"their own", ann().ID, s.ID, true},
		{"their own again", ann().ID, s.ID, false},
	} {
		ended, err := store.RevokeUserSession(t.Context(), step.user, step.id, now)
		if err != nil || ended != step.want {
			t.Errorf("%s: ended: %v, error %v, want %v", step.name, ended, err, step.want)
		}
		if over := !find(t, store, s).RevokedAt.IsZero(); step.id == s.ID && step.user == bob().ID && over {
			t.Errorf("%s: the session is over", step.name)
		}
	}
	if got := find(t, store, s).RevokedAt; !got.Equal(kept) {
		t.Errorf("ended at %s, want %s", got, kept)
	}
}

func listsSessions(t *testing.T, store Store) {
	save(t, store, ann())
	save(t, store, bob())
	var want []string
	for n := byte(1); n <= 4; n++ {
		s := login(ann(), n)
		s.CreatedAt = now.Add(time.Duration(n) * time.Second)
		create(t, store, s)
		want = append([]string{s.ID}, want...)
	}
	revoked, over, idle := login(ann(), 5), login(ann(), 6), login(ann(), 7)
	over.ExpiresAt = now
	idle.LastUsedAt = now.Add(-time.Hour)
	create(t, store, revoked, over, idle, login(bob(), 8))
	if err := store.RevokeSession(t.Context(), revoked.ID, now); err != nil {
		t.Fatal(err)
	}
	list := func(limit int) []identity.Session {
		found, err := store.UserSessions(t.Context(), ann().ID, now, now.Add(-time.Hour), limit)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	var ids []string
	for _, s := range list(10) {
		ids = append(ids, s.ID)
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("live sessions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]identity.Session{find(t, store, login(ann(), 4))}, list(1)); diff != "" {
		t.Errorf("the newest (-want +got):\n%s", diff)
	}
	if found, err := store.UserSessions(t.Context(), "nobody", now, now.Add(-time.Hour), 1); err != nil || len(found) != 0 {
		t.Errorf("of nobody: %v, %v", found, err)
	}
}

func revokedSince(t *testing.T, store Store) {
	save(t, store, ann())
	create(t, store, login(ann(), 1), login(ann(), 2), login(ann(), 3))
	for n, ago := range map[byte]time.Duration{1: time.Hour, 2: time.Minute} {
		if err := store.RevokeSession(t.Context(), login(ann(), n).ID, now.Add(-ago)); err != nil {
			t.Fatal(err)
		}
	}

	for name, row := range map[string]struct {
		since time.Duration
		want  map[string]time.Time
	}{
		"the last ten minutes": {10 * time.Minute, map[string]time.Time{login(ann(), 2).ID: kept.Add(-time.Minute)}},
		"that very moment":     {time.Minute, map[string]time.Time{login(ann(), 2).ID: kept.Add(-time.Minute)}},
		"since the beginning of all": {time.Since(time.Time{}), map[string]time.Time{
			login(ann(), 1).ID: kept.Add(-time.Hour), login(ann(), 2).ID: kept.Add(-time.Minute)}},
	} {
		got, err := store.RevokedSince(t.Context(), now.Add(-row.since))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func deletesExpired(t *testing.T, store Store) {
	save(t, store, ann())
	var over []identity.Session
	for n := byte(1); n <= 5; n++ {
		s := login(ann(), n)
		s.ExpiresAt = now.Add(-time.Duration(n-1) * time.Minute)
		over = append(over, s)
	}
	alive := login(ann(), 6)
	create(t, store, append(over, alive)...)

	for _, want := range []int{2, 2, 1, 0} {
		got, err := store.DeleteExpired(t.Context(), now, 2)
		if err != nil || got != want {
			t.Fatalf("deleted %d (%v), want %d", got, err, want)
		}
	}
	find(t, store, alive)
	for _, s := range over {
		if _, err := store.SessionByHandle(t.Context(), s.HandleHash); !errors.Is(err, session.ErrNoSession) {
			t.Errorf("session %s is still there: %v", s.ID, err)
		}
	}
}

func remembersRevoked(t *testing.T, store Store) {
	s := login(save(t, store, ann()), 1)
	s.ExpiresAt = now.Add(720 * time.Hour)
	create(t, store, s)
	if err := store.RevokeSession(t.Context(), s.ID, now); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{24 * time.Hour, 0}, {26 * time.Hour, 1}} {
		if got, err := store.DeleteExpired(t.Context(), now.Add(step.after), 10); err != nil || got != step.want {
			t.Errorf("after %s: deleted %d (%v), want %d", step.after, got, err, step.want)
		}
	}
}

func cancelled(t *testing.T, store Store) {
	s := login(save(t, store, ann()), 1)
	create(t, store, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	change := func(known identity.User) (identity.User, error) { known.Name = "late"; return known, nil }
	for name, call := range map[string]func() error{
		"save user":     func() error { _, err := store.SaveUser(ctx, ann().Issuer, ann().Subject, change); return err },
		"change user":   func() error { _, _, err := store.ChangeUser(ctx, ann().ID, now, change); return err },
		"delete user":   func() error { _, err := store.DeleteUser(ctx, ann().ID, now); return err },
		"user by email": func() error { _, err := store.UserByEmail(ctx, ann().Email); return err },
		"list users":    func() error { _, err := store.ListUsers(ctx, users.Page{Limit: 1}); return err },
		"kept sessions": func() error { _, err := store.KeptSessions(ctx, ann().ID, 1); return err },
		"relink user":   func() error { _, _, err := store.RelinkUser(ctx, ann().Email, now, change); return err },
		"read user":     func() error { _, err := store.User(ctx, ann().ID); return err },
		"create":        func() error { return store.CreateSession(ctx, login(ann(), 2)) },
		"find":          func() error { _, err := store.SessionByHandle(ctx, s.HandleHash); return err },
		"touch":         func() error { return store.TouchSession(ctx, s.ID, now.Add(time.Minute)) },
		"revoke":        func() error { return store.RevokeSession(ctx, s.ID, now) },
		"revoke all":    func() error { _, err := store.RevokeUserSessions(ctx, ann().ID, now); return err },
		"revoke own":    func() error { _, err := store.RevokeUserSession(ctx, ann().ID, s.ID, now); return err },
		"list":          func() error { _, err := store.UserSessions(ctx, ann().ID, now, now.Add(-time.Hour), 1); return err },
		"revoked since": func() error { _, err := store.RevokedSince(ctx, now); return err },
		"delete":        func() error { _, err := store.DeleteExpired(ctx, now.Add(2*time.Hour), 1); return err },
		"ping":          func() error { return store.Ping(ctx) },
	} {
		if err := call(); !errors.Is(err, session.ErrStoreUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error is %v, want ErrStoreUnavailable for a cancelled context", name, err)
		}
	}
	want := s
	want.CreatedAt, want.LastUsedAt, want.ExpiresAt = kept, kept, kept.Add(time.Hour)
	if diff := cmp.Diff(want, find(t, store, s)); diff != "" {
		t.Errorf("a cancelled request changed the session (-want +got):\n%s", diff)
	}
}

func parallelRevoke(t *testing.T, store Store) {
	s := login(save(t, store, ann()), 1)
	create(t, store, s)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			err := store.TouchSession(t.Context(), s.ID, now.Add(time.Duration(i)*time.Second))
			if err != nil && !errors.Is(err, session.ErrNoSession) {
				t.Error(err)
			}
		})
		group.Go(func() {
			if err := store.RevokeSession(t.Context(), s.ID, now); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if find(t, store, s).RevokedAt.IsZero() {
		t.Error("the session is alive")
	}
}
