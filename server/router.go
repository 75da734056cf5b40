package server

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/googlelogin/operator/server/forwardauth"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/login"
	"github.com/googlelogin/operator/server/middleware"
)

// route is what one path serves, by method.
type route struct {
	// name is for logs and metrics.
	name    string
	methods map[string]http.Handler
	// anyHost serves the route under hosts that are not in the configuration, too.
	anyHost bool
}

// router finds a route by the exact path. http.ServeMux would do more than is wanted here: it redirects a path that it can clean,
// and would carry a code along, answers HEAD like GET, and reads braces in a redirect URI as wildcards.
type router struct {
	hosts  login.Hosts
	routes map[string]route
	errors *httperr.Adaptor
}

// ServeHTTP implements http.Handler. Callbacks are looked up first, each under its own host.
func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	host, known := rt.hosts.Find(r.Host)
	found, ok := rt.routes[path]
	if known {
		if _, callback := host.Callbacks[path]; callback {
			found, ok = rt.routes[callbackRoute], true
		}
	}
	switch {
	case !known && !found.anyHost:
		rt.errors.Write(w, r, httperr.New(http.StatusMisdirectedRequest, httperr.Misdirected, nil))
	case !ok:
		rt.errors.Write(w, r, httperr.New(http.StatusNotFound, httperr.NotFound, nil))
	default:
		middleware.From(r.Context()).Route = found.name
		found.serve(w, r, rt.errors)
	}
}

func (rt route) serve(w http.ResponseWriter, r *http.Request, errors *httperr.Adaptor) {
	handler, ok := rt.methods[r.Method]
	if ok {
		handler.ServeHTTP(w, r)
		return
	}
	e := httperr.New(http.StatusMethodNotAllowed, httperr.MethodNotAllowed, nil)
	for method := range rt.methods {
		e.Allow = append(e.Allow, method)
	}
	slices.Sort(e.Allow)
	errors.Write(w, r, e)
}

// callbackRoute is not a path: callbacks are wherever the redirect URIs say.
const callbackRoute = "callback"

// collision names a redirect URI whose path is an endpoint's: one would hide the other.
func collision(hosts login.Hosts, routes map[string]route, checks *forwardauth.Handler) error {
	for _, host := range hosts {
		for path, redirectURI := range host.Callbacks {
			taken, ok := routes[path]
			if checks.Owns(path) {
				taken, ok = route{name: "check"}, true
			}
			if ok {
				return fmt.Errorf("redirect URI %s has the path of the endpoint %s: choose another path", redirectURI, taken.name)
			}
		}
	}
	return nil
}

func get(h http.Handler) map[string]http.Handler {
	return map[string]http.Handler{http.MethodGet: h}
}

// read is for what may be asked for without a body: public documents.
func read(h http.Handler) map[string]http.Handler {
	return map[string]http.Handler{http.MethodGet: h, http.MethodHead: h}
}

func post(h http.Handler) map[string]http.Handler {
	return map[string]http.Handler{http.MethodPost: h}
}

// fromFrontend adds the preflights of the front end's origins.
func fromFrontend(method string, h http.Handler, cors func(http.Handler) http.Handler) map[string]http.Handler {
	h = cors(h)
	return map[string]http.Handler{method: h, http.MethodOptions: h}
}
