package users

import (
	"context"
	"errors"
	"fmt"

	"github.com/googlelogin/operator/server/identity"
)

// link makes the identity the one of the user who has its email, if the linker agrees, and returns the conflict if it does not.
// An identity that has a user of its own is never linked: two users would become one.
func (u *Users) link(ctx context.Context, id identity.Identity, conflict *Conflict) (SignedIn, error) {
	refusal := fmt.Errorf("sign in user: %w", conflict)
	if u.linker == nil || conflict.OtherUserID != "" {
		return SignedIn{}, refusal
	}
	user, ended, err := u.store.RelinkUser(ctx, id.Email, u.now(), func(known identity.User) (identity.User, error) {
		// Asked inside the transaction: what it decides on must be what is changed.
		if !u.linker.MayLink(known, id) {
			return identity.User{}, conflict
		}
		known.Issuer, known.Subject = id.Issuer, id.Subject
		return u.merge(known, id)
	})
	switch {
	case errors.Is(err, ErrNotFound):
		// Whoever had the email gave it up between the two transactions. The next attempt will find it free.
		return SignedIn{}, refusal
	case err != nil:
		return SignedIn{}, fmt.Errorf("link user: %w", err)
	}
	return SignedIn{User: user, Linked: true, EndedSessions: ended}, nil
}
