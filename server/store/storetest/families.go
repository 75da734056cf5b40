package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/session"
)

// family is the first token of a session.
func family(s identity.Session) refresh.Family {
	return refresh.Family{Session: s, ClientID: "client", Salt: [32]byte{1, 2}, Number: 1, Hash: [32]byte{3, 4}, RotatedAt: now}
}

// keepFamily makes ann, a session of hers and its family, and returns it as it is kept.
func keepFamily(t *testing.T, store Store) refresh.Family {
	t.Helper()
	s := login(save(t, store, ann()), 1)
	create(t, store, s)
	if err := store.CreateFamily(t.Context(), family(s)); err != nil {
		t.Fatal(err)
	}
	want := family(find(t, store, s))
	want.RotatedAt = kept
	wantFamily(t, store, want)
	return want
}

func wantFamily(t *testing.T, store Store, want refresh.Family) {
	t.Helper()
	got, err := store.Family(t.Context(), want.Session.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("family (-want +got):\n%s", diff)
	}
}

// rotated is a family's next token.
func rotated(f refresh.Family) refresh.Family {
	f.Number, f.Hash, f.RotatedAt = f.Number+1, [32]byte{byte(f.Number + 5)}, f.RotatedAt.Add(time.Minute)
	return f
}

func rotatesFamily(t *testing.T, store Store) {
	first := keepFamily(t, store)
	if err := store.CreateFamily(t.Context(), family(first.Session)); err == nil {
		t.Error("a session got a second family")
	}
	if _, err := store.Family(t.Context(), "nobody"); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("a family that is not there: %v", err)
	}
	second := rotated(first)
	for i, want := range []bool{true, false} {
		if got, err := store.RotateFamily(t.Context(), second); err != nil || got != want {
			t.Errorf("rotation %d: %v, %v", i+1, got, err)
		}
	}
	wantFamily(t, store, second)
	ahead := rotated(rotated(second))
	if got, err := store.RotateFamily(t.Context(), ahead); err != nil || got {
		t.Errorf("a number was left out: %v, %v", got, err)
	}
	wantFamily(t, store, second)
}

func rotatesNoEndedFamily(t *testing.T, store Store) {
	f := keepFamily(t, store)
	if err := store.RevokeSession(t.Context(), f.Session.ID, now); err != nil {
		t.Fatal(err)
	}
	if got, err := store.RotateFamily(t.Context(), rotated(f)); err != nil || got {
		t.Errorf("the family of an ended session goes on: %v, %v", got, err)
	}
	f.Session.RevokedAt = kept
	wantFamily(t, store, f)
}

func rotatesOnceInParallel(t *testing.T, store Store) {
	f := keepFamily(t, store)
	var (
		group sync.WaitGroup
		won   atomic.Int32
	)
	for range 100 {
		group.Go(func() {
			got, err := store.RotateFamily(t.Context(), rotated(f))
			if err != nil {
				t.Error(err)
			}
			if got {
				won.Add(1)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of a hundred rotations took place", won.Load())
	}
}

func forgetsFamilies(t *testing.T, store Store) {
	f := keepFamily(t, store)
	if deleted, err := store.DeleteExpired(t.Context(), now.Add(2*time.Hour), 10); err != nil || deleted != 1 {
		t.Fatalf("deleted %d (%v)", deleted, err)
	}
	if _, err := store.Family(t.Context(), f.Session.ID); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("the family of a deleted session: %v", err)
	}
}

func listsFamilies(t *testing.T, store Store) {
	first := keepFamily(t, store)
	later, without, bobs := login(ann(), 2), login(ann(), 3), login(save(t, store, bob()), 4)
	later.CreatedAt = now.Add(time.Minute)
	create(t, store, later, without, bobs)
	for _, s := range []identity.Session{later, bobs} {
		if err := store.CreateFamily(t.Context(), family(s)); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.RevokeSession(t.Context(), later.ID, now); err != nil {
		t.Fatal(err)
	}
	second := family(find(t, store, later))
	second.RotatedAt = kept
	for limit, want := range map[int][]refresh.Family{10: {second, first}, 1: {second}} {
		found, err := store.UserFamilies(t.Context(), "user-ann", limit)
		if diff := cmp.Diff(want, found); diff != "" || err != nil {
			t.Errorf("families (%v) (-want +got):\n%s", err, diff)
		}
	}
	if found, err := store.UserFamilies(t.Context(), "nobody", 10); err != nil || len(found) > 0 {
		t.Errorf("families of nobody: %v (%v)", found, err)
	}
	// They hang on the user, too.
	if _, err := store.DeleteUser(t.Context(), "user-ann", now); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Family(t.Context(), first.Session.ID); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("the family of a deleted user: %v", err)
	}
}

func cancelledFamilies(t *testing.T, store Store) {
	f := keepFamily(t, store)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	other := login(ann(), 2)
	create(t, store, other)
	for name, call := range map[string]func() error{
		"create": func() error { return store.CreateFamily(ctx, family(other)) },
		"find":   func() error { _, err := store.Family(ctx, f.Session.ID); return err },
		"rotate": func() error { _, err := store.RotateFamily(ctx, rotated(f)); return err },
	} {
		if err := call(); !errors.Is(err, session.ErrStoreUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantFamily(t, store, f)
	if _, err := store.Family(t.Context(), other.ID); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("a cancelled request made a family: %v", err)
	}
}
