package middleware

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"
)

// Observer is told about every request that is over.
type Observer interface {
	// Request gets a route from the router's closed list, and a method that the router knows or "other".
	Request(route, method string, status int, duration time.Duration)
}

// Log writes one line for each request, and tells the observer. The line has the route's name in place of the URL: paths and
// queries carry what strangers choose, and codes and states.
func Log(log *slog.Logger, observer Observer, now func() time.Time) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			began := now()
			recorded := &recorder{ResponseWriter: w}
			// Deferred, so that an aborted answer is on record like any other.
			defer func() {
				info, took := From(r.Context()), now().Sub(began)
				route, method := cmp.Or(info.Route, "none"), knownMethod(r.Method)
				observer.Request(route, method, recorded.code(), took)
				log.LogAttrs(r.Context(), slog.LevelInfo, "request",
					slog.String("requestID", info.ID),
					slog.String("method", method),
					slog.String("path", route),
					slog.Int("status", recorded.code()),
					slog.Duration("duration", took),
					slog.Int64("bytes", recorded.bytes),
					slog.String("clientIP", info.ClientIP.String()),
				)
			}()
			next.ServeHTTP(recorded, r)
		})
	}
}

func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// code is what the client got. A handler that wrote nothing answered 200, as net/http does it for it.
func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}
