package googletest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Fault is one way to misbehave.
type Fault func(*faults)

// faults are the ways in force. The slices run in the order in which they were added.
type faults struct {
	around        map[Endpoint][]func(http.Handler) http.Handler
	discovery     []func(map[string]any)
	jwks          []func(map[string]any)
	claims        []func(map[string]any)
	header        []func(map[string]any)
	payload       []func([]byte) []byte
	idToken       []func(string) string
	tokenResponse []func(map[string]any)
	tokenBody     []func([]byte) []byte
	userInfo      []func(map[string]any)
	callback      []func(url.Values)
	grantOnly     []string
	signWith      *signer
}

type signer struct {
	alg string
	key any
}

// Misbehave adds faults to those in force.
func (g *Google) Misbehave(list ...Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	// Requests under way hold the old slices, so they are copied, not grown.
	f := g.faults.clone()
	for _, fault := range list {
		fault(&f)
	}
	g.faults = f
}

// Behave lifts every fault.
func (g *Google) Behave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = faults{}
}

func (f faults) clone() faults {
	around := map[Endpoint][]func(http.Handler) http.Handler{}
	for e, list := range f.around {
		around[e] = slices.Clone(list)
	}
	f.around = around
	f.discovery = slices.Clone(f.discovery)
	f.jwks = slices.Clone(f.jwks)
	f.claims = slices.Clone(f.claims)
	f.header = slices.Clone(f.header)
	f.payload = slices.Clone(f.payload)
	f.idToken = slices.Clone(f.idToken)
	f.tokenResponse = slices.Clone(f.tokenResponse)
	f.tokenBody = slices.Clone(f.tokenBody)
	f.userInfo = slices.Clone(f.userInfo)
	f.callback = slices.Clone(f.callback)
	return f
}

// All is several faults in one.
func All(list ...Fault) Fault {
	return func(f *faults) {
		for _, fault := range list {
			fault(f)
		}
	}
}

// Around puts a handler around an endpoint; it decides whether the endpoint itself still runs. The other faults of an endpoint's
// HTTP side are made of it.
func Around(e Endpoint, wrap func(http.Handler) http.Handler) Fault {
	return func(f *faults) { f.around[e] = append(f.around[e], wrap) }
}

// instead answers for the endpoint, which never runs.
func instead(e Endpoint, h http.HandlerFunc) Fault {
	return Around(e, func(http.Handler) http.Handler { return h })
}

// Status makes an endpoint answer with a bare status.
func Status(e Endpoint, status int) Fault {
	return instead(e, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
}

// TokenStatus is Status of the token endpoint.
func TokenStatus(status int) Fault { return Status(Token, status) }

// TokenError makes the token endpoint answer with an OAuth error in Google's JSON shape.
func TokenError(status int, code string) Fault {
	return instead(Token, func(w http.ResponseWriter, _ *http.Request) {
		tokenError{status, code, "Bad Request"}.write(w)
	})
}

// Body makes an endpoint answer 200 with this body.
func Body(e Endpoint, contentType, body string) Fault {
	return instead(e, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write([]byte(body))
	})
}

// Huge makes an endpoint answer with n bytes of well-formed JSON.
func Huge(e Endpoint, n int) Fault {
	return Body(e, "application/json", `{"padding":"`+strings.Repeat("x", n-14)+`"}`)
}

// ContentType makes an endpoint call its good answer something else.
func ContentType(e Endpoint, contentType string) Fault {
	return Header(e, "Content-Type", contentType)
}

// Header sets a response header over whatever the endpoint sets.
func Header(e Endpoint, name, value string) Fault {
	return Around(e, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(headerWriter{w, name, value}, r)
		})
	})
}

type headerWriter struct {
	http.ResponseWriter
	name, value string
}

func (w headerWriter) WriteHeader(status int) {
	w.Header().Set(w.name, w.value)
	w.ResponseWriter.WriteHeader(status)
}

func (w headerWriter) Write(b []byte) (int, error) {
	w.Header().Set(w.name, w.value)
	return w.ResponseWriter.Write(b)
}

// StatusOver gives an endpoint's good answer under another status.
func StatusOver(e Endpoint, status int) Fault {
	return Around(e, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&overWriter{ResponseWriter: w, status: status}, r)
		})
	})
}

type overWriter struct {
	http.ResponseWriter
	status  int
	written bool
}

func (w *overWriter) WriteHeader(int) {
	if !w.written {
		w.written = true
		w.ResponseWriter.WriteHeader(w.status)
	}
}

func (w *overWriter) Write(b []byte) (int, error) {
	w.WriteHeader(w.status)
	return w.ResponseWriter.Write(b)
}

// Redirect makes an endpoint answer with a redirect.
func Redirect(e Endpoint, status int, to string) Fault {
	return instead(e, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, status) })
}

// Hang makes an endpoint say nothing until release is closed or the caller gives up.
func Hang(e Endpoint, release <-chan struct{}) Fault {
	return instead(e, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	})
}

// Wait holds an endpoint's good answer back until release is closed or the caller gives up.
func Wait(e Endpoint, release <-chan struct{}) Fault {
	return Around(e, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
			case <-r.Context().Done():
			}
			next.ServeHTTP(w, r)
		})
	})
}

// Reset makes an endpoint close the connection without an answer.
func Reset(e Endpoint) Fault {
	return instead(e, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

// Truncate makes an endpoint promise n bytes more than it sends.
func Truncate(e Endpoint, n int) Fault {
	return instead(e, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(n+1))
		_, _ = w.Write([]byte("{"))
	})
}
