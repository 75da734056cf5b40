package session

import (
	"context"
	"errors"

	"github.com/googlelogin/operator/server/users"
)

// Metrics counts renewals. One that several requests share is one.
type Metrics interface {
	// Renewed gets an outcome of the list below, and the context of the request that asked.
	Renewed(ctx context.Context, outcome string)
}

// Outcomes of a renewal, for Metrics.
const (
	// RenewalDone is a new access JWT.
	RenewalDone = "renewed"
	// RenewalOver is a session that is unknown, or ended by logout, idleness or age.
	RenewalOver = "over"
	// RenewalDenied is a live session whose user is blocked, gone or no longer admitted.
	RenewalDenied = "denied"
	// RenewalFailed is a store that failed, or a key that is missing.
	RenewalFailed = "failed"
)

// RenewalOutcome names what became of a renewal that ended with err.
func RenewalOutcome(err error) string {
	switch {
	case err == nil:
		return RenewalDone
	case errors.Is(err, ErrStoreUnavailable), errors.Is(err, errNotSigned):
		return RenewalFailed
	case errors.Is(err, users.ErrBlocked), errors.Is(err, users.ErrNotFound):
		return RenewalDenied
	case errors.Is(err, ErrNoSession), errors.Is(err, ErrExpired):
		return RenewalOver
	}
	// What the access policy said.
	return RenewalDenied
}

type uncounted struct{}

func (uncounted) Renewed(context.Context, string) {}
