// Package tracingtest takes traces as a collector does, for tests.
package tracingtest

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Receiver is an OTLP endpoint over HTTP.
type Receiver struct {
	URL string

	mu       sync.Mutex
	spans    []*otlp.Span
	resource map[string]string
	headers  []http.Header
	raw      []byte
}

// New starts one, which answers with status.
func New(t testing.TB, status int) *Receiver {
	t.Helper()
	r := &Receiver{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		var got collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &got)
		}
		if err != nil || request.Method != http.MethodPost || request.URL.Path != "/v1/traces" ||
			request.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("no OTLP: %s %s, error %v", request.Method, request.URL, err)
		}
		r.take(request.Header, body, &got)
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	r.URL = s.URL
	return r
}

func (r *Receiver) take(header http.Header, body []byte, got *collector.ExportTraceServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.headers = append(r.headers, header)
	r.raw = append(r.raw, body...)
	for _, resource := range got.GetResourceSpans() {
		r.resource = attributes(resource.GetResource().GetAttributes())
		for _, scope := range resource.GetScopeSpans() {
			r.spans = append(r.spans, scope.GetSpans()...)
		}
	}
}

// Raw is all that came, as it came.
func (r *Receiver) Raw() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.raw)
}

// Headers are those of the requests so far.
func (r *Receiver) Headers() []http.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.headers)
}

// Resource are the attributes of whoever sent last.
func (r *Receiver) Resource() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.resource
}

// Span is a span with those below it, in the order of their begin.
type Span struct {
	Name, Kind, Status string
	Attributes         map[string]string
	Below              []Span
}

// Trees are the spans that came, by their trace IDs, from those down whose parent did not come.
func (r *Receiver) Trees() map[string][]Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.SortStableFunc(r.spans, func(a, b *otlp.Span) int {
		return int(int64(a.GetStartTimeUnixNano()) - int64(b.GetStartTimeUnixNano())) //nolint:gosec // Times of one test.
	})
	known, below := map[string]bool{}, map[string][]*otlp.Span{}
	for _, s := range r.spans {
		known[string(s.GetSpanId())] = true
		below[string(s.GetParentSpanId())] = append(below[string(s.GetParentSpanId())], s)
	}
	trees := map[string][]Span{}
	for _, s := range r.spans {
		if !known[string(s.GetParentSpanId())] {
			id := hex.EncodeToString(s.GetTraceId())
			trees[id] = append(trees[id], tree(s, below))
		}
	}
	return trees
}

func tree(s *otlp.Span, below map[string][]*otlp.Span) Span {
	found := Span{
		Name: s.GetName(), Attributes: attributes(s.GetAttributes()),
		Kind:   strings.ToLower(strings.TrimPrefix(s.GetKind().String(), "SPAN_KIND_")),
		Status: strings.ToLower(strings.TrimPrefix(s.GetStatus().GetCode().String(), "STATUS_CODE_")),
	}
	for _, next := range below[string(s.GetSpanId())] {
		found.Below = append(found.Below, tree(next, below))
	}
	return found
}

func attributes(all []*common.KeyValue) map[string]string {
	found := map[string]string{}
	for _, kv := range all {
		if text, ok := kv.GetValue().GetValue().(*common.AnyValue_StringValue); ok {
			found[kv.GetKey()] = text.StringValue
			continue
		}
		found[kv.GetKey()] = kv.GetValue().String()
	}
	return found
}
