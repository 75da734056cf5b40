package admin

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"path"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/limit"
	"github.com/googlelogin/operator/server/middleware"
	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/users"
	"github.com/googlelogin/operator/server/workload"
)

// Verifier says whose token it is. Errors are those of package workload.
type Verifier interface {
	Verify(token string) (workload.Account, error)
}

// Sessions are who is signed in.
type Sessions interface {
	List(ctx context.Context, userID string) ([]identity.Session, error)
	EndUser(ctx context.Context, userID string) (ended int, err error)
	EndOne(ctx context.Context, userID, id string) (ended bool, err error)
	// Ended makes known here what the store has ended already.
	Ended(ids ...string)
}

// Families are the refresh tokens that are out.
type Families interface {
	UserFamilies(ctx context.Context, userID string, limit int) ([]refresh.Family, error)
}

// Metrics counts calls and the sessions that they ended.
type Metrics interface {
	middleware.Observer
	SessionEnded(everywhere bool)
}

// Options of New.
type Options struct {
	// Instance is the GoogleLogin, as namespace/name.
	Instance string
	// Issuer is that of the accounts which sign in here: Google's.
	Issuer   string
	Callers  []config.Caller
	Verifier Verifier
	Users    *users.Directory
	Sessions Sessions
	Families Families
	// Limiter bounds how often one address may ask.
	Limiter middleware.Limiter
	Metrics Metrics
	Now     func() time.Time
	Rand    io.Reader
	Log     *slog.Logger
	// Tracer is nil if requests are not traced.
	Tracer trace.Tracer
}

// limits bound a request. A projected token has about a kilobyte, a relink's body a hundred bytes.
var limits = middleware.Limits{MaxQuery: 4 << 10, MaxHeader: 32 << 10, MaxBody: 4 << 10}

// api answers the calls.
type api struct {
	Options
	audit audit.Log
	flood *audit.Flood
}

// New makes the handler of the admin port.
func New(o Options) http.Handler {
	records := audit.New(o.Log)
	a := &api{Options: o, audit: records, flood: audit.NewFlood(records, o.Now)}
	h := exactPath(a.mux(), a.guarded(operation{serve: notFound}))
	refuse := func(p *problem) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.answer(w, r, p) })
	}
	h = middleware.Limit(limits, refuse(invalid("", "the query is longer than 4 KiB")), refuse(headerTooLarge()))(h)
	h = middleware.RateLimit(o.Limiter, limit.AddressKey, a.tooMany)(h)
	h = middleware.Recover(o.Log, refuse(internal()))(h)
	h = middleware.Log(o.Log, o.Metrics, o.Now)(h)
	// No proxy stands before this port, so that nobody's forwarded headers count.
	return middleware.Identify(nil, o.Rand)(middleware.Trace(o.Tracer)(h))
}

// exactPath keeps http.ServeMux from redirecting a path that it can clean: here that is no path of ours.
func exactPath(next, otherwise http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path.Clean(r.URL.Path) {
			otherwise.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// request is a call by somebody who may make it.
type request struct {
	*http.Request
	caller workload.Account
}

// operation is what one method of one path does.
type operation struct {
	// name is for logs and metrics.
	name, method, path string
	permission         config.Permission
	serve              func(http.ResponseWriter, request) error
}

// operations are all there are.
func (a *api) operations() []operation {
	const user, sessions = "/v1/users/{id}", "/v1/users/{id}/sessions"
	return []operation{
		{"users.list", http.MethodGet, "/v1/users", config.PermissionUsers, a.list},
		{"users.show", http.MethodGet, user, config.PermissionUsers, a.show},
		{"users.export", http.MethodGet, user + "/export", config.PermissionUsers, a.export},
		{"users.block", http.MethodPost, user + "/block", config.PermissionUsers, a.block},
		{"users.unblock", http.MethodPost, user + "/unblock", config.PermissionUsers, a.unblock},
		{"users.relink", http.MethodPost, user + "/relink", config.PermissionUsers, a.relink},
		{"users.delete", http.MethodDelete, user, config.PermissionUsers, a.remove},
		{"sessions.list", http.MethodGet, sessions, config.PermissionSessions, a.sessions},
		{"sessions.end_all", http.MethodDelete, sessions, config.PermissionSessions, a.signOut},
		{"sessions.end", http.MethodDelete, sessions + "/{sid}", config.PermissionSessions, a.endSession},
	}
}

// Route is what the documentation says of an operation.
type Route struct {
	Method, Path, Operation string
	Permission              config.Permission
}

// Routes are what New serves.
func Routes() []Route {
	var routes []Route
	for _, op := range new(api).operations() {
		routes = append(routes, Route{op.method, op.path, op.name, op.permission})
	}
	return routes
}

func (a *api) mux() http.Handler {
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, op := range a.operations() {
		mux.Handle(op.method+" "+op.path, a.guarded(op))
		methods[op.path] = append(methods[op.path], op.method)
	}
	for pattern, allowed := range methods {
		mux.Handle(pattern, a.guarded(operation{serve: func(http.ResponseWriter, request) error { return methodNotAllowed(allowed) }}))
	}
	mux.Handle("/", a.guarded(operation{serve: notFound}))
	return mux
}

func notFound(http.ResponseWriter, request) error {
	return &problem{status: http.StatusNotFound, code: CodeNotFound, detail: "there is no such path"}
}

// guarded lets nobody near an operation who may not call it.
func (a *api) guarded(op operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		middleware.From(r.Context()).Route = op.name
		caller, err := a.admit(r, op.permission)
		if err == nil {
			err = op.serve(w, request{r, caller})
		}
		if err != nil {
			a.answer(w, r, err)
		}
	})
}
