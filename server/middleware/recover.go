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
				// The type and the stack, not the value: a panic value may quote what the code was working on.
				log.LogAttrs(r.Context(), slog.LevelError, "panic in handler",
					slog.String("requestID", From(r.Context()).ID),
					slog.String("type", fmt.Sprintf("%T", cause)),
					slog.String("stack", string(debug.Stack())),
				)
				if recorded.status != 0 {
					panic(http.ErrAbortHandler)
				}
				fail.ServeHTTP(recorded, r)
			}()
			next.ServeHTTP(recorded, r)
		})
	}
}
