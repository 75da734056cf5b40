package google

import (
	"context"
	"errors"
	"fmt"
)

// The ways in which Google, or what comes from it, says no. Test with errors.Is.
var (
	// ErrNoCredentials means that no client ID and secret have been set yet.
	ErrNoCredentials = errors.New("no Google client credentials")
	// ErrBadRequest means that a caller asked for what Google does not support, prompt=login for one. Nothing was sent.
	ErrBadRequest = errors.New("not a valid authorization request")
	// ErrUnavailable means that Google could not be reached or was not well: a new login may work.
	ErrUnavailable = errors.New("google is unavailable")
	// ErrCodeRejected means that Google does not take the code: expired, used before, or for another verifier.
	ErrCodeRejected = errors.New("google rejected the authorization code")
	// ErrClientRejected means that Google does not take the client ID or its secret. Only the team that owns them can mend it.
	ErrClientRejected = errors.New("google rejected the client credentials")
	// ErrTokenInvalid means that an answer or an ID token failed a check.
	ErrTokenInvalid = errors.New("invalid answer or ID token")
)

// invalid is ErrTokenInvalid with the check that failed. The reason is written into logs, so it must not hold what a token says.
func invalid(reason string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrTokenInvalid, fmt.Sprintf(reason, args...))
}

// unavailable is ErrUnavailable and keeps a cancelled context visible.
func unavailable(attempted string, cause error) error {
	for _, c := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(cause, c) {
			return fmt.Errorf("%s: %w: %w", attempted, ErrUnavailable, c)
		}
	}
	return fmt.Errorf("%s: %w: %s", attempted, ErrUnavailable, cause.Error())
}
