package login

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/googlelogin/operator/server/access"
	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/users"
)

// profile is the answer of me. It has no token.
type profile struct {
	Subject       string        `json:"sub"`
	Email         string        `json:"email"`
	EmailVerified bool          `json:"email_verified"`
	Name          string        `json:"name,omitempty"`
	GivenName     string        `json:"given_name,omitempty"`
	FamilyName    string        `json:"family_name,omitempty"`
	Picture       string        `json:"picture,omitempty"`
	HostedDomain  string        `json:"hd,omitempty"`
	MissingScopes []string      `json:"missing_scopes"`
	Session       sessionAnswer `json:"session"`
}

type sessionAnswer struct {
	ID string `json:"id"`
	// ExpiresAt is when the user has to sign in again whatever happens; absent if this browser no longer holds the session's handle.
	ExpiresAt            time.Time `json:"expires_at,omitzero"`
	AccessTokenExpiresAt time.Time `json:"access_token_expires_at"`
}

type unauthenticated struct {
	Error    httperr.Code `json:"error"`
	LoginURL string       `json:"login_url"`
}

// Me says who is signed in, and renews the session in place if it is due. It asks the store and the policy at every request, so
// that a front end hears at once of a user who was blocked.
//
// A request with an Authorization header is about the token in it, and about no cookie.
func (h *Handler) Me(w http.ResponseWriter, r *http.Request) error {
	if session.HasBearer(r) {
		return h.bearerMe(w, r)
	}
	user, current, err := h.signedIn(w, r)
	if err != nil {
		return h.withoutSession(w, r, err)
	}
	record, err := h.record(r.Context(), r, current)
	if err != nil {
		return h.withoutSession(w, r, err)
	}
	httperr.WriteJSON(w, http.StatusOK, profileOf(user, current, record))
	return nil
}

// signedIn is who the request's session belongs to, if they may still be here.
func (h *Handler) signedIn(w http.ResponseWriter, r *http.Request) (identity.User, session.Current, error) {
	current, err := h.Sessions.Resume(r.Context(), w, r)
	if err != nil {
		return identity.User{}, session.Current{}, err
	}
	user, err := h.stillAdmitted(r, current)
	return user, current, err
}

func (h *Handler) stillAdmitted(r *http.Request, current session.Current) (identity.User, error) {
	user, err := h.Users.Get(r.Context(), current.Claims.Subject)
	if err == nil {
		err = h.admits(r.Context(), user.Identity())
	}
	if isNobody(err) {
		err = &session.TurnedAway{UserID: current.Claims.Subject, SID: current.Claims.SessionID, Err: err}
	}
	return user, err
}

func profileOf(u identity.User, current session.Current, record identity.Session) profile {
	missing := record.MissingScopes
	if missing == nil {
		missing = []string{}
	}
	return profile{
		Subject: u.ID, Email: u.Email, EmailVerified: u.EmailVerified, HostedDomain: u.HostedDomain,
		Name: u.Name, GivenName: u.GivenName, FamilyName: u.FamilyName, Picture: u.Picture,
		MissingScopes: missing,
		Session: sessionAnswer{
			ID:                   current.Claims.SessionID,
			ExpiresAt:            record.ExpiresAt.Truncate(time.Second),
			AccessTokenExpiresAt: current.Claims.ExpiresAt.UTC(),
		},
	}
}

// record is the store's record of the current session; the zero Session if the browser has lost its handle.
func (h *Handler) record(ctx context.Context, r *http.Request, current session.Current) (identity.Session, error) {
	if current.Session.ID != "" {
		return current.Session, nil
	}
	cookies := r.CookiesNamed(h.Config.Session.Cookie.Name + session.HandleSuffix)
	if len(cookies) != 1 {
		return identity.Session{}, nil
	}
	handle, err := base64.RawURLEncoding.DecodeString(cookies[0].Value)
	if err != nil {
		return identity.Session{}, nil //nolint:nilerr // What is no handle names no session, and that is an answer.
	}
	record, err := h.Records.SessionByHandle(ctx, sha256.Sum256(handle))
	if errors.Is(err, session.ErrNoSession) {
		return identity.Session{}, nil
	}
	if err != nil {
		return identity.Session{}, fmt.Errorf("read session: %w", err)
	}
	// A handle of another session says nothing about this one.
	if record.ID != current.Claims.SessionID {
		return identity.Session{}, nil
	}
	return record, nil
}

// withoutSession answers 401 to whoever is not signed in, and 503 if that is not known: a front end must not take a failing store
// for a logout.
func (h *Handler) withoutSession(w http.ResponseWriter, r *http.Request, err error) error {
	if !isNobody(err) {
		return httperr.Unavailable(fmt.Errorf("read session: %w", err))
	}
	h.TurnedAway(r, err)
	httperr.WriteJSON(w, http.StatusUnauthorized, unauthenticated{Error: httperr.Unauthenticated, LoginURL: h.loginURL(r)})
	return nil
}

// TurnedAway puts on record that somebody whose session is alive may be here no longer: blocked, or not admitted any more. It returns
// the code for that; false for any other cause.
func (h *Handler) TurnedAway(r *http.Request, cause error) (httperr.Code, bool) {
	code := codeOf(cause)
	if code == httperr.ServerError || !isNobody(cause) {
		return code, false
	}
	denied := audit.Entry{Event: eventSession, Outcome: audit.OutcomeDenied, Code: string(code)}
	var of *session.TurnedAway
	if errors.As(cause, &of) {
		denied.UserID, denied.SID = of.UserID, of.SID
	}
	h.audit.Record(r, denied)
	return code, true
}

// isNobody tells an answer from a failure.
func isNobody(err error) bool {
	var denial *access.Denial
	for _, known := range []error{session.ErrNoSession, session.ErrExpired, users.ErrNotFound, users.ErrBlocked} {
		if errors.Is(err, known) {
			return true
		}
	}
	return errors.As(err, &denial)
}

// loginURL is where this request's browser signs in.
func (h *Handler) loginURL(r *http.Request) string {
	host, ok := h.Hosts.Find(r.Host)
	if !ok {
		return h.Config.Issuer + "/login"
	}
	return host.Origin + h.paths.login
}
