package session

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/server/identity"
)

// TokenType is the typ header of an access JWT (RFC 9068, 2.1). It keeps other tokens, of ours or of Google's, from passing as one.
const TokenType = "at+jwt"

// maxClaims bounds the claims in JSON. With it, the two Set-Cookie headers stay under 4096 bytes together even with the longest
// cookie name and domain: a third more for base64, 210 bytes for header and signature, and 860 for names, handle and attributes.
const maxClaims = 2200

// Claims are what an access JWT says.
type Claims struct {
	jwt.RegisteredClaims
	// SessionID names the session; it opens nothing.
	SessionID     string `json:"sid"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	// Name and Picture are left out when they are unknown, or too long for a cookie.
	Name    string `json:"name,omitempty"`
	Picture string `json:"picture,omitempty"`
	// HostedDomain is Google's hd claim; empty for a personal account.
	HostedDomain string `json:"hd,omitempty"`
}

// skew is how far the clocks of two servers may be apart.
const skew = time.Minute

// claims makes what the next JWT of the session says.
func (m *Manager) claims(u identity.User, s identity.Session, now time.Time) (Claims, error) {
	id, err := m.randomText(16)
	if err != nil {
		return Claims{}, err
	}
	expires := now.Add(m.config.AccessTokenTTL.Std())
	if end := m.end(s); end.Before(expires) {
		expires = end
	}
	return fit(Claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    m.issuer,
			Subject:   u.ID,
			Audience:  m.config.Audiences,
			ExpiresAt: jwt.NewNumericDate(expires),
			// Another server may see it in the next moment, by a clock that is behind.
			NotBefore: jwt.NewNumericDate(now.Add(-skew)),
			IssuedAt:  jwt.NewNumericDate(now),
			ID:        id,
		},
		SessionID:     s.ID,
		Email:         u.Email,
		EmailVerified: u.EmailVerified,
		Name:          u.Name,
		Picture:       u.Picture,
		HostedDomain:  u.HostedDomain,
	})
}

// fit leaves out what nobody decides by until the claims fit a cookie. Browsers drop a cookie that is too long without a word,
// and the user would go round in circles.
func fit(c Claims) (Claims, error) {
	if surelyFit(c) {
		return c, nil
	}
	for _, dispensable := range []*string{&c.Picture, &c.Name} {
		size, err := size(c)
		if err != nil || size <= maxClaims {
			return c, err
		}
		*dispensable = ""
	}
	size, err := size(c)
	if err == nil && size > maxClaims {
		err = errors.New("claims do not fit a cookie: shorten session.audiences")
	}
	return c, err
}

// surelyFit knows of nearly everybody's claims that they fit, and saves encoding them twice. JSON has at most six bytes (\u003c) for one of
// a text; of our own making are the IDs, which it takes as they are.
func surelyFit(c Claims) bool {
	const names = 256
	texts := len(c.Issuer) + len(c.Email) + len(c.Name) + len(c.Picture) + len(c.HostedDomain)
	for _, audience := range c.Audience {
		texts += len(`,""`) + len(audience)
	}
	return names+len(c.Subject)+len(c.ID)+len(c.SessionID)+6*texts <= maxClaims
}

func size(c Claims) (int, error) {
	encoded, err := json.Marshal(c)
	if err != nil {
		return 0, fmt.Errorf("encode claims: %w", err)
	}
	return len(encoded), nil
}

// verify returns what a JWT says, if it is an access JWT of ours, in time. The caller must not change what Claims point to: they
// are remembered.
func (m *Manager) verify(token string) (*Claims, error) {
	// Before the verification: if the keys change meanwhile, what it says is remembered for the old ones.
	_, keys := m.keyring.JWKS()
	sum, now := sha256.Sum256([]byte(token)), m.now()
	if c, ok := m.verified.find(sum, keys, now); ok {
		return c, nil
	}
	c, err := m.verifySigned(token)
	if err != nil {
		return nil, err
	}
	// It was admitted when it was issued, by a policy that may have changed since. Then its renewal is due, which says why not: who it
	// is may have changed since, too.
	if err := m.policy.Admit(c.identity()); err != nil {
		return nil, fmt.Errorf("%w: access token of another policy", ErrExpired)
	}
	m.verified.add(sum, keys, c, now)
	return c, nil
}

// identity is what a policy decides by.
func (c *Claims) identity() identity.Identity {
	return identity.Identity{Email: c.Email, EmailVerified: c.EmailVerified, HostedDomain: c.HostedDomain}
}

func (m *Manager) verifySigned(token string) (*Claims, error) {
	var c Claims
	err := m.keyring.Verify(token, TokenType, &c,
		jwt.WithIssuer(m.issuer),
		jwt.WithAudience(m.config.Audiences...),
		jwt.WithExpirationRequired(),
		jwt.WithNotBeforeRequired(),
		jwt.WithTimeFunc(m.now),
	)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, fmt.Errorf("%w: access token", ErrExpired)
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return nil, fmt.Errorf("%w: %w", ErrNoSession, ErrAudience)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNoSession, err)
	case c.SessionID == "" || c.Subject == "" || c.IssuedAt == nil:
		return nil, fmt.Errorf("%w: access token without sid, sub or iat", ErrNoSession)
	}
	m.share(&c)
	return m.bound(&c)
}

// share keeps texts that are the same in all tokens once.
func (m *Manager) share(c *Claims) {
	c.Issuer = m.issuer
	if slices.Equal(c.Audience, m.config.Audiences) {
		c.Audience = m.config.Audiences
	}
}

// bound ends a token that was made for longer than tokens live now. Who signed out is remembered for that long, and no longer.
func (m *Manager) bound(c *Claims) (*Claims, error) {
	if end := c.IssuedAt.Add(m.config.AccessTokenTTL.Std()); end.Before(c.ExpiresAt.Time) {
		c.ExpiresAt = jwt.NewNumericDate(end)
	}
	if !m.now().Before(c.ExpiresAt.Time) {
		return nil, fmt.Errorf("%w: access token made for longer than tokens live now", ErrExpired)
	}
	return c, nil
}
