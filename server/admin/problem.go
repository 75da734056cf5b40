package admin

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/middleware"
	"github.com/googlelogin/operator/server/users"
)

// Code tells a program what went wrong. The list is closed, and documented.
type Code string

// Codes of the answers that are not what was asked for.
const (
	CodeUnauthenticated      Code = "unauthenticated"
	CodeInvalidToken         Code = "invalid_token"
	CodeForbidden            Code = "forbidden"
	CodeNotFound             Code = "not_found"
	CodeUserNotFound         Code = "user_not_found"
	CodeSessionNotFound      Code = "session_not_found"
	CodeMethodNotAllowed     Code = "method_not_allowed"
	CodeAccountConflict      Code = "account_conflict"
	CodeInvalidRequest       Code = "invalid_request"
	CodeUnsupportedMediaType Code = "unsupported_media_type"
	CodeHeaderTooLarge       Code = "header_too_large"
	CodeTooManyRequests      Code = "too_many_requests"
	CodeUnavailable          Code = "unavailable"
	CodeKeysUnavailable      Code = "keys_unavailable"
	CodeInternal             Code = "internal"
)

// retryAfter is when to try again what passes by itself.
const retryAfter = 5 * time.Second

// problem is an error as the caller hears of it (RFC 9457), and its cause for the log.
type problem struct {
	status int
	code   Code
	// detail is for a person, and in words of ours.
	detail string
	// param is the query parameter or field that is to blame.
	param string
	// otherUserID is the user who has the account of a conflict.
	otherUserID string
	challenge   string
	allow       []string
	retryAfter  time.Duration
	err         error
}

func (p *problem) Error() string {
	if p.err == nil {
		return fmt.Sprintf("%d %s: %s", p.status, p.code, p.detail)
	}
	return fmt.Sprintf("%d %s: %v", p.status, p.code, p.err)
}

func (p *problem) Unwrap() error { return p.err }

// outcome is the audit log's word for it.
func (p *problem) outcome() string {
	switch {
	case p.status >= http.StatusInternalServerError:
		return audit.OutcomeFailed
	case p.code == CodeForbidden || p.code == CodeAccountConflict:
		return audit.OutcomeDenied
	}
	return audit.OutcomeRefused
}

func invalid(param, detail string) *problem {
	return &problem{status: http.StatusBadRequest, code: CodeInvalidRequest, param: param, detail: detail}
}

func headerTooLarge() *problem {
	return &problem{status: http.StatusRequestHeaderFieldsTooLarge, code: CodeHeaderTooLarge, detail: "more than 32 KiB of header"}
}

func methodNotAllowed(allowed []string) *problem {
	return &problem{status: http.StatusMethodNotAllowed, code: CodeMethodNotAllowed, allow: allowed, detail: "this path knows other methods"}
}

func internal() *problem {
	return &problem{status: http.StatusInternalServerError, code: CodeInternal, detail: "the log has the cause, under request_id"}
}

// problemOf makes the answer to an error. What is no answer of the directory's is the store's failure, and passes.
func problemOf(err error) *problem {
	var (
		decided  *problem
		conflict *users.Conflict
	)
	switch {
	case errors.As(err, &decided):
		return decided
	case errors.Is(err, users.ErrNotFound):
		return &problem{status: http.StatusNotFound, code: CodeUserNotFound, detail: "there is no user with this id", err: err}
	case errors.As(err, &conflict):
		return &problem{
			status: http.StatusConflict, code: CodeAccountConflict, otherUserID: conflict.OtherUserID, err: err,
			detail: "another user signs in with this account: two users never become one, delete one of them first",
		}
	}
	return &problem{
		status: http.StatusServiceUnavailable, code: CodeUnavailable, retryAfter: retryAfter, err: err,
		detail: "the store does not answer: nothing was changed that the next attempt would not find",
	}
}

type problemBody struct {
	Type        string `json:"type"`
	Title       string `json:"title"`
	Status      int    `json:"status"`
	Code        Code   `json:"code"`
	Detail      string `json:"detail"`
	Param       string `json:"param,omitempty"`
	OtherUserID string `json:"other_user_id,omitempty"`
	RequestID   string `json:"request_id"`
}

// answer tells the caller of an error, and the log of its cause.
func (a *api) answer(w http.ResponseWriter, r *http.Request, err error) {
	p, id := problemOf(err), middleware.From(r.Context()).ID
	a.logProblem(r, p, id)
	h := w.Header()
	if p.challenge != "" {
		h.Set("WWW-Authenticate", p.challenge)
	}
	if len(p.allow) > 0 {
		h.Set("Allow", strings.Join(p.allow, ", "))
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(p.retryAfter.Seconds())))
	}
	httperr.WriteJSONAs(w, "application/problem+json", p.status, problemBody{
		Type: "about:blank", Title: http.StatusText(p.status), Status: p.status, Code: p.code,
		Detail: p.detail, Param: p.param, OtherUserID: p.otherUserID, RequestID: id,
	})
}

func (a *api) logProblem(r *http.Request, p *problem, id string) {
	// The audit event has said so, and a flood should not write its own log.
	if p.code == CodeTooManyRequests {
		return
	}
	level := slog.LevelInfo
	if p.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	a.Log.LogAttrs(r.Context(), level, "request refused",
		slog.String("requestID", id), slog.String("reason", string(p.code)), slog.Int("status", p.status), slog.String("err", p.Error()))
}
