package controllers

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	ctrl "sigs.k8s.io/controller-runtime"
)

// tracePass begins the span of a pass, and returns what ends it. Spans name objects and reasons, never what is in an object.
func (r *Reconciler) tracePass(ctx context.Context, req ctrl.Request) (context.Context, func(error)) {
	ctx, span := r.tracer().Start(ctx, "reconcile", trace.WithAttributes(
		attribute.String("k8s.namespace.name", req.Namespace),
		attribute.String("googlelogin.name", req.Name),
	))
	return ctx, func(err error) { endSpan(span, err) }
}

// runStep runs a step in a span of its own, which says what the step found.
func (r *Reconciler) runStep(ctx context.Context, s *scope, step step) error {
	ctx, span := r.tracer().Start(ctx, step.name)
	err := step.run(ctx, s)
	if f, ok := s.findings[step.condition]; ok {
		span.SetAttributes(attribute.String("condition", step.condition), attribute.String("reason", f.reason))
	}
	endSpan(span, err)
	return err
}

// endSpan leaves the error's text to the log: a span goes to whoever runs the collector, and the API server quotes what it refuses.
func endSpan(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, "see the manager's log")
	}
	span.End()
}

func (r *Reconciler) tracer() trace.Tracer {
	if r.Tracer == nil {
		return noop.Tracer{}
	}
	return r.Tracer
}
