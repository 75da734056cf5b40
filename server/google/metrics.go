package google

import (
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// call names what is asked of Google; it is a metric label, so the list is closed.
type call string

const (
	callDiscovery call = "discovery"
	callToken     call = "token"
	callProof     call = "proof"
	callUserInfo  call = "userinfo"
	callKeys      call = "keys"
)

// The outcomes of a call; a metric label too.
const (
	outcomeOK          = "ok"
	outcomeRedirect    = "redirect"
	outcomeClientError = "client_error"
	outcomeServerError = "server_error"
	outcomeUnreachable = "unreachable"
	outcomeRefused     = "refused"
)

type metrics struct {
	duration *prometheus.HistogramVec
	skewed   prometheus.Counter
	skew     prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "googlelogin_google_request_duration_seconds",
			Help:    "Requests to Google by call and outcome.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"call", "outcome"}),
		skewed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "googlelogin_google_clock_skew_total",
			Help: "Answers whose Date differs from this server's clock by more than a minute. Tokens will be refused.",
		}),
	}
	m.skew = register(r, prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "googlelogin_google_clock_skew_seconds",
		Help: "How far this server's clock was ahead of Google's at the last answer, to the second.",
	}))
	m.duration = register(r, m.duration)
	m.skewed = register(r, m.skewed)
	return m
}

// register adds c to r, or returns the one that a Provider before this one added.
func register[C prometheus.Collector](r prometheus.Registerer, c C) C {
	if r == nil {
		return c
	}
	var there prometheus.AlreadyRegisteredError
	if errors.As(r.Register(c), &there) {
		if existing, ok := there.ExistingCollector.(C); ok {
			return existing
		}
	}
	return c
}

func (m metrics) observe(c call, resp *http.Response, err error, took time.Duration) {
	m.duration.WithLabelValues(string(c), outcome(resp, err)).Observe(took.Seconds())
}

func outcome(resp *http.Response, err error) string {
	switch {
	case errors.Is(err, ErrTokenInvalid):
		return outcomeRefused
	case err != nil:
		return outcomeUnreachable
	case resp.StatusCode >= 500:
		return outcomeServerError
	case resp.StatusCode >= 400:
		return outcomeClientError
	case resp.StatusCode >= 300:
		return outcomeRedirect
	}
	return outcomeOK
}
