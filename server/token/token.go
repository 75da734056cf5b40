package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/googlelogin/operator/server/form"
	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/login"
	"github.com/googlelogin/operator/server/middleware"
	"github.com/googlelogin/operator/server/nonce"
	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/session"
)

// The grant types.
const (
	GrantJWTBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	GrantCode      = "authorization_code"
	GrantRefresh   = "refresh_token"
)

// Provider is Google.
type Provider interface {
	VerifyCredential(ctx context.Context, c google.Credential) (google.Grant, error)
	Redeem(ctx context.Context, r google.Redemption) (google.Grant, error)
	// Knows says whether a client's ID tokens are accepted: our own client's, or those of one of these others.
	Knows(clientID string, others []string) (bool, error)
}

// Nonces knows the nonces that apps were given.
type Nonces interface {
	Open(nonce string) (nonce.App, error)
}

// Used remembers nonces that came back.
type Used interface {
	Claim(ctx context.Context, nonce string, until time.Time) error
}

// Logins is what every login has in common.
type Logins interface {
	Admit(r *http.Request, id identity.Identity) (identity.User, error)
	Succeeded(r *http.Request, u identity.User, s identity.Session)
	Failed(r *http.Request, cause error) httperr.Code
	Refused(r *http.Request, event string)
	// TurnedAway puts on record that the user of a live session may be here no longer, and returns the code for it; false if the
	// cause is another.
	TurnedAway(r *http.Request, cause error) (httperr.Code, bool)
	// Reused and Ended put on record that a session was ended: since a refresh token came twice, or by its client.
	Reused(r *http.Request, s identity.Session)
	Ended(r *http.Request, s identity.Session)
}

// Sessions are who is signed in.
type Sessions interface {
	Issue(ctx context.Context, r *http.Request, u identity.User, missingScopes []string, lasting bool) (session.Current, error)
	Renew(ctx context.Context, s identity.Session) (session.Current, identity.User, error)
	EndSession(ctx context.Context, id string) error
}

// Refresh are the refresh tokens.
type Refresh interface {
	Begin(ctx context.Context, s identity.Session, clientID string) (string, error)
	Check(ctx context.Context, token, clientID string) (refresh.Use, error)
	Rotate(ctx context.Context, use refresh.Use) (string, error)
}

// Options has all that a Handler needs. None of it may be nil but the lists and Refresh.
type Options struct {
	Provider Provider
	Nonces   Nonces
	Used     Used
	Logins   Logins
	Sessions Sessions
	// Refresh is nil where no refresh tokens are given out.
	Refresh Refresh
	// ClientIDs are the apps whose ID tokens and refresh tokens are accepted beside our own client's.
	ClientIDs []string
	// RedirectURIs are the ones that Google may have sent a code to.
	RedirectURIs []string
	// Scopes are those that a client asks Google for.
	Scopes []string
	// Ready tells why a login could not be finished now.
	Ready func() error
	Now   func() time.Time
	Log   *slog.Logger
	// Metrics counts uses of refresh tokens.
	Metrics Metrics
}

// Metrics counts. The label is from a closed list.
type Metrics interface {
	Renewed(ctx context.Context, outcome string)
}

// Handler is the endpoint.
type Handler struct{ Options }

// New makes a Handler.
func New(o Options) *Handler { return &Handler{o} }

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	given, err := h.grant(r)
	if err != nil {
		h.judge(r, err).write(w, r)
		return
	}
	httperr.WriteJSON(w, http.StatusOK, h.answer(given))
}

// granted is what a client gets.
type granted struct {
	session.Current
	user identity.User
	// refresh is the refresh token; empty where none is given out.
	refresh string
}

// grant is the whole endpoint but its answer.
func (h *Handler) grant(r *http.Request) (granted, error) {
	fields, err := h.read(r)
	if err != nil {
		return granted{}, err
	}
	if err := h.Ready(); err != nil {
		return granted{}, httperr.Unavailable(err)
	}
	var p proof
	switch kind := fields.Get("grant_type"); {
	case kind == GrantJWTBearer:
		p, err = h.assertion(r.Context(), fields)
	case kind == GrantCode:
		p, err = h.code(r.Context(), fields)
	case kind == GrantRefresh && h.Refresh != nil:
		given, err := h.refresh(r, fields)
		h.Metrics.Renewed(r.Context(), refreshOutcome(err))
		return given, err
	case kind == "":
		err = invalidRequest("grant_type is missing")
	default:
		err = &refusal{http.StatusBadRequest, "unsupported_grant_type", nil}
	}
	if err != nil {
		return granted{}, err
	}
	return h.signIn(r, p)
}

