package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Scope names what makes the spans.
const Scope = "github.com/googlelogin/operator/server"

// Start begins a span below the one of ctx. Without one it returns ctx, and a span that does nothing.
func Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, trace.SpanFromContext(context.Background())
	}
	return parent.TracerProvider().Tracer(Scope).Start(ctx, name, options...)
}

// Do runs what a span is about, and marks the span if it fails. The error's text stays out: it may be about somebody.
func Do(ctx context.Context, name string, run func(ctx context.Context) error) error {
	ctx, span := Start(ctx, name)
	defer span.End()
	err := run(ctx)
	if err != nil {
		Fail(span, "error")
	}
	return err
}

// Fail marks a span as failed. kind is a word of a closed list.
func Fail(span trace.Span, kind string) {
	span.SetStatus(codes.Error, "")
	span.SetAttributes(attribute.String("error.type", kind))
}
