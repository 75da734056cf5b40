package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

func TestSpansGoWhereTheEnvironmentSays(t *testing.T) {
	got := make(chan *coltracepb.ExportTraceServiceRequest, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		content, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		spans := &coltracepb.ExportTraceServiceRequest{}
		if err := proto.Unmarshal(content, spans); err != nil {
			t.Error(err)
		}
		got <- spans
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	spans, err := newTracing(context.Background(), func(key string) string {
		return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL}[key]
	})
	if err != nil {
		t.Fatal(err)
	}
	_, span := spans.tracer().Start(context.Background(), "reconcile")
	span.End()
	spans.flush()
	sent := (<-got).GetResourceSpans()[0]
	if name := sent.GetScopeSpans()[0].GetSpans()[0].GetName(); name != "reconcile" {
		t.Errorf("the collector got a span %q", name)
	}
	service := ""
	for _, a := range sent.GetResource().GetAttributes() {
		if a.GetKey() == "service.name" {
			service = a.GetValue().GetStringValue()
		}
	}
	if service != "googlelogin-manager" {
		t.Errorf("the spans are of service %q", service)
	}
}

func TestWithoutACollectorThereAreNoSpans(t *testing.T) {
	for _, env := range []map[string]string{
		{},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"},
	} {
		spans, err := newTracing(context.Background(), func(key string) string { return env[key] })
		if err != nil {
			t.Fatal(err)
		}
		_, span := spans.tracer().Start(context.Background(), "reconcile")
		if span.IsRecording() {
			t.Errorf("spans are recorded with %v", env)
		}
		spans.flush()
	}
}
