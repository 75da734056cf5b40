// Package users keeps the people who have signed in. A person is known by the issuer and subject of Google's ID token, and by
// nothing else: an email may change, and may later belong to somebody else.
//
// A sign-in is one transaction: find the user by (issuer, subject) or create one; refuse a blocked one; refuse an email that
// another user has; keep the profile current. Only if that other user is nobody but this person under a new Google account, which a
// Linker decides, a second transaction gives the user the new issuer and subject (link.go).
package users

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/googlelogin/operator/server/identity"
)

var (
	// ErrBlocked says that an administrator has blocked the user.
	ErrBlocked = errors.New("user is blocked")
	// ErrEmailConflict says that another user has the email. It is what a *Conflict is.
	ErrEmailConflict = errors.New("email belongs to another user")
	// ErrNotFound says that there is no such user.
	ErrNotFound = errors.New("no such user")
)

// Conflict says that two Google accounts lay claim to one email. It names them by what opens nothing, for an administrator.
type Conflict struct {
	// UserID is the user who has the email.
	UserID string
	// OtherUserID is the user who came with it now; empty if nobody here knew that account so far.
	OtherUserID string
}

// Error implements error.
func (c *Conflict) Error() string { return ErrEmailConflict.Error() }

// Is makes every Conflict an ErrEmailConflict.
func (c *Conflict) Is(target error) bool { return target == ErrEmailConflict }

// Blocked is an ErrBlocked that says who it is about.
type Blocked struct{ UserID string }

// Error implements error.
func (b *Blocked) Error() string { return ErrBlocked.Error() }

// Is makes every Blocked an ErrBlocked.
func (b *Blocked) Is(target error) bool { return target == ErrBlocked }

// Store keeps users.
type Store interface {
	// SaveUser runs change on the user with this issuer and subject, the zero User if there is none, and keeps the result; all
	// in one transaction that no other writer interrupts. An error of change keeps nothing and is returned as it is.
	// It returns a *Conflict if another user has the new email. change must not use the store, and may be run again.
	// A later LastLoginAt alone may be left to the session that the login creates.
	SaveUser(ctx context.Context, issuer, subject string, change func(identity.User) (identity.User, error)) (identity.User, error)
	// RelinkUser runs change on the user who has this email, keeps the result under the issuer and subject that it has now, and
	// ends every live session of the user, whose IDs it returns; all in one transaction. ErrNotFound if nobody has the email, a
	// *Conflict if the issuer and subject are another user's.
	RelinkUser(
		ctx context.Context, email string, at time.Time, change func(identity.User) (identity.User, error),
	) (user identity.User, endedSessions []string, err error)
	// User returns the user with this ID, or ErrNotFound.
	User(ctx context.Context, id string) (identity.User, error)
}

// Linker decides whether a new Google account with the email of a known user is that user.
type Linker interface {
	MayLink(known identity.User, id identity.Identity) bool
}

// Users finds, creates and updates users.
type Users struct {
	store  Store
	linker Linker
	now    func() time.Time
}

// New returns the users in store. A nil linker links nobody.
func New(store Store, linker Linker, now func() time.Time) *Users {
	if now == nil {
		now = time.Now
	}
	return &Users{store: store, linker: linker, now: now}
}

// SignedIn is a user, and what the sign-in changed.
type SignedIn struct {
	identity.User
	// EmailChanged says that the user had another email at the last login.
	EmailChanged bool
	// Linked says that the user had another Google account until now. The sessions of that one have ended, see EndedSessions.
	Linked        bool
	EndedSessions []string
}

// SignIn returns the user that a verified identity belongs to, created if it is the first time. It asks no access policy.
// Errors: ErrBlocked, ErrEmailConflict (a *Conflict), or the store's.
func (u *Users) SignIn(ctx context.Context, id identity.Identity) (SignedIn, error) {
	if id.Issuer == "" || id.Subject == "" || id.Email == "" {
		return SignedIn{}, errors.New("sign in user: identity without issuer, subject or email")
	}
	var in SignedIn
	user, err := u.store.SaveUser(ctx, id.Issuer, id.Subject, func(known identity.User) (identity.User, error) {
		in.EmailChanged = known.ID != "" && known.Email != id.Email
		return u.merge(known, id)
	})
	var conflict *Conflict
	if errors.As(err, &conflict) {
		return u.link(ctx, id, conflict)
	}
	if err != nil {
		return SignedIn{}, fmt.Errorf("sign in user: %w", err)
	}
	in.User = user
	return in, nil
}

// Get returns a user. A blocked one is an error, ErrBlocked, so that a caller who forgets to look still denies.
func (u *Users) Get(ctx context.Context, id string) (identity.User, error) {
	user, err := u.store.User(ctx, id)
	if err != nil {
		return identity.User{}, fmt.Errorf("read user: %w", err)
	}
	if user.Blocked() {
		return identity.User{}, fmt.Errorf("read user: %w", &Blocked{user.ID})
	}
	return user, nil
}

func (u *Users) merge(known identity.User, id identity.Identity) (identity.User, error) {
	if known.Blocked() {
		return identity.User{}, &Blocked{known.ID}
	}
	now := u.now()
	if known.ID == "" {
		fresh, err := uuid.NewRandom()
		if err != nil {
			return identity.User{}, fmt.Errorf("make user id: %w", err)
		}
		known = identity.User{ID: fresh.String(), Issuer: id.Issuer, Subject: id.Subject, CreatedAt: now}
	}
	known.Email, known.EmailVerified, known.HostedDomain = id.Email, id.EmailVerified, id.HostedDomain
	// Google leaves the profile out of some tokens; then the last known one stays.
	keep(&known.Name, id.Name)
	keep(&known.GivenName, id.GivenName)
	keep(&known.FamilyName, id.FamilyName)
	keep(&known.Picture, id.Picture)
	known.LastLoginAt = now
	return known, nil
}

func keep(known *string, said string) {
	if said != "" {
		*known = said
	}
}
