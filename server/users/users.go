// Package users keeps the people who have signed in. A person is known by the issuer and subject of Google's ID token, and by
// nothing else: an email may change, and may later belong to somebody else.
//
// A sign-in is one transaction: find the user by (issuer, subject) or create one; refuse a blocked one; refuse an email that
// another user has; keep the profile current.
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
	// ErrEmailConflict says that another user has the email. The two are never linked by themselves: whoever gets hold of a
	// mailbox or a domain would otherwise get hold of the user.
	ErrEmailConflict = errors.New("email belongs to another user")
	// ErrNotFound says that there is no such user.
	ErrNotFound = errors.New("no such user")
)

// Store keeps users.
type Store interface {
	// SaveUser runs change on the user with this issuer and subject, the zero User if there is none, and keeps the result; all
	// in one transaction that no other writer interrupts. An error of change keeps nothing and is returned as it is.
	// It returns ErrEmailConflict if another user has the new email. change must not use the store.
	SaveUser(ctx context.Context, issuer, subject string, change func(identity.User) (identity.User, error)) (identity.User, error)
	// User returns the user with this ID, or ErrNotFound.
	User(ctx context.Context, id string) (identity.User, error)
}

// Users finds, creates and updates users.
type Users struct {
	store Store
	now   func() time.Time
}

// New returns the users in store.
func New(store Store, now func() time.Time) *Users {
	if now == nil {
		now = time.Now
	}
	return &Users{store: store, now: now}
}

// SignIn returns the user that a verified identity belongs to, created if it is the first time. It asks no access policy.
// Errors: ErrBlocked, ErrEmailConflict, or the store's.
func (u *Users) SignIn(ctx context.Context, id identity.Identity) (identity.User, error) {
	if id.Issuer == "" || id.Subject == "" || id.Email == "" {
		return identity.User{}, errors.New("sign in user: identity without issuer, subject or email")
	}
	user, err := u.store.SaveUser(ctx, id.Issuer, id.Subject, func(known identity.User) (identity.User, error) {
		return u.merge(known, id)
	})
	if err != nil {
		return identity.User{}, fmt.Errorf("sign in user: %w", err)
	}
	return user, nil
}

// Get returns a user. A blocked one is an error, ErrBlocked, so that a caller who forgets to look still denies.
func (u *Users) Get(ctx context.Context, id string) (identity.User, error) {
	user, err := u.store.User(ctx, id)
	if err != nil {
		return identity.User{}, fmt.Errorf("read user: %w", err)
	}
	if user.Blocked() {
		return identity.User{}, fmt.Errorf("read user: %w", ErrBlocked)
	}
	return user, nil
}

func (u *Users) merge(known identity.User, id identity.Identity) (identity.User, error) {
	if known.Blocked() {
		return identity.User{}, ErrBlocked
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
