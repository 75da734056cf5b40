package forwardauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/googlelogin/operator/server/access"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/middleware"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/users"
)

// Sessions are who is signed in.
type Sessions interface {
	// Fresh is for a request whose access JWT is valid: it asks no store and sets no cookie.
	Fresh(r *http.Request) (*session.Claims, bool)
	Resume(ctx context.Context, w http.ResponseWriter, r *http.Request) (session.Current, error)
	Bearer(r *http.Request) (session.Current, error)
}

// ReturnURLs are the pages that a login may end at.
type ReturnURLs interface {
	Allows(raw string) bool
}

// Metrics counts answers. Both labels are from closed lists.
type Metrics interface {
	Checked(proxy, outcome string)
}

// Outcomes, for Metrics.
const (
	Allowed         = "allowed"
	Renewed         = "renewed"
	Unauthenticated = "unauthenticated"
	Denied          = "denied"
	Unavailable     = "unavailable"
)

// Options has all that a Handler needs.
type Options struct {
	// Base is what the paths of our own endpoints begin with, without a slash at its end.
	Base    string
	HomeURL string
	// Cookie is the name of the cookie with the access JWT.
	Cookie string
	// EncodedSlashes lets a path with a slash that is encoded once pass.
	EncodedSlashes bool
	// LoginURL is where a browser signs in under a host, or under the first of ours if the host is none of ours.
	LoginURL   func(host string) string
	Sessions   Sessions
	ReturnURLs ReturnURLs
	Metrics    Metrics
	Log        *slog.Logger
	// TurnedAway puts on record that the user of a live session may be here no longer.
	TurnedAway func(r *http.Request, cause error)
}

// Handler answers checks.
type Handler struct {
	Options
	prefix     string
	lookalikes []string
}

// New makes a Handler.
func New(o Options) *Handler {
	return &Handler{Options: o, prefix: o.Base + "/check/", lookalikes: []string{lookalikes()}}
}

// Owns says whether a path is one of the routes.
func (h *Handler) Owns(path string) bool {
	_, ok := h.find(path)
	return ok
}

// Mount answers the checks of requests with a fresh session at once; guarded, which ends in this Handler, all other checks; and rest
// everything that is no check. What is in front of guarded is for people and for strangers: a log line, a request ID, the headers
// of a page. A proxy that asks about a signed-in user, thousands of times a second, has no use for them.
func (h *Handler) Mount(guarded, rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := h.find(r.RequestURI)
		if !ok {
			rest.ServeHTTP(w, r)
			return
		}
		if r.ContentLength != 0 {
			// net/http reads the body before it answers. A proxy that hands all headers on announces one, and keeps it. Then nothing may
			// follow on the connection: the beginning of the next question would pass for the body, and the rest of it for a question.
			_ = http.NewResponseController(w).EnableFullDuplex()
			w.Header().Set("Connection", "close")
		}
		if !h.pass(w, r, c) {
			guarded.ServeHTTP(w, r)
		}
	})
}

// check is a request for a route of ours.
type check struct {
	dialect
	// suffix is what follows the route.
	suffix string
	query  string
}

// find takes the request's target as it was sent: decoded, the part that Envoy appends would no longer be what was asked for.
func (h *Handler) find(target string) (check, bool) {
	rest, ours := strings.CutPrefix(target, h.prefix)
	if !ours {
		return check{}, false
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	d, known := dialects[rest[:end]]
	c := check{dialect: d, suffix: rest[end:]}
	if !d.anySuffix {
		c.suffix, c.query, _ = strings.Cut(c.suffix, "?")
	}
	return c, known && (d.anySuffix || c.suffix == "")
}

// pass answers if the session is fresh, the question clear, and no token asked for: who may have that is known only behind the
// middlewares.
func (h *Handler) pass(w http.ResponseWriter, r *http.Request, c check) bool {
	if _, unambiguous := h.ask(c, r); !unambiguous || c.wantsBearer() {
		return false
	}
	claims, ok := h.Sessions.Fresh(r)
	if !ok {
		return false
	}
	h.Metrics.Checked(c.name, Allowed)
	tell(w.Header(), claims)
	h.letPass(w, c)
	return true
}

// letPass answers 200, with the headers that were written.
func (h *Handler) letPass(w http.ResponseWriter, c check) {
	if c.removes {
		w.Header()[removeHeader] = h.lookalikes
	}
	w.WriteHeader(http.StatusOK)
}

// ask reads the question, and says whether it is clear.
func (h *Handler) ask(c check, r *http.Request) (asked, bool) {
	a, once := c.read(r, c.suffix)
	// Only who asks with headers may leave the path out.
	silent := a.uri == "" && !c.anySuffix
	return a, once && (silent || isClear(a.uri, h.EncodedSlashes)) && (c.query == "" || c.query == bearerQuery)
}

// bearerQuery asks for the access JWT in Authorization.
const bearerQuery = "authorization=bearer"

func (c check) wantsBearer() bool { return c.bearer || c.query == bearerQuery }

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, ok := h.find(r.RequestURI)
	if !ok {
		h.refuse(w, r, c, http.StatusForbidden, httperr.Forbidden, errors.New("no route"))
		return
	}
	h.answer(w, r, c)
}

