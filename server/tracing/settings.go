package tracing

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// defaultTimeout is the specification's.
const defaultTimeout = 10 * time.Second

// settings are those of the variables of OpenTelemetry that this exporter reads. The SDK reads those of sampling, batches and the
// resource by itself.
type settings struct {
	endpoint string
	// headers are secret: they hold the keys of whoever takes the traces.
	headers http.Header
	timeout time.Duration
	// roots is nil for the usual ones.
	roots *x509.CertPool
}

// read returns false if nobody wants traces. Errors name variables and never quote what is in them.
func read(getenv func(string) string) (settings, bool, error) {
	of := func(name string) string {
		if specific := getenv("OTEL_EXPORTER_OTLP_TRACES_" + name); specific != "" {
			return specific
		}
		return getenv("OTEL_EXPORTER_OTLP_" + name)
	}
	endpoint := endpoint(getenv)
	if endpoint == "" || strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return settings{}, false, nil
	}
	s := settings{endpoint: endpoint, headers: http.Header{}, timeout: defaultTimeout}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return settings{}, false, errors.New("OTEL_EXPORTER_OTLP_ENDPOINT is no http or https URL")
	}
	if protocol := of("PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		return settings{}, false, errors.New("OTEL_EXPORTER_OTLP_PROTOCOL is not http/protobuf, the one that is supported")
	}
	if s.headers, err = headers(of("HEADERS")); err != nil {
		return settings{}, false, err
	}
	if raw := of("TIMEOUT"); raw != "" {
		ms, err := strconv.Atoi(raw)
		if err != nil || ms <= 0 {
			return settings{}, false, errors.New("OTEL_EXPORTER_OTLP_TIMEOUT is no number of milliseconds")
		}
		s.timeout = time.Duration(ms) * time.Millisecond
	}
	if path := of("CERTIFICATE"); path != "" {
		if s.roots, err = roots(path); err != nil {
			return settings{}, false, err
		}
	}
	return s, true, nil
}

// endpoint is where traces go: the variable for traces is a whole URL, the one for all signals has the path added.
func endpoint(getenv func(string) string) string {
	if whole := getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"); whole != "" {
		return whole
	}
	base := getenv("OTEL_EXPORTER_OTLP_ENDPOINT")
	if base == "" {
		return ""
	}
	return strings.TrimSuffix(base, "/") + "/v1/traces"
}

// headers reads key=value pairs with commas between them, the values as in a URL.
func headers(raw string) (http.Header, error) {
	all := http.Header{}
	for pair := range strings.SplitSeq(raw, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !found || name == "" || err != nil || strings.ContainsAny(name+value, "\r\n") {
			return nil, errors.New("OTEL_EXPORTER_OTLP_HEADERS is not a list of name=value")
		}
		all.Set(name, value)
	}
	return all, nil
}

func roots(path string) (*x509.CertPool, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read OTEL_EXPORTER_OTLP_CERTIFICATE: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, errors.New("OTEL_EXPORTER_OTLP_CERTIFICATE has no certificate in PEM")
	}
	return pool, nil
}

// client is for this endpoint alone.
func (s settings) client() *http.Client {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.roots},
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: s.timeout,
		MaxIdleConns:        1,
		IdleConnTimeout:     90 * time.Second,
	}
	return &http.Client{
		Transport: transport, Timeout: s.timeout,
		// A followed redirect would carry the headers to wherever it points.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
