package tracing

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// explosive is a connection that panics once.
type explosive struct{ exploded bool }

const panicSecret = "canary-in-a-panic"

func (e *explosive) RoundTrip(*http.Request) (*http.Response, error) {
	if !e.exploded {
		e.exploded = true
		panic(errors.New(panicSecret))
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(""))}, nil
}

// The SDK exports on a goroutine of its own, whose panic would end the server.
func TestM8_APanicOfTheExporterLosesOneBatchAndTellsNothing(t *testing.T) {
	var written bytes.Buffer
	e := &exporter{
		settings: settings{endpoint: "http://collector.example.com/v1/traces", headers: http.Header{}},
		http:     &http.Client{Transport: &explosive{}}, log: slog.New(slog.NewTextHandler(&written, nil)),
	}
	traces := &Traces{sdktrace.NewTracerProvider(sdktrace.WithBatcher(e))}
	for _, want := range []string{"msg=panic in=traces", "traces are taken again"} {
		_, span := traces.Tracer().Start(t.Context(), "login")
		span.End()
		if err := traces.provider.ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(written.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, &written)
		}
	}
	if err := traces.Close(); err != nil {
		t.Error(err)
	}
	if strings.Contains(written.String(), panicSecret) {
		t.Errorf("the value got out:\n%s", &written)
	}
}