// ExtAuthz answers what Envoy asks by gRPC: the request that it asks about is the request itself, with its target in RequestURI.
// Requests that need more than a fresh session go through guard.
func (h *Handler) ExtAuthz(bearer bool, guard func(http.Handler) http.Handler) http.Handler {
	asked := func(r *http.Request) check {
		c := check{dialect: dialects["envoy"], suffix: r.RequestURI}
		c.bearer = bearer
		return c
	}
	guarded := guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.answer(w, r, asked(r)) }))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !h.pass(w, r, asked(r)) {
			guarded.ServeHTTP(w, r)
		}
	})
}

// answer decides, step by step.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, c check) {
	middleware.From(r.Context()).Route = "check"
	a, unambiguous := h.ask(c, r)
	if !unambiguous {
		h.refuse(w, r, c, http.StatusForbidden, httperr.Forbidden, errors.New("ambiguous path, header or query"))
		return
	}
	current, err := h.authenticate(w, r)
	if err != nil {
		h.deny(w, r, c, a, err)
		return
	}
	outcome := Allowed
	if current.Renewed {
		outcome = Renewed
	}
	h.Metrics.Checked(c.name, outcome)
	// Only to a proxy that the configuration trusts: a script on the page could otherwise ask for the JWT that its cookie hides.
	allow(w.Header(), current, c.wantsBearer() && middleware.From(r.Context()).FromProxy)
	h.letPass(w, c)
}

// authenticate takes the session of the cookies. Only without any does Authorization count: many applications have a use of
// their own for it, and the cookies come all the same.
func (h *Handler) authenticate(w http.ResponseWriter, r *http.Request) (session.Current, error) {
	cookies := len(r.CookiesNamed(h.Cookie)) + len(r.CookiesNamed(h.Cookie+session.HandleSuffix))
	if cookies == 0 && session.HasBearer(r) {
		return h.Sessions.Bearer(r)
	}
	return h.Sessions.Resume(r.Context(), w, r)
}

func (h *Handler) deny(w http.ResponseWriter, r *http.Request, c check, a asked, err error) {
	var denial *access.Denial
	switch {
	case errors.As(err, &denial):
		h.TurnedAway(r, err)
		h.refuse(w, r, c, http.StatusForbidden, httperr.LoginCode(denial.Code), err)
	case errors.Is(err, users.ErrBlocked):
		h.TurnedAway(r, err)
		h.refuse(w, r, c, http.StatusForbidden, httperr.AccountBlocked, err)
	case errors.Is(err, session.ErrAudience):
		h.refuse(w, r, c, http.StatusForbidden, httperr.Forbidden, err)
	case errors.Is(err, session.ErrNoSession), errors.Is(err, session.ErrExpired):
		h.challenge(w, r, c, a)
	default:
		// The session store, and whatever nobody thought of: nobody passes for not being known.
		w.Header().Set("Retry-After", "5")
		h.refuse(w, r, c, http.StatusServiceUnavailable, httperr.TemporarilyUnavailable, err)
	}
}

// Failed answers for a check that went wrong.
func (h *Handler) Failed(w http.ResponseWriter, _ *http.Request) {
	httperr.WriteJSON(w, http.StatusInternalServerError, body{Error: httperr.ServerError})
}

type body struct {
	Error    httperr.Code `json:"error"`
	LoginURL string       `json:"login_url,omitempty"`
}

// refuse answers what a login would not mend.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, c check, status int, code httperr.Code, cause error) {
	level, outcome := slog.LevelInfo, Denied
	if status >= http.StatusInternalServerError {
		level, outcome = slog.LevelError, Unavailable
	}
	h.Log.LogAttrs(r.Context(), level, "check refused", slog.String("requestID", middleware.From(r.Context()).ID),
		slog.String("proxy", c.name), slog.String("reason", string(code)), slog.Int("status", status), slog.Any("err", cause))
	h.Metrics.Checked(c.name, outcome)
	httperr.WriteJSON(w, status, body{Error: code})
}

// challenge answers who is not signed in.
func (h *Handler) challenge(w http.ResponseWriter, r *http.Request, c check, a asked) {
	h.Metrics.Checked(c.name, Unauthenticated)
	info := middleware.From(r.Context())
	host := info.Host
	if info.FromProxy && a.host != "" {
		host = a.host
	}
	target := h.LoginURL(host)
	navigation := isNavigation(r, a.method)
	if navigation {
		target += "?return_to=" + url.QueryEscape(h.returnTo(a, info.FromProxy))
	}
	if navigation && c.redirects {
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusFound)
		return
	}
	if navigation {
		// nginx hides the body of a 401; its configuration redirects to this.
		w.Header().Set("X-Auth-Request-Login-Url", target)
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	httperr.WriteJSON(w, http.StatusUnauthorized, body{Error: httperr.Unauthenticated, LoginURL: target})
}

// returnTo is the address that was asked for, if a trusted proxy named it and a login may end there.
func (h *Handler) returnTo(a asked, trusted bool) string {
	if to := a.url(); trusted && to != "" && h.ReturnURLs.Allows(to) {
		return to
	}
	return h.HomeURL
}
