package users

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/googlelogin/operator/server/identity"
)

// Page asks for a part of a list of users.
type Page struct {
	// Prefix is what the email begins with; the list is in the order of the emails then. Empty: all users, in the order of their IDs.
	Prefix string
	// After is the email, or without a Prefix the ID, of the last user of the page before; empty for the first page. A key and not a
	// number of rows: it costs as little on the last page as on the first, and users who come or go shift nothing.
	After string
	// Limit is how many users a page has at most.
	Limit int
}

// Key is what the list goes on after, if u is the last of a page.
func (p Page) Key(u identity.User) string {
	if p.Prefix != "" {
		return u.Email
	}
	return u.ID
}

// PrefixEnd is behind every text that begins with Prefix.
func (p Page) PrefixEnd() string { return p.Prefix + "\U0010FFFF" }

// DirectoryStore is what administrators need of a store.
type DirectoryStore interface {
	// User returns the user with this ID, or ErrNotFound.
	User(ctx context.Context, id string) (identity.User, error)
	// UserByEmail returns the user with this email, or ErrNotFound.
	UserByEmail(ctx context.Context, email string) (identity.User, error)
	// UserByIdentity returns the user with this issuer and subject, or ErrNotFound.
	UserByIdentity(ctx context.Context, issuer, subject string) (identity.User, error)
	// ListUsers returns one page.
	ListUsers(ctx context.Context, p Page) ([]identity.User, error)
	// ChangeUser runs change on the user with this ID, keeps the result, issuer and subject included, and ends every live session of
	// the user, whose IDs it returns; all in one transaction. ErrNotFound if there is no such user, a *Conflict if the issuer and
	// subject are another user's. After a change that blocks the user, no session of theirs can be created.
	ChangeUser(
		ctx context.Context, id string, at time.Time, change func(identity.User) (identity.User, error),
	) (user identity.User, endedSessions []string, err error)
	// DeleteUser deletes the user with all that hangs on them, and returns the sessions that ended with it. They are still told of
	// as revoked, like any other, while a JWT of theirs may live. ErrNotFound if there is no such user.
	DeleteUser(ctx context.Context, id string, at time.Time) (endedSessions []string, err error)
	// KeptSessions returns the user's sessions that are still kept, over or not, the newest login first, at most limit of them.
	KeptSessions(ctx context.Context, userID string, limit int) ([]identity.Session, error)
}

// Directory is the users as an administrator sees them: blocked ones, too.
type Directory struct {
	store DirectoryStore
	now   func() time.Time
}

// NewDirectory returns the users in store.
func NewDirectory(store DirectoryStore, now func() time.Time) *Directory {
	return &Directory{store: store, now: now}
}

// errUnchanged says that a change would change nothing.
var errUnchanged = errors.New("nothing to change")

// User returns one user, or ErrNotFound.
func (d *Directory) User(ctx context.Context, id string) (identity.User, error) {
	user, err := d.store.User(ctx, id)
	return user, wrap("read user", err)
}

// UserByEmail returns the user who has exactly this email, or ErrNotFound.
func (d *Directory) UserByEmail(ctx context.Context, email string) (identity.User, error) {
	user, err := d.store.UserByEmail(ctx, email)
	return user, wrap("read user", err)
}

// UserByIdentity returns the user who signs in with this account of the issuer's, or ErrNotFound.
func (d *Directory) UserByIdentity(ctx context.Context, issuer, subject string) (identity.User, error) {
	user, err := d.store.UserByIdentity(ctx, issuer, subject)
	return user, wrap("read user", err)
}

// List returns a page, and the After of the next one; empty if this is the last.
func (d *Directory) List(ctx context.Context, p Page) (found []identity.User, next string, err error) {
	wanted := p.Limit
	p.Limit++
	found, err = d.store.ListUsers(ctx, p)
	if err != nil {
		return nil, "", wrap("list users", err)
	}
	if len(found) > wanted {
		found = found[:wanted]
		next = p.Key(found[wanted-1])
	}
	return found, next, nil
}

// Block keeps the user out from now on, and returns the sessions that ended with it. Blocking twice keeps the first time.
func (d *Directory) Block(ctx context.Context, id string) (identity.User, []string, error) {
	now := d.now()
	return d.change(ctx, "block user", id, func(u identity.User) (identity.User, error) {
		if !u.Blocked() {
			u.BlockedAt = now
		}
		return u, nil
	})
}

// Unblock lets the user sign in again. It brings no session back.
func (d *Directory) Unblock(ctx context.Context, id string) (identity.User, error) {
	user, _, err := d.change(ctx, "unblock user", id, func(u identity.User) (identity.User, error) {
		if !u.Blocked() {
			// Somebody who is not blocked keeps their sessions.
			return u, errUnchanged
		}
		u.BlockedAt = time.Time{}
		return u, nil
	})
	if errors.Is(err, errUnchanged) {
		return d.User(ctx, id)
	}
	return user, err
}

// Relink makes another account of the issuer's, by its subject, the one that the user signs in with. The sessions of the old one end. A
// *Conflict says that the account is another user's: two users never become one.
func (d *Directory) Relink(ctx context.Context, id, issuer, subject string) (identity.User, []string, error) {
	user, ended, err := d.change(ctx, "relink user", id, func(u identity.User) (identity.User, error) {
		if u.Issuer == issuer && u.Subject == subject {
			return u, errUnchanged
		}
		u.Issuer, u.Subject = issuer, subject
		return u, nil
	})
	if errors.Is(err, errUnchanged) {
		user, err := d.User(ctx, id)
		return user, nil, err
	}
	return user, ended, err
}

// Delete deletes the user with all that hangs on them, and returns the sessions that ended with it.
func (d *Directory) Delete(ctx context.Context, id string) ([]string, error) {
	ended, err := d.store.DeleteUser(ctx, id, d.now())
	return ended, wrap("delete user", err)
}

// maxExported is how many sessions an export has. Sessions that are over are swept, so that nobody has as many.
const maxExported = 10_000

// Export is all that is kept about one user.
type Export struct {
	identity.User
	Sessions []identity.Session
}

// Export returns all that is kept about one user.
func (d *Directory) Export(ctx context.Context, id string) (Export, error) {
	user, err := d.User(ctx, id)
	if err != nil {
		return Export{}, err
	}
	sessions, err := d.store.KeptSessions(ctx, id, maxExported)
	return Export{User: user, Sessions: sessions}, wrap("export sessions", err)
}

func (d *Directory) change(
	ctx context.Context, attempted, id string, change func(identity.User) (identity.User, error),
) (identity.User, []string, error) {
	user, ended, err := d.store.ChangeUser(ctx, id, d.now(), change)
	return user, ended, wrap(attempted, err)
}

func wrap(attempted string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", attempted, err)
}
