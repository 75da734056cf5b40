package google

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/googlelogin/operator/server/crash"
	"github.com/googlelogin/operator/server/tracing"
)

const (
	// maxBody bounds every answer, after decompression. Google's largest is a few kilobytes.
	maxBody = 1 << 20
	// callTimeout bounds a whole call, the body included.
	callTimeout = 10 * time.Second
)

// newClient returns the only client that this package uses.
func newClient(o Options) *http.Client {
	c := http.Client{Transport: newTransport()}
	if o.HTTPClient != nil {
		c = *o.HTTPClient
	}
	if c.Transport == nil {
		c.Transport = newTransport()
	}
	c.Jar = nil
	// A followed redirect would carry the code, or the client secret, to wherever it points.
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	timeout := cmp.Or(c.Timeout, callTimeout)
	c.Timeout = 0
	c.Transport = &guard{base: c.Transport, timeout: timeout, now: o.Now, log: o.Log, metrics: newMetrics(o.Registerer)}
	return &c
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 4 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    4 * time.Second,
		ResponseHeaderTimeout:  8 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		// Google speaks HTTP/2, over one connection. A stand-in, or a proxy on the way, that does not needs one for each login at a time.
		MaxIdleConns:        64,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     90 * time.Second,
	}
}

type callKey struct{}

// withCall names the call for the guard.
func withCall(ctx context.Context, c call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// guard bounds, measures and looks at every answer before anything parses it.
type guard struct {
	base    http.RoundTripper
	timeout time.Duration
	now     func() time.Time
	log     *slog.Logger
	metrics metrics
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	c, _ := r.Context().Value(callKey{}).(call)
	// Not the injected clock: a latency is the machine's business.
	began := time.Now()
	_, span := tracing.Start(r.Context(), "google "+string(c), trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	resp, err := g.roundTrip(r)
	g.metrics.observe(c, resp, err, time.Since(began))
	mark(span, resp, err)
	if err != nil {
		return nil, err
	}
	g.checkClock(r.Context(), resp, c)
	return resp, nil
}

// roundTrip bounds the call in time, its body included. The client's Timeout would do so too, with a goroutine for each call.
func (g *guard) roundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), g.timeout)
	defer cancel()
	resp, err := g.base.RoundTrip(r.WithContext(ctx))
	if err == nil {
		err = buffer(resp)
	}
	return resp, err
}

// mark says on the span how the call ended, in the words of the metric.
func mark(span trace.Span, resp *http.Response, err error) {
	if err == nil {
		span.SetAttributes(attribute.Int("http.response.status_code", resp.StatusCode))
	}
	if how := outcome(resp, err); how != outcomeOK {
		tracing.Fail(span, how)
	}
}

// buffer reads the whole body, up to its bound.
func buffer(resp *http.Response) error {
	defer resp.Body.Close()
	b, err := read(io.LimitReader(resp.Body, maxBody+1), resp.ContentLength)
	if err != nil {
		return err
	}
	if len(b) > maxBody {
		return invalid("body over %d bytes", maxBody)
	}
	resp.Body = io.NopCloser(bytes.NewReader(b))
	resp.ContentLength = int64(len(b))
	return nil
}

// read is io.ReadAll for a body that says how long it is: into room that need not grow. What it says is not believed beyond its bound.
func read(body io.Reader, length int64) ([]byte, error) {
	room := bytes.MinRead + int(min(max(length, 0), maxBody))
	b := bytes.NewBuffer(make([]byte, 0, room))
	_, err := b.ReadFrom(body)
	return b.Bytes(), err
}

// checkClock counts answers from another minute: with clocks apart, good ID tokens look expired or from the future.
func (g *guard) checkClock(ctx context.Context, resp *http.Response, c call) {
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return
	}
	apart := g.now().Sub(date)
	g.metrics.skew.Set(apart.Truncate(time.Second).Seconds())
	if apart.Abs() > skew {
		g.metrics.skewed.Inc()
		g.log.WarnContext(ctx, "clock differs from Google's", "call", string(c), "apart", apart)
	}
}

// get fetches a document that must be a JSON object, and returns it with its header.
func get(ctx context.Context, client *http.Client, c call, target, bearer string) (object, http.Header, error) {
	req, err := http.NewRequestWithContext(withCall(ctx, c), http.MethodGet, target, nil)
	if err != nil {
		return nil, nil, errors.New("not a URL to fetch")
	}
	req.Header.Set("Accept", "application/json")
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, transportError("get "+string(c), err)
	}
	defer resp.Body.Close()
	if err := checkStatus(c, resp.StatusCode); err != nil {
		return nil, nil, err
	}
	doc, err := readObject(resp)
	return doc, resp.Header, err
}

// shareable runs a fetch that several requests wait for, on a goroutine of its own: a panic there would end the server. It outlives the
// request that began it; the client's timeout ends it.
func shareable[T any](ctx context.Context, log *slog.Logger, c call, fetch func(context.Context) (T, error)) (result T, err error) {
	ctx = context.WithoutCancel(ctx)
	panicked := crash.Contain(ctx, log, string(c), func() error {
		result, err = fetch(ctx)
		return nil
	})
	if panicked != nil {
		err = unavailable("get "+string(c), panicked)
	}
	return result, err
}

// transportError tells an answer that was refused from one that never came.
func transportError(attempted string, err error) error {
	if errors.Is(err, ErrTokenInvalid) {
		return err
	}
	return unavailable(attempted, err)
}

func checkStatus(c call, status int) error {
	switch {
	case unwell(status):
		return unavailable("get "+string(c), errors.New(http.StatusText(status)))
	case status != http.StatusOK:
		return invalid("%s answered %d", c, status)
	}
	return nil
}

// unwell reports the statuses that pass by themselves.
func unwell(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// readObject reads a JSON object that says it is one.
func readObject(resp *http.Response) (object, error) {
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || (media != "application/json" && media != "application/jwk-set+json") {
		return nil, invalid("content type is not JSON")
	}
	b, err := read(resp.Body, resp.ContentLength)
	if err != nil {
		return nil, unavailable("read body", err)
	}
	return parseObject(b)
}
