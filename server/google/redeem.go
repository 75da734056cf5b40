package google

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/tracing"
)

// Redemption is what a callback brings, and what the flow remembered.
type Redemption struct {
	Code, CodeVerifier, Nonce, RedirectURI string
	// Scopes are those that were asked.
	Scopes []string
}

// String implements fmt.Stringer and shows nothing that opens something.
func (r Redemption) String() string { return "redemption for " + r.RedirectURI }

// GoString implements fmt.GoStringer.
func (r Redemption) GoString() string {
	return fmt.Sprintf("google.Redemption{RedirectURI: %q}", r.RedirectURI)
}

// LogValue implements slog.LogValuer.
func (r Redemption) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Grant is what Google gave: who signed in, and what we may do.
type Grant struct {
	Identity identity.Identity
	// ClientID is the client that Google issued the ID token to: ours, or an app of the same project.
	ClientID string
	// GrantedScopes are in Google's names, MissingScopes in those that were asked.
	GrantedScopes, MissingScopes []string
	AccessToken, RefreshToken    string
	// Expiry is the access token's, RefreshTokenExpiry that of a consent limited in time; zero if Google names none.
	Expiry, RefreshTokenExpiry time.Time
}

// String implements fmt.Stringer. It has neither tokens nor the person.
func (g Grant) String() string {
	return fmt.Sprintf("grant of %d scopes, %d missing", len(g.GrantedScopes), len(g.MissingScopes))
}

// GoString implements fmt.GoStringer.
func (g Grant) GoString() string { return "google.Grant{" + g.String() + "}" }

// LogValue implements slog.LogValuer.
func (g Grant) LogValue() slog.Value { return slog.StringValue(g.String()) }

// Redeem exchanges a code and returns what it is worth, once everything about it is proven. It sends the code at most once,
// whatever happens: after an error, only a new login helps.
func (p *Provider) Redeem(ctx context.Context, r Redemption) (Grant, error) {
	credentials, err := p.currentCredentials()
	if err != nil {
		return Grant{}, err
	}
	if err := r.check(); err != nil {
		return Grant{}, err
	}
	e, err := p.endpoints.endpoints(ctx)
	if err != nil {
		return Grant{}, err
	}
	var response tokenResponse
	err = tracing.Do(ctx, "exchange code", func(ctx context.Context) error {
		response, err = p.exchange(ctx, callToken, e, credentials, r)
		return err
	})
	p.tellOf(credentials, err)
	if err != nil {
		return Grant{}, fmt.Errorf("exchange code: %w", err)
	}
	said, err := p.verify(ctx, e, expectation{clientID: credentials.ClientID, nonce: exactly(r.Nonce)}, response.idToken)
	if err != nil {
		return Grant{}, fmt.Errorf("verify ID token: %w", err)
	}
	// at_hash ties the access token to the ID token. The code flow may do without; if it is there, it must be right.
	if said.fields.has("at_hash") && !said.binds(response.accessToken) {
		return Grant{}, invalid("at_hash is of another access token")
	}
	return p.grant(ctx, e, r, response, said)
}

func (p *Provider) grant(ctx context.Context, e *endpoints, r Redemption, response tokenResponse, said claims) (Grant, error) {
	granted, err := grantedScopes(response.scope, r.Scopes)
	if err != nil {
		return Grant{}, err
	}
	id, err := said.identity(e.issuer)
	if err != nil {
		return Grant{}, err
	}
	id, err = p.complete(ctx, e, id, said, response.accessToken, granted)
	if err != nil {
		return Grant{}, fmt.Errorf("complete identity: %w", err)
	}
	return Grant{
		Identity:           id,
		ClientID:           said.client(),
		GrantedScopes:      granted,
		MissingScopes:      missingScopes(r.Scopes, granted),
		AccessToken:        response.accessToken,
		RefreshToken:       response.refreshToken,
		Expiry:             p.after(response.expiresIn),
		RefreshTokenExpiry: p.after(response.refreshExpiresIn),
	}, nil
}

// after is the time so many seconds from now, zero for none.
func (p *Provider) after(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return p.now().Add(time.Duration(seconds) * time.Second)
}
