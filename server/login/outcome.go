package login

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/googlelogin/operator/server/access"
	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/middleware"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/users"
)

// errUsers marks whatever went wrong in finding or keeping the user. What is none of package users' answers is the store's failure,
// and passes.
var errUsers = errors.New("user store")

// codeOf says what the front end hears of an error. What is not known here is our fault.
func codeOf(err error) httperr.Code {
	var denial *access.Denial
	var decided *httperr.Error
	switch {
	case errors.As(err, &decided):
		return httperr.LoginCode(string(decided.Code))
	case errors.As(err, &denial):
		return httperr.LoginCode(denial.Code)
	case errors.Is(err, google.ErrCodeRejected):
		// Expired, or spent: starting again helps.
		return httperr.LoginExpired
	case errors.Is(err, google.ErrTokenInvalid), errors.Is(err, google.ErrBadRequest):
		return httperr.LoginFailed
	case errors.Is(err, google.ErrUnavailable):
		return httperr.GoogleUnavailable
	case errors.Is(err, users.ErrBlocked), errors.Is(err, session.ErrUserGone):
		return httperr.AccountBlocked
	case errors.Is(err, users.ErrEmailConflict):
		return httperr.AccountConflict
	case errors.Is(err, google.ErrNoCredentials), errors.Is(err, session.ErrStoreUnavailable), errors.Is(err, errUsers):
		return httperr.TemporarilyUnavailable
	}
	// google.ErrClientRejected among them: the user can do nothing about it.
	return httperr.ServerError
}

// codeOfGoogle maps the error parameter of a callback. It is a stranger's text: only what is on this list has a meaning.
func codeOfGoogle(problem string) httperr.Code {
	switch problem {
	case "access_denied":
		return httperr.AccessDenied
	case "interaction_required", "account_selection_required":
		return httperr.InteractionRequired
	case "login_required":
		return httperr.LoginRequired
	case "consent_required":
		return httperr.ConsentRequired
	case "server_error", "temporarily_unavailable":
		return httperr.GoogleUnavailable
	}
	return httperr.Unknown
}

func (h *Handler) fail(w http.ResponseWriter, r *http.Request, code httperr.Code, cause error) error {
	h.failed(r, code, cause)
	redirect(w, h.failures.with(code, middleware.From(r.Context()).ID))
	return nil
}

// Failed puts on record that a login failed, and returns the code that its client hears.
func (h *Handler) Failed(r *http.Request, cause error) httperr.Code {
	code := codeOf(cause)
	h.failed(r, code, cause)
	return code
}

func (h *Handler) failed(r *http.Request, code httperr.Code, cause error) {
	level, outcome := slog.LevelInfo, audit.OutcomeDenied
	if code.Status() >= http.StatusInternalServerError {
		level, outcome = slog.LevelError, audit.OutcomeFailed
	}
	h.Log.LogAttrs(r.Context(), level, "login failed",
		slog.String("requestID", middleware.From(r.Context()).ID), slog.String("reason", string(code)), slog.Any("err", cause))
	ended := audit.Entry{Event: eventLogin, Outcome: outcome, Code: string(code)}
	var blocked *users.Blocked
	if errors.As(cause, &blocked) {
		ended.UserID = blocked.UserID
	}
	h.audit.Record(r, ended)
	h.Metrics.LoginFinished(string(code))
	if errors.Is(cause, google.ErrClientRejected) {
		h.Metrics.CredentialsRejected()
	}
}

// failureURL is the page that shows why a login failed.
type failureURL struct{ url *url.URL }

func newFailureURL(raw string) (*failureURL, error) {
	u, err := url.Parse(raw)
	return &failureURL{u}, err
}

// with adds the code and the request's id to whatever query the page has.
func (f *failureURL) with(code httperr.Code, requestID string) string {
	u := *f.url
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += url.Values{"error": {string(code)}, "error_id": {requestID}}.Encode()
	return u.String()
}
