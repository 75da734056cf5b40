package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var (
	// ErrToken says that a token is not to be accepted. What it wraps says why, for a log: it holds nothing of the token.
	ErrToken = errors.New("access token not accepted")
	// ErrKeys says that the token could not be checked, since the issuer's keys are not to be had. It may be a good one.
	ErrKeys = errors.New("keys of the issuer not available")
)

const (
	tokenType = "at+jwt"
	algorithm = "ES256"
	// maxToken bounds what is parsed at all. Ours fit a cookie.
	maxToken = 8 << 10
	// leeway is for clocks that differ.
	leeway = 5 * time.Second
)

// Options of a Verifier. Issuer and Audience must be set.
type Options struct {
	// Issuer is status.issuer of the GoogleLogin, such as https://shop.example.com/auth.
	Issuer string
	// Audience is one of spec.session.audiences: the name of this service.
	Audience string
	// Cookie is the name of the session cookie, such as __Host-shop, for a backend under the same host as the login. Empty: tokens
	// come in the Authorization header alone.
	Cookie string
	// JWKSURL is where the keys are; by default Issuer and /jwks.json. Inside the cluster it may be the Service's address.
	JWKSURL string
	// StaleFor is how long known keys are used while the server is away, beyond the time for which it gave them out; a day if zero.
	// A key that was withdrawn meanwhile is accepted for as long.
	StaleFor time.Duration
	// Client fetches the keys; by default one with a time limit that follows no redirect.
	Client *http.Client
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

// Claims are what an access JWT says.
type Claims struct {
	jwt.RegisteredClaims
	// SessionID names the session.
	SessionID     string `json:"sid"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Name          string `json:"name,omitempty"`
	Picture       string `json:"picture,omitempty"`
	// HostedDomain is the Google Workspace domain; empty for a personal account.
	HostedDomain string `json:"hd,omitempty"`
}

// Verifier checks tokens. It is safe for use by several goroutines.
type Verifier struct {
	cookie string
	keys   *keys
	parser *jwt.Parser
}

// New returns a Verifier. It fetches nothing yet.
func New(o Options) (*Verifier, error) {
	if o.Audience == "" {
		return nil, errors.New("verify: set Audience: without it a token for any other service would pass")
	}
	if o.JWKSURL == "" {
		o.JWKSURL = o.Issuer + "/jwks.json"
	}
	for name, raw := range map[string]string{"Issuer": o.Issuer, "JWKSURL": o.JWKSURL} {
		if u, err := url.Parse(raw); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return nil, fmt.Errorf("verify: %s must be an http or https URL", name)
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Verifier{
		cookie: o.Cookie,
		keys:   newKeys(o),
		parser: jwt.NewParser(
			// A list of ours, never the token's own word for it.
			jwt.WithValidMethods([]string{algorithm}), jwt.WithStrictDecoding(),
			jwt.WithIssuer(o.Issuer), jwt.WithAudience(o.Audience),
			jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(o.Now),
		),
	}, nil
}

// Verify returns what a token says. Errors: ErrToken, ErrKeys, or ctx's.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	if len(token) > maxToken {
		return Claims{}, fmt.Errorf("%w: too long", ErrToken)
	}
	var c Claims
	_, err := v.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) { return v.key(ctx, t) })
	switch {
	case errors.Is(err, ErrKeys), ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return Claims{}, err
	case err != nil:
		return Claims{}, fmt.Errorf("%w: %w", ErrToken, err)
	case c.Subject == "" || c.SessionID == "":
		return Claims{}, fmt.Errorf("%w: no sub or no sid", ErrToken)
	}
	return c, nil
}

// key finds the key that the header names. Keys that it carries or points to (jwk, jku, x5c, x5u) are not looked at.
func (v *Verifier) key(ctx context.Context, t *jwt.Token) (any, error) {
	if t.Header["typ"] != tokenType {
		return nil, errors.New("token is of another type")
	}
	// RFC 7515, 4.1.11: whoever does not understand an extension named here must refuse, and none is understood here.
	if _, critical := t.Header["crit"]; critical {
		return nil, errors.New("token has critical extensions")
	}
	kid, ok := t.Header["kid"].(string)
	if !ok || kid == "" {
		return nil, errors.New("token names no key")
	}
	return v.keys.find(ctx, kid)
}
