package nonce

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"
)

// ErrUsed says that a nonce came back before.
var ErrUsed = errors.New("nonce was used before")

// Store keeps the nonces that came back, for every server of this GoogleLogin.
type Store interface {
	// ClaimNonce is true for the first caller that names this hash, and false for every later one until its end.
	ClaimNonce(ctx context.Context, hash [sha256.Size]byte, until time.Time) (first bool, err error)
}

// Used remembers the nonces that came back until they expire by themselves, across restarts and replicas. Claim one only when all
// else about its ID token is proven: then nobody fills the store who does not have as many good tokens of Google's.
type Used struct{ store Store }

// NewUsed remembers in store.
func NewUsed(store Store) *Used { return &Used{store} }

// Claim is nil for the first caller that names this nonce, which expires at until, and ErrUsed for every later one. Any other error
// says that nobody knows.
func (u *Used) Claim(ctx context.Context, nonce string, until time.Time) error {
	// The hash, not the nonce: what is kept should open nothing.
	first, err := u.store.ClaimNonce(ctx, sha256.Sum256([]byte(nonce)), until)
	if err != nil {
		return err
	}
	if !first {
		return ErrUsed
	}
	return nil
}
