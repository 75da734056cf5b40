package google

import (
	"context"
	"errors"
	"fmt"
)

// junkCode is a code that nobody was ever given, and junkVerifier one that belongs to none. Google looks at the client before it looks
// at the code, so that its answer tells whether it takes the client. https://datatracker.ietf.org/doc/html/rfc6749#section-5.2
const (
	junkCode     = "googlelogin-proves-its-client"
	junkVerifier = "googlelogin-proves-its-client-without-a-verifier"
)

// Prove asks Google whether it takes a client, at no user's cost. It is nil if so, ErrClientRejected if not, and any other error if
// nobody knows: Google is away, say. It changes no credentials.
func (p *Provider) Prove(ctx context.Context, c Credentials, redirectURI string) error {
	e, err := p.endpoints.endpoints(ctx)
	if err != nil {
		return fmt.Errorf("prove client: %w", err)
	}
	_, err = p.exchange(ctx, callProof, e, c, Redemption{Code: junkCode, CodeVerifier: junkVerifier, RedirectURI: redirectURI})
	switch {
	case errors.Is(err, ErrCodeRejected):
		return nil
	case err == nil:
		return fmt.Errorf("prove client: %w", invalid("a code that nobody was given was redeemed"))
	}
	return fmt.Errorf("prove client: %w", err)
}

// tellOf reports what an exchange of a real code says of the client that it was made with.
func (p *Provider) tellOf(c Credentials, err error) {
	if p.met == nil {
		return
	}
	switch {
	case err == nil, errors.Is(err, ErrCodeRejected):
		p.met(c, nil)
	case errors.Is(err, ErrClientRejected):
		p.met(c, err)
	}
}
