package middleware

import (
	"cmp"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/googlelogin/operator/server/tracing"
)

// Trace begins the span of each request; with a nil tracer it is not there at all. A traceparent (W3C Trace Context) counts from trusted
// proxies alone: anybody else could make us trace what they like, under an id that is somebody else's. The rest that a proxy may send
// beside it, tracestate and baggage, is what others wrote, and stays outside.
func Trace(tracer trace.Tracer) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if tracer == nil {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, info := r.Context(), From(r.Context())
			if info.FromProxy {
				remote := propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
				ctx = trace.ContextWithRemoteSpanContext(ctx, trace.SpanContextFromContext(remote).WithTraceState(trace.TraceState{}))
			}
			ctx, span := tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
			recorded := &recorder{ResponseWriter: w}
			defer func() {
				route, method := cmp.Or(info.Route, "none"), knownMethod(r.Method)
				span.SetName(method + " " + route)
				span.SetAttributes(
					attribute.String("http.request.method", method),
					attribute.String("http.route", route),
					attribute.Int("http.response.status_code", recorded.code()),
					attribute.String("googlelogin.request_id", info.ID),
				)
				if recorded.code() >= http.StatusInternalServerError {
					tracing.Fail(span, strconv.Itoa(recorded.code()))
				}
				span.End()
			}()
			next.ServeHTTP(recorded, r.WithContext(ctx))
		})
	}
}
