package users_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/store/memory"
	"github.com/googlelogin/operator/server/users"
)

// linker answers yes or no, and remembers whom it was asked about.
type linker struct {
	yes   bool
	asked []string
}

func (l *linker) MayLink(known identity.User, id identity.Identity) bool {
	l.asked = append(l.asked, known.Subject+" "+id.Subject)
	return l.yes
}

func linkingDesk(yes bool) (*desk, *linker) {
	d, l := &desk{store: memory.New(), at: start}, &linker{yes: yes}
	d.Users = users.New(d.store, l, func() time.Time { return d.at })
	return d, l
}

func (d *desk) session(t *testing.T, userID, id string) {
	t.Helper()
	err := d.store.CreateSession(t.Context(), identity.Session{ID: id, UserID: userID, HandleHash: [32]byte{1}, ExpiresAt: start.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
}

func TestE70_LinkedWhereTheLinkerAgrees(t *testing.T) {
	d, l := linkingDesk(true)
	want := d.signIn(t, ann())
	d.session(t, want.ID, "old")
	anew := ann()
	anew.Subject, anew.Name = "2", ""
	d.at = start.Add(time.Hour)
	want.Subject, want.LastLoginAt = "2", d.at

	in, err := d.SignIn(t.Context(), anew)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(users.SignedIn{User: want, Linked: true, EndedSessions: []string{"old"}}, in); diff != "" {
		t.Errorf("sign-in (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1 2"}, l.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	// From here on it is an ordinary user, and the old account is a stranger with a taken email.
	if again := d.signIn(t, anew); again.ID != want.ID {
		t.Errorf("the second login is user %s", again.ID)
	}
	l.yes = false
	if _, err := d.SignIn(t.Context(), ann()); !errors.Is(err, users.ErrEmailConflict) {
		t.Errorf("the old account: error is %v, want ErrEmailConflict", err)
	}
}

func TestE70_NotLinked(t *testing.T) {
	for name, row := range map[string]struct {
		yes    bool
		before func(t *testing.T, d *desk, known identity.User) (newcomer string)
		want   error
	}{
		"E70 the linker says no": {false, nil, users.ErrEmailConflict},
		"E70 the newcomer is a user already": {true, func(t *testing.T, d *desk, _ identity.User) string {
			other := ann()
			other.Subject, other.Email = "2", "other@example.com"
			return d.signIn(t, other).ID
		}, users.ErrEmailConflict},
		"E72 the known user is blocked": {true, func(t *testing.T, d *desk, known identity.User) string {
			_, err := d.store.SaveUser(t.Context(), known.Issuer, known.Subject, func(u identity.User) (identity.User, error) {
				u.BlockedAt = start
				return u, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return ""
		}, users.ErrBlocked},
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := linkingDesk(row.yes)
			known := d.signIn(t, ann())
			d.session(t, known.ID, "old")
			var newcomer string
			if row.before != nil {
				newcomer = row.before(t, d, known)
			}
			anew := ann()
			anew.Subject = "2"
			_, err := d.SignIn(t.Context(), anew)
			if !errors.Is(err, row.want) {
				t.Fatalf("error is %v, want %v", err, row.want)
			}
			var conflict *users.Conflict
			if errors.As(err, &conflict) {
				if diff := cmp.Diff(&users.Conflict{UserID: known.ID, OtherUserID: newcomer}, conflict); diff != "" {
					t.Errorf("conflict (-want +got):\n%s", diff)
				}
			}
			s, err := d.store.SessionByHandle(t.Context(), [32]byte{1})
			if err != nil || !s.RevokedAt.IsZero() {
				t.Errorf("the known user's session ended: %v", err)
			}
		})
	}
}

// fleeting is a store where the email is given up between the two transactions.
type fleeting struct{ *memory.Store }

func (fleeting) RelinkUser(
	context.Context, string, time.Time, func(identity.User) (identity.User, error),
) (identity.User, []string, error) {
	return identity.User{}, nil, users.ErrNotFound
}

func TestE70_AnEmailThatWasGivenUpMeanwhile(t *testing.T) {
	store := memory.New()
	d := users.New(fleeting{store}, &linker{yes: true}, nil)
	if _, err := d.SignIn(t.Context(), ann()); err != nil {
		t.Fatal(err)
	}
	anew := ann()
	anew.Subject = "2"
	if _, err := d.SignIn(t.Context(), anew); !errors.Is(err, users.ErrEmailConflict) || errors.Is(err, users.ErrNotFound) {
		t.Errorf("error is %v, want ErrEmailConflict", err)
	}
}
