// Package httperr turns errors into answers. Handlers return an error and write nothing; one adaptor decides between a page and
// JSON, shows a text that is a constant, and logs the cause once.
//
// What went wrong is for the log. What a stranger gets to see is a Code, a text that belongs to it and the request's id.
package httperr

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/googlelogin/operator/server/middleware"
)

// Error is an answer that is not what was asked for.
type Error struct {
	// Code picks the text.
	Code Code
	// Status is the HTTP status.
	Status int
	// Param names the request's parameter that is to blame, if one is. It is a constant of ours, never what the client sent.
	Param string
	// RetryAfter says when it is worth trying again; zero for never.
	RetryAfter time.Duration
	// Allow lists the methods of a 405.
	Allow []string
	// Err is the cause. It is logged and never shown.
	Err error
}

// New makes an Error with the cause err, which may be nil.
func New(status int, code Code, err error) *Error {
	return &Error{Status: status, Code: code, Err: err}
}

// Login makes the Error of a login's code, with its status.
func Login(code Code, err error) *Error { return New(code.Status(), code, err) }

// BadParam makes the 400 that names a parameter.
func BadParam(name string, err error) *Error {
	return &Error{Status: http.StatusBadRequest, Code: InvalidRequest, Param: name, Err: err}
}

// Unavailable makes the 503 of something that passes by itself.
func Unavailable(err error) *Error {
	return &Error{Status: http.StatusServiceUnavailable, Code: TemporarilyUnavailable, RetryAfter: 5 * time.Second, Err: err}
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%d %s", e.Status, e.Code)
	}
	return fmt.Sprintf("%d %s: %v", e.Status, e.Code, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Page is what a page about an error shows.
type Page struct {
	Status    int
	Code      Code
	Param     string
	RequestID string
}

// Pages renders pages and knows the texts.
type Pages interface {
	ErrorPage(w http.ResponseWriter, r *http.Request, p Page)
	// Message is the text of a code for a script's author.
	Message(code Code) string
}

// Adaptor answers for handlers that return errors.
type Adaptor struct {
	pages Pages
	log   *slog.Logger
}

// NewAdaptor answers with pages and logs to log.
func NewAdaptor(pages Pages, log *slog.Logger) *Adaptor { return &Adaptor{pages: pages, log: log} }

// Handle makes a handler out of one that returns errors. A handler that returns an error has written nothing but headers.
func (a *Adaptor) Handle(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			a.Write(w, r, err)
		}
	})
}

// Always makes a handler that answers with err.
func (a *Adaptor) Always(err *Error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.Write(w, r, err) })
}

// Write answers with err: its own Code if it is an *Error, else a 500.
func (a *Adaptor) Write(w http.ResponseWriter, r *http.Request, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = New(http.StatusInternalServerError, ServerError, err)
	}
	id := middleware.From(r.Context()).ID
	a.record(r, e, id)
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter.Round(time.Second).Seconds())))
	}
	if len(e.Allow) > 0 {
		w.Header().Set("Allow", strings.Join(e.Allow, ", "))
	}
	if WantsPage(r) {
		a.pages.ErrorPage(w, r, Page{Status: e.Status, Code: e.Code, Param: e.Param, RequestID: id})
		return
	}
	WriteJSON(w, e.Status, body{Error: e.Code, Message: a.pages.Message(e.Code), Param: e.Param, ErrorID: id})
}

// record logs the cause once. What strangers do wrong is no error of this server's.
func (a *Adaptor) record(r *http.Request, e *Error, id string) {
	// An audit event has said so already, and a flood should not write its own log.
	if e.Code == TooManyRequests {
		return
	}
	level := slog.LevelInfo
	if e.Status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	attrs := []slog.Attr{slog.String("requestID", id), slog.String("reason", string(e.Code)), slog.Int("status", e.Status)}
	if e.Param != "" {
		attrs = append(attrs, slog.String("param", e.Param))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.Any("err", e.Err))
	}
	a.log.LogAttrs(r.Context(), level, "request refused", attrs...)
}

type body struct {
	Error   Code   `json:"error"`
	Message string `json:"message"`
	Param   string `json:"param,omitempty"`
	ErrorID string `json:"error_id"`
}

// WantsPage tells a person in front of a browser window from a script. Sec-Fetch-Dest decides where the browser sends it; a page
// cannot forge it. Without it, whoever asks for HTML gets HTML.
func WantsPage(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "document", "iframe", "frame":
		return true
	case "":
		return r.Header.Get("X-Requested-With") == "" && strings.Contains(r.Header.Get("Accept"), "text/html")
	}
	return false
}

// WriteJSON answers with v. Nothing that this server answers as JSON may be cached or taken for anything else.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	WriteJSONAs(w, "application/json", status, v)
}

// WriteJSONAs is WriteJSON for a media type that is JSON with a meaning.
func WriteJSONAs(w http.ResponseWriter, mediaType string, status int, v any) {
	content, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("%T cannot be JSON", v))
	}
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(content, '\n'))
}
