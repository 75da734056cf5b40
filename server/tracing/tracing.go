package tracing

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Options say whose traces these are.
type Options struct {
	Getenv func(string) string
	// Instance is namespace/name of the GoogleLogin.
	Instance, Version string
	Log               *slog.Logger
}

// Traces sends spans. A nil one sends nothing.
type Traces struct{ provider *sdktrace.TracerProvider }

// New reads the environment. Without an endpoint it returns nil, and nothing was started. A mistake there keeps nobody from signing in: it
// is logged, and there are no traces.
func New(ctx context.Context, o Options) *Traces {
	s, wanted, err := read(o.Getenv)
	if err != nil {
		o.Log.Error("no traces", "err", err)
	}
	if !wanted {
		return nil
	}
	about, err := resource.New(ctx, resource.WithAttributes(describe(o)...), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		o.Log.Warn("OTEL_RESOURCE_ATTRIBUTES cannot be read as a whole")
	}
	o.Log.Info("traces are sent by OTLP")
	return &Traces{sdktrace.NewTracerProvider(
		sdktrace.WithResource(about),
		sdktrace.WithBatcher(&exporter{settings: s, http: s.client(), log: o.Log}),
	)}
}

// describe says who sends, before what the environment says.
func describe(o Options) []attribute.KeyValue {
	namespace, name, _ := strings.Cut(o.Instance, "/")
	all := []attribute.KeyValue{
		attribute.String("service.name", "googlelogin"),
		attribute.String("service.version", o.Version),
		attribute.String("k8s.namespace.name", namespace),
		attribute.String("googlelogin.name", name),
	}
	// In a pod this is the pod's name.
	if host, err := os.Hostname(); err == nil {
		all = append(all, attribute.String("service.instance.id", host))
	}
	return all
}

// Tracer is nil if nothing is traced.
func (t *Traces) Tracer() trace.Tracer {
	if t == nil {
		return nil
	}
	return t.provider.Tracer(Scope)
}

// Log is log, with trace_id in the lines about what is traced.
func (t *Traces) Log(log *slog.Logger) *slog.Logger {
	if t == nil {
		return log
	}
	return Log(log)
}

// Flush sends what has ended so far.
func (t *Traces) Flush(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.ForceFlush(ctx)
}

// lastBatch is how long a server that ends tries to send what it has.
const lastBatch = 2 * time.Second

// Close sends the rest, and stops.
func (t *Traces) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastBatch)
	defer cancel()
	return t.provider.Shutdown(ctx)
}
