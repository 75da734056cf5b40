package users_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/store/memory"
	"github.com/googlelogin/operator/server/users"
)

var start = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

// desk signs people in, at a time that the test sets.
type desk struct {
	*users.Users
	store *memory.Store
	at    time.Time
}

func newDesk() *desk {
	d := &desk{store: memory.New(), at: start}
	d.Users = users.New(d.store, nil, func() time.Time { return d.at })
	return d
}

func (d *desk) signIn(t *testing.T, id identity.Identity) identity.User {
	t.Helper()
	in, err := d.SignIn(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return in.User
}

func ann() identity.Identity {
	return identity.Identity{
		Issuer: "https://accounts.google.com", Subject: "1", Email: "ann@example.com", EmailVerified: true, HostedDomain: "example.com",
		Name: "Ann B.", GivenName: "Ann", FamilyName: "B.", Picture: "https://pictures.example.com/ann",
	}
}

func TestSignIn_CreatesAUserOnce(t *testing.T) {
	d := newDesk()
	first := d.signIn(t, ann())
	want := identity.User{
		Issuer: "https://accounts.google.com", Subject: "1", Email: "ann@example.com", EmailVerified: true, HostedDomain: "example.com",
		Name: "Ann B.", GivenName: "Ann", FamilyName: "B.", Picture: "https://pictures.example.com/ann", CreatedAt: start, LastLoginAt: start,
	}
	if diff := cmp.Diff(want, first, cmpopts.IgnoreFields(identity.User{}, "ID")); diff != "" {
		t.Errorf("new user (-want +got):\n%s", diff)
	}
	if _, err := uuid.Parse(first.ID); err != nil {
		t.Errorf("id %q: %v", first.ID, err)
	}

	d.at = start.Add(time.Hour)
	want = first
	want.LastLoginAt = d.at
	if diff := cmp.Diff(want, d.signIn(t, ann())); diff != "" {
		t.Errorf("user at the second login (-want +got):\n%s", diff)
	}
	read, err := d.Get(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, read); diff != "" {
		t.Errorf("user read again (-want +got):\n%s", diff)
	}
}

func TestSignIn_KeepsTheProfileThatATokenLeavesOut(t *testing.T) {
	d := newDesk()
	want := d.signIn(t, ann())
	bare := ann()
	bare.Name, bare.GivenName, bare.FamilyName, bare.Picture = "", "", "", ""
	if diff := cmp.Diff(want, d.signIn(t, bare)); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
}

func TestSignIn_TakesOverWhatChanged(t *testing.T) {
	d := newDesk()
	want := d.signIn(t, ann())
	changed := ann()
	changed.Name, changed.GivenName, changed.FamilyName, changed.Picture = "Ann C.", "Anna", "C.", "https://pictures.example.com/2"
	// An account that leaves its organization loses the rights of the hosted domain.
	changed.HostedDomain = ""
	want.Name, want.GivenName, want.FamilyName, want.Picture, want.HostedDomain = "Ann C.", "Anna", "C.", "https://pictures.example.com/2", ""
	if diff := cmp.Diff(want, d.signIn(t, changed)); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
}

func TestE70_SameEmailUnderAnotherSubject(t *testing.T) {
	d := newDesk()
	original := d.signIn(t, ann())
	imposter := ann()
	imposter.Subject = "2"

	if _, err := d.SignIn(t.Context(), imposter); !errors.Is(err, users.ErrEmailConflict) {
		t.Errorf("error is %v, want ErrEmailConflict", err)
	}
	otherIssuer := ann()
	otherIssuer.Issuer = "https://stand-in.example.com"
	if _, err := d.SignIn(t.Context(), otherIssuer); !errors.Is(err, users.ErrEmailConflict) {
		t.Errorf("other issuer: error is %v, want ErrEmailConflict", err)
	}
	if read, err := d.Get(t.Context(), original.ID); err != nil || !cmp.Equal(original, read) {
		t.Errorf("the user changed: %v", err)
	}
}

func TestE71_SameSubjectUnderAnotherEmail(t *testing.T) {
	d := newDesk()
	want := d.signIn(t, ann())
	moved := ann()
	moved.Email = "ann.new@example.com"
	want.Email = "ann.new@example.com"
	for _, changed := range []bool{true, false} {
		in, err := d.SignIn(t.Context(), moved)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(users.SignedIn{User: want, EmailChanged: changed}, in); diff != "" {
			t.Errorf("sign-in (-want +got):\n%s", diff)
		}
	}
}

func TestE72_ABlockedUser(t *testing.T) {
	d := newDesk()
	user := d.signIn(t, ann())
	_, err := d.store.SaveUser(t.Context(), user.Issuer, user.Subject, func(known identity.User) (identity.User, error) {
		known.BlockedAt = start
		return known, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.SignIn(t.Context(), ann()); !errors.Is(err, users.ErrBlocked) {
		t.Errorf("sign in: error is %v, want ErrBlocked", err)
	}
	if _, err := d.Get(t.Context(), user.ID); !errors.Is(err, users.ErrBlocked) {
		t.Errorf("get: error is %v, want ErrBlocked", err)
	}
}

func TestGet_UnknownUser(t *testing.T) {
	if _, err := newDesk().Get(t.Context(), "nobody"); !errors.Is(err, users.ErrNotFound) {
		t.Errorf("error is %v, want ErrNotFound", err)
	}
}

func TestSignIn_RefusesAnIncompleteIdentity(t *testing.T) {
	for name, spoil := range map[string]func(*identity.Identity){
		"no issuer":      func(id *identity.Identity) { id.Issuer = "" },
		"D58 no subject": func(id *identity.Identity) { id.Subject = "" },
		"no email":       func(id *identity.Identity) { id.Email = "" },
	} {
		id := ann()
		spoil(&id)
		if _, err := newDesk().SignIn(t.Context(), id); err == nil {
			t.Errorf("%s: signed in", name)
		}
	}
}
