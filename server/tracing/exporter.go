package tracing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/googlelogin/operator/server/crash"
)

// exporter posts spans as OTLP has it (opentelemetry-proto, collector/trace/v1). The exporter of OpenTelemetry would link gRPC's
// library: docs/decisions says what that costs. A batch that is not taken is dropped: traces are no record of anything.
type exporter struct {
	settings
	http *http.Client
	log  *slog.Logger
	// failing keeps the log from telling of each batch.
	failing atomic.Bool
}

// ExportSpans implements sdktrace.SpanExporter. It returns no error: the SDK would print it past our log. Nor does it panic, on the SDK's
// own goroutine.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := crash.Contain(ctx, e.log, "traces", func() error { return e.post(ctx, encode(spans)) })
	if failing := err != nil; e.failing.Swap(failing) != failing {
		if failing {
			e.log.Warn("traces are not taken, and dropped", "err", err)
		} else {
			e.log.Info("traces are taken again")
		}
	}
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (e *exporter) Shutdown(context.Context) error {
	e.http.CloseIdleConnections()
	return nil
}

func (e *exporter) post(ctx context.Context, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.endpoint, bytes.NewReader(body))
	if err != nil {
		return errors.New("the endpoint is no URL")
	}
	request.Header = e.headers.Clone()
	request.Header.Set("Content-Type", "application/x-protobuf")
	response, err := e.http.Do(request)
	if err != nil {
		// Without the URL, which may have a key in it.
		var told *url.Error
		if errors.As(err, &told) {
			err = told.Err
		}
		return fmt.Errorf("post traces: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("post traces: status %d", response.StatusCode)
	}
	return nil
}
