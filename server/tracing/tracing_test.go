package tracing_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"

	"github.com/googlelogin/operator/server/tracing"
	"github.com/googlelogin/operator/server/tracing/tracingtest"
)

// env is an environment of these variables, in pairs.
func env(pairs ...string) func(string) string {
	all := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return all[name] }
}

func start(t *testing.T, log *slog.Logger, pairs ...string) *tracing.Traces {
	t.Helper()
	traces := tracing.New(t.Context(), tracing.Options{Getenv: env(pairs...), Instance: "team/shop", Version: "v1.2.3", Log: log})
	t.Cleanup(func() { _ = traces.Close() })
	return traces
}

func TestNew_NothingWithoutAnEndpoint(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for name, row := range map[string]struct {
		env  []string
		says string
	}{
		"no variable":              {nil, ""},
		"the SDK is disabled":      {[]string{endpoint, "http://c:4318", "OTEL_SDK_DISABLED", "true"}, ""},
		"no exporter":              {[]string{endpoint, "http://c:4318", "OTEL_TRACES_EXPORTER", "none"}, ""},
		"no URL":                   {[]string{endpoint, "collector:4318"}, endpoint},
		"gRPC":                     {[]string{endpoint, "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}, "http/protobuf"},
		"headers that are none":    {[]string{endpoint, "http://c:4318", "OTEL_EXPORTER_OTLP_HEADERS", "canary"}, "OTEL_EXPORTER_OTLP_HEADERS"},
		"a header with a break":    {[]string{endpoint, "http://c:4318", "OTEL_EXPORTER_OTLP_HEADERS", "a=canary%0d%0ab"}, "OTEL_EXPORTER_OTLP_HEADERS"},
		"a time-out that is none":  {[]string{endpoint, "http://c:4318", "OTEL_EXPORTER_OTLP_TIMEOUT", "10s"}, "milliseconds"},
		"a certificate that is no": {[]string{endpoint, "http://c:4318", "OTEL_EXPORTER_OTLP_CERTIFICATE", filepath.Join("testdata", "none")}, "OTEL_EXPORTER_OTLP_CERTIFICATE"},
	} {
		var log bytes.Buffer
		traces := start(t, slog.New(slog.NewTextHandler(&log, nil)), row.env...)
		if traces != nil || traces.Tracer() != nil {
			t.Errorf("%s: there are traces", name)
		}
		if (row.says == "") != (log.Len() == 0) || !strings.Contains(log.String(), row.says) || strings.Contains(log.String(), "canary") {
			t.Errorf("%s: the log says %q", name, log.String())
		}
	}
}

func TestExport_ASpanAsACollectorReadsIt(t *testing.T) {
	to := tracingtest.New(t, http.StatusOK)
	traces := start(t, slog.New(slog.DiscardHandler),
		"OTEL_EXPORTER_OTLP_ENDPOINT", to.URL+"/", "OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20key, x-team = shop")
	ctx, parent := traces.Tracer().Start(t.Context(), "parent")
	_ = tracing.Do(ctx, "below", func(ctx context.Context) error {
		_, span := tracing.Start(ctx, "further below")
		span.SetAttributes(attribute.Int("int", -7), attribute.Bool("bool", true), attribute.String("text", "ü"))
		span.End()
		return errors.New("canary")
	})
	parent.End()
	if err := traces.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []tracingtest.Span{{
		Name: "parent", Kind: "internal", Status: "unset", Attributes: map[string]string{},
		Below: []tracingtest.Span{{
			Name: "below", Kind: "internal", Status: "error", Attributes: map[string]string{"error.type": "error"},
			Below: []tracingtest.Span{{
				Name: "further below", Kind: "internal", Status: "unset",
				Attributes: map[string]string{"int": "int_value:-7", "bool": "bool_value:true", "text": "ü"},
			}},
		}},
	}}
	for _, got := range to.Trees() {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("spans (-want +got):\n%s", diff)
		}
	}
	if len(to.Trees()) != 1 || strings.Contains(to.Raw(), "canary") {
		t.Errorf("%d traces, or an error's text in them", len(to.Trees()))
	}
	for name, value := range map[string]string{
		"service.name": "googlelogin", "service.version": "v1.2.3", "k8s.namespace.name": "team", "googlelogin.name": "shop",
	} {
		if got := to.Resource()[name]; got != value {
			t.Errorf("resource: %s is %q, want %q", name, got, value)
		}
	}
	if h := to.Headers()[0]; h.Get("Authorization") != "Bearer key" || h.Get("X-Team") != "shop" {
		t.Errorf("headers %v", h)
	}
}

func TestExport_AnEndpointThatFailsIsToldOfOnceAndNamesNoSecret(t *testing.T) {
	refusing := tracingtest.New(t, http.StatusForbidden)
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, endpoint := range map[string]string{
		"refuses": refusing.URL + "/v1/traces?key=canary", "is gone": strings.Replace(gone.URL, "//", "//user-canary:canary@", 1) + "/?key=canary",
	} {
		var log bytes.Buffer
		traces := start(t, slog.New(slog.NewTextHandler(&log, nil)),
			"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint, "OTEL_EXPORTER_OTLP_HEADERS", "api-key=canary")
		for range 3 {
			_, span := traces.Tracer().Start(t.Context(), "span")
			span.End()
			if err := traces.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if strings.Count(log.String(), "traces are not taken") != 1 || strings.Contains(log.String(), "canary") {
			t.Errorf("an endpoint that %s: %s", name, log.String())
		}
	}
}

func TestStart_CostsNothingWithoutATrace(t *testing.T) {
	ctx := t.Context()
	allocations := testing.AllocsPerRun(100, func() {
		_, span := tracing.Start(ctx, "name")
		span.End()
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}
