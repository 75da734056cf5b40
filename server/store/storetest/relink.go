package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/users"
)

// anew is the change that gives a user another Google account.
func anew(known identity.User) (identity.User, error) {
	known.Subject, known.Name, known.LastLoginAt = "1-anew", "Ann again", now.Add(time.Minute)
	return known, nil
}

func relinks(t *testing.T, store Store) {
	created := save(t, store, ann())
	save(t, store, bob())
	first, second, over, bobs := login(ann(), 1), login(ann(), 2), login(ann(), 3), login(bob(), 4)
	create(t, store, first, second, over, bobs)
	if err := store.RevokeSession(t.Context(), over.ID, now); err != nil {
		t.Fatal(err)
	}
	want := created
	want.Subject, want.Name, want.LastLoginAt = "1-anew", "Ann again", kept.Add(time.Minute)

	user, ended, err := store.RelinkUser(t.Context(), "ann@example.com", now.Add(time.Minute), func(known identity.User) (identity.User, error) {
		if diff := cmp.Diff(created, known); diff != "" {
			t.Errorf("user handed to change (-want +got):\n%s", diff)
		}
		return anew(known)
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(ended)
	if diff := cmp.Diff([]string{first.ID, second.ID}, ended); diff != "" {
		t.Errorf("ended sessions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, user); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
	if read, err := store.User(t.Context(), created.ID); err != nil || !cmp.Equal(want, read) {
		t.Errorf("user read again (%v):\n%s", err, cmp.Diff(want, read))
	}
	if find(t, store, first).RevokedAt.IsZero() || !find(t, store, bobs).RevokedAt.IsZero() {
		t.Error("the user's session lives, or somebody else's does not")
	}
	// The old account is nobody now: it finds the email taken.
	_, err = store.SaveUser(t.Context(), created.Issuer, created.Subject, func(known identity.User) (identity.User, error) {
		if known.ID != "" {
			t.Errorf("the old account is still %s", known.ID)
		}
		imposter := ann()
		imposter.ID = "user-other"
		return imposter, nil
	})
	if diff := cmp.Diff(&users.Conflict{UserID: created.ID}, conflict(t, err)); diff != "" {
		t.Errorf("conflict (-want +got):\n%s", diff)
	}
}

func relinksNobody(t *testing.T, store Store) {
	created := save(t, store, ann())
	save(t, store, bob())
	s := login(ann(), 1)
	create(t, store, s)
	nameless := bob()
	nameless.ID, nameless.Subject, nameless.Email = "user-nameless", "3", ""
	save(t, store, nameless)

	for _, email := range []string{"nobody@example.com", ""} {
		if _, _, err := store.RelinkUser(t.Context(), email, now, anew); !errors.Is(err, users.ErrNotFound) {
			t.Errorf("email %q: error is %v, want ErrNotFound", email, err)
		}
	}
	refusal := errors.New("refused")
	refuse := func(known identity.User) (identity.User, error) { known.Name = "Mallory"; return known, refusal }
	if _, _, err := store.RelinkUser(t.Context(), "ann@example.com", now, refuse); !errors.Is(err, refusal) {
		t.Errorf("error is %v, want change's own", err)
	}
	asBob := func(known identity.User) (identity.User, error) { known.Subject = bob().Subject; return known, nil }
	_, _, err := store.RelinkUser(t.Context(), "ann@example.com", now, asBob)
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

func conflict(t *testing.T, err error) *users.Conflict {
	t.Helper()
	var c *users.Conflict
	if !errors.As(err, &c) || !errors.Is(err, users.ErrEmailConflict) {
		t.Fatalf("error is %v, want a *Conflict", err)
	}
	return c
}
