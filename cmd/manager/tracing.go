package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// flushPatience is how long the last spans may take to leave. A successor does not wait for them: the lease is free by then.
const flushPatience = 3 * time.Second

// tracing is where spans go: nowhere, unless the environment names a collector.
type tracing struct {
	// provider is nil while nobody looks.
	provider *sdktrace.TracerProvider
}

// newTracing follows OpenTelemetry's own variables: OTEL_EXPORTER_OTLP_ENDPOINT, or the same for traces alone, switches it on; the
// exporter and the SDK read the others themselves.
func newTracing(ctx context.Context, env func(string) string) (tracing, error) {
	if env("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" || env("OTEL_SDK_DISABLED") == "true" {
		return tracing{}, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return tracing{}, fmt.Errorf("set up the exporter of traces: %w", err)
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "googlelogin-manager"), attribute.String("service.version", buildVersion())),
		resource.WithFromEnv(), // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
	)
	if err != nil {
		return tracing{}, fmt.Errorf("describe the manager for traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { slog.Warn("traces were not sent", "err", err) }))
	return tracing{provider: sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))}, nil
}

func (t tracing) tracer() trace.Tracer {
	if t.provider == nil {
		return noop.Tracer{}
	}
	return t.provider.Tracer("github.com/googlelogin/operator/controllers")
}

// flush sends what has not been sent. A collector that is away is no failure of the manager, and the exporter has said so.
func (t tracing) flush() {
	if t.provider == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushPatience)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		slog.Warn("traces were not sent", "err", err)
	}
}
