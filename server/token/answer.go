package token

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/middleware"
)

// refusal is the error of a request that proves nothing.
type refusal struct {
	status int
	// code is OAuth's word for it.
	code string
	err  error
}

func (e *refusal) Error() string {
	if e.err == nil {
		return e.code
	}
	return fmt.Sprintf("%s: %v", e.code, e.err)
}

func (e *refusal) Unwrap() error { return e.err }

func invalidRequest(why string) error {
	return &refusal{http.StatusBadRequest, "invalid_request", errors.New(why)}
}

func invalidGrant(cause error) error {
	return &refusal{http.StatusBadRequest, "invalid_grant", cause}
}

func asRefusal(err error) (*refusal, bool) {
	var r *refusal
	ok := errors.As(err, &r)
	return r, ok
}

// answer is what the client hears of an error.
type answer struct {
	status     int
	code       string
	reason     httperr.Code
	retryAfter time.Duration
}

// failure translates the code of a login that failed into OAuth's words.
func failure(reason httperr.Code, cause error) answer {
	a := answer{status: reason.Status(), reason: reason}
	var e *httperr.Error
	if errors.As(cause, &e) {
		a.retryAfter = e.RetryAfter
	}
	switch reason {
	case httperr.LoginExpired, httperr.LoginFailed:
		a.code = "invalid_grant"
	case httperr.AccountNotAllowed, httperr.EmailNotVerified, httperr.AccountBlocked, httperr.AccountConflict:
		a.code = "access_denied"
	case httperr.GoogleUnavailable, httperr.TemporarilyUnavailable:
		a.code, a.retryAfter = "temporarily_unavailable", max(a.retryAfter, 5*time.Second)
	case httperr.TooManyRequests:
		a.code, a.retryAfter = "slow_down", max(a.retryAfter, time.Second)
	default:
		a.code = "server_error"
	}
	return a
}

// WriteError answers with an error that came up before the request was read.
func (h *Handler) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	reason := httperr.ServerError
	var e *httperr.Error
	if errors.As(err, &e) {
		reason = e.Code
	}
	failure(reason, err).write(w, r)
}

// descriptions are for a client's author: constants, which say nothing about the request that they answer.
var descriptions = map[string]string{
	"invalid_request": "The request must be a form (application/x-www-form-urlencoded) without a query and without a field twice, " +
		"with all fields that its grant_type needs.",
	"unsupported_token_type": "Only refresh tokens are revoked here. An access token ends with POST logout.",
	"invalid_grant": "The ID token or code, its nonce, its code_verifier or its redirect_uri, or the refresh token is not valid, expired " +
		"or used before. Begin again with a new nonce.",
	"invalid_client":          "The client_id is none of those that may sign in here. The refresh token was not used up.",
	"unsupported_grant_type":  "grant_type must be authorization_code, " + GrantJWTBearer + " or, where enabled, refresh_token.",
	"access_denied":           "The Google account may not sign in here.",
	"temporarily_unavailable": "Nobody can sign in at the moment. Try again later, with a new nonce.",
	"slow_down":               "Too many requests. Try again later, with a new nonce.",
	"server_error":            "The server could not finish the request.",
}

// body is the JSON of an error.
type body struct {
	Error       string       `json:"error"`
	Description string       `json:"error_description"`
	Reason      httperr.Code `json:"reason,omitempty"`
	ErrorID     string       `json:"error_id"`
}

func (e answer) write(w http.ResponseWriter, r *http.Request) {
	if e.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((e.retryAfter+time.Second-1)/time.Second)))
	}
	httperr.WriteJSON(w, e.status, body{e.code, descriptions[e.code], e.reason, middleware.From(r.Context()).ID})
}