// read returns the form's fields.
func (h *Handler) read(r *http.Request) (url.Values, error) {
	if r.URL.RawQuery != "" {
		return nil, invalidRequest("there is a query")
	}
	fields, err := form.Read(r)
	if err != nil {
		return nil, &refusal{form.Status(err), "invalid_request", err}
	}
	return fields, nil
}

// signIn issues tokens for a proof that nobody used before.
func (h *Handler) signIn(r *http.Request, p proof) (granted, error) {
	user, err := h.admit(r, p)
	if err != nil {
		return granted{}, err
	}
	issued, err := h.Sessions.Issue(r.Context(), r, user, p.missingScopes, h.Refresh != nil)
	if err != nil {
		return granted{}, err
	}
	given := granted{Current: issued, user: user}
	if h.Refresh != nil {
		if given.refresh, err = h.Refresh.Begin(r.Context(), issued.Session, p.clientID); err != nil {
			return granted{}, httperr.Unavailable(err)
		}
	}
	h.Logins.Succeeded(r, user, issued.Session)
	return given, nil
}

func (h *Handler) admit(r *http.Request, p proof) (identity.User, error) {
	if err := h.Used.Claim(r.Context(), p.nonce, p.until); err != nil {
		return identity.User{}, claimError(err)
	}
	return h.Logins.Admit(r, p.identity)
}

// judge puts a failure on record and says what the client hears. What proved nothing is refused, whatever else failed is a failed
// login.
func (h *Handler) judge(r *http.Request, err error) answer {
	var turned *denial
	if errors.As(err, &turned) {
		h.Log.LogAttrs(r.Context(), slog.LevelInfo, "token not refreshed",
			slog.String("requestID", middleware.From(r.Context()).ID), slog.String("reason", string(turned.reason)), slog.Any("err", turned.err))
		return failure(turned.reason, err)
	}
	if refused, ok := asRefusal(err); ok {
		h.Log.LogAttrs(r.Context(), slog.LevelInfo, "token refused",
			slog.String("requestID", middleware.From(r.Context()).ID), slog.String("reason", refused.code), slog.Any("err", err))
		h.Logins.Refused(r, login.EventToken)
		return answer{status: refused.status, code: refused.code}
	}
	return failure(h.Logins.Failed(r, err), err)
}

// tokens is the good answer (RFC 6749, 5.1).
type tokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	User         user   `json:"user"`
	// MissingScopes are those that the user left unticked on Google's page.
	MissingScopes []string `json:"missing_scopes"`
}

// user is who signed in, as me has it.
type user struct {
	Subject       string `json:"sub"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Name          string `json:"name,omitempty"`
	GivenName     string `json:"given_name,omitempty"`
	FamilyName    string `json:"family_name,omitempty"`
	Picture       string `json:"picture,omitempty"`
	HostedDomain  string `json:"hd,omitempty"`
}

func (h *Handler) answer(given granted) tokens {
	u, missing := given.user, given.Session.MissingScopes
	if missing == nil {
		missing = []string{}
	}
	return tokens{
		AccessToken: given.AccessToken, TokenType: "Bearer", RefreshToken: given.refresh,
		ExpiresIn:     int(given.Claims.ExpiresAt.Sub(h.Now()) / time.Second),
		MissingScopes: missing,
		User: user{
			Subject: u.ID, Email: u.Email, EmailVerified: u.EmailVerified, HostedDomain: u.HostedDomain,
			Name: u.Name, GivenName: u.GivenName, FamilyName: u.FamilyName, Picture: u.Picture,
		},
	}
}

// String keeps the token out of whatever prints an answer.
func (t tokens) String() string { return fmt.Sprintf("access token for %d s", t.ExpiresIn) }
