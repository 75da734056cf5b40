package token

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/nonce"
)

// proof is who signs in, proven by Google for a nonce of ours.
type proof struct {
	identity      identity.Identity
	missingScopes []string
	// clientID is the Google client that got the proof.
	clientID string
	nonce    string
	until    time.Time
}

// assertion verifies an ID token. Its nonce is in it, and looked at only once the signature is proven.
func (h *Handler) assertion(ctx context.Context, fields url.Values) (proof, error) {
	if fields.Get("assertion") == "" {
		return proof{}, invalidRequest("assertion is missing")
	}
	var p proof
	var nonceErr error
	grant, err := h.Provider.VerifyCredential(ctx, google.Credential{
		IDToken: fields.Get("assertion"), Clients: h.ClientIDs,
		Nonce: func(got string) bool {
			var app nonce.App
			app, nonceErr = h.Nonces.Open(got)
			p.nonce, p.until = got, app.ExpiresAt
			if nonceErr == nil && app.Bound() && !app.Proves(fields.Get("code_verifier")) {
				nonceErr = errVerifier
			}
			return nonceErr == nil
		},
	})
	switch {
	case nonceErr != nil:
		return proof{}, nonceError(nonceErr)
	case errors.Is(err, google.ErrTokenInvalid):
		return proof{}, invalidGrant(err)
	case err != nil:
		return proof{}, fmt.Errorf("verify assertion: %w", err)
	}
	p.identity, p.clientID = grant.Identity, grant.ClientID
	return p, nil
}

// code redeems a code. All that can be known before is looked at before: a code works once.
func (h *Handler) code(ctx context.Context, fields url.Values) (proof, error) {
	for _, name := range []string{"code", "redirect_uri", "nonce"} {
		if fields.Get(name) == "" {
			return proof{}, invalidRequest(name + " is missing")
		}
	}
	if !isVerifier(fields.Get("code_verifier")) {
		return proof{}, invalidRequest("code_verifier is missing or malformed")
	}
	if !slices.Contains(h.RedirectURIs, fields.Get("redirect_uri")) {
		return proof{}, invalidGrant(errors.New("redirect_uri is none of the configured ones"))
	}
	app, err := h.Nonces.Open(fields.Get("nonce"))
	if err != nil {
		return proof{}, nonceError(err)
	}
	if !app.Proves(fields.Get("code_verifier")) {
		return proof{}, nonceError(errVerifier)
	}
	grant, err := h.Provider.Redeem(ctx, google.Redemption{
		Code: fields.Get("code"), CodeVerifier: fields.Get("code_verifier"), Nonce: fields.Get("nonce"),
		RedirectURI: fields.Get("redirect_uri"), Scopes: h.Scopes,
	})
	if err != nil {
		return proof{}, fmt.Errorf("redeem code: %w", err)
	}
	return proof{grant.Identity, grant.MissingScopes, grant.ClientID, fields.Get("nonce"), app.ExpiresAt}, nil
}

// errVerifier says that the nonce was bound to another code verifier, or, for a code, to none.
var errVerifier = errors.New("nonce is not bound to this code verifier")

// nonceError tells a client that came late from one that proves nothing.
func nonceError(err error) error {
	if errors.Is(err, nonce.ErrExpired) {
		return httperr.Login(httperr.LoginExpired, err)
	}
	return invalidGrant(err)
}

// claimError tells a replay from a store that is away.
func claimError(err error) error {
	if errors.Is(err, nonce.ErrUsed) {
		return invalidGrant(err)
	}
	return httperr.Unavailable(err)
}

// isVerifier is the form of a code verifier, RFC 7636, 4.1.
func isVerifier(s string) bool {
	return len(s) >= 43 && len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool {
		alphanumeric := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !alphanumeric && !strings.ContainsRune("-._~", r)
	})
}
