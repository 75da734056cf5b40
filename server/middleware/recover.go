package middleware

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// Recover answers a panic with fail and keeps the server alive. If the answer had begun, the connection is cut instead, so that
// half an answer does not pass for a whole one.
func Recover(log *slog.Logger, fail http.Handler) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			recorded := &recorder{ResponseWriter: w}
			defer func() {
				cause := recover()
				if cause == nil {
					return
				}
				if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(cause)
				}
				logPanic(log, r, cause)
				if recorded.status != 0 {
					panic(http.ErrAbortHandler)
				}
				fail.ServeHTTP(recorded, r)
			}()
			next.ServeHTTP(recorded, r)
		})
	}
}

// Contain cuts the connection of a request whose panic nobody stopped, where net/http would do the same and write the value down.
func Contain(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				logPanic(log, r, cause)
			}
			panic(http.ErrAbortHandler)
		}()
		next.ServeHTTP(w, r)
	})
}

// logPanic writes down the type and the stack, not the value: that may quote what the code was working on.
func logPanic(log *slog.Logger, r *http.Request, cause any) {
	log.LogAttrs(r.Context(), slog.LevelError, "panic in handler",
		slog.String("requestID", From(r.Context()).ID),
		slog.String("type", fmt.Sprintf("%T", cause)),
		slog.String("stack", string(debug.Stack())),
	)
}
