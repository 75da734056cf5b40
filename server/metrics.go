package server

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/forwardauth"
	"github.com/googlelogin/operator/server/middleware"
)

// metrics are this server's, in a registry of their own. Every label is from a closed list: a stranger must not be able to make
// a new time series.
type metrics struct {
	registry            *prometheus.Registry
	loginsStarted       prometheus.Counter
	logins              *prometheus.CounterVec
	sessionsStarted     prometheus.Counter
	sessionsEnded       *prometheus.CounterVec
	sessionsDeleted     prometheus.Counter
	credentialsRejected prometheus.Counter
	rateLimited         *prometheus.CounterVec
	checks              *prometheus.CounterVec
	allowed             map[string]prometheus.Counter
	reloads             *prometheus.CounterVec
	availability        *prometheus.GaugeVec
	renewals            *prometheus.CounterVec
	storeDurations      *prometheus.HistogramVec
	storeFailures       *prometheus.CounterVec
	requests            *prometheus.CounterVec
	durations           *prometheus.HistogramVec
}

func newMetrics(version string, backend config.StorageType) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "googlelogin", Name: name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "googlelogin", Name: name, Help: help}, labels)
	}
	m := &metrics{
		registry:            prometheus.NewRegistry(),
		loginsStarted:       counter("logins_started_total", "Browsers that were sent to Google."),
		logins:              counters("logins_total", "Callbacks by outcome: success, refused, or an error code.", "outcome"),
		sessionsStarted:     counter("sessions_started_total", "Sessions that a login started."),
		sessionsEnded:       counters("sessions_ended_total", "Logouts, of one session or of all of a user's.", "scope"),
		sessionsDeleted:     counter("sessions_deleted_total", "Sessions deleted from the store after their end."),
		credentialsRejected: counter("credentials_rejected_total", "Logins that failed because Google does not take the client."),
		rateLimited:         counters("rate_limited_total", "Requests refused because a client or an account asked too often.", "limit"),
		checks:              counters("checks_total", "Answers to proxies that asked about a request.", "proxy", "outcome"),
		reloads:             counters("reloads_total", "Files read again, by result.", "file", "result"),
		availability: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "googlelogin", Name: "available", Help: "Whether what a login needs was there when /readyz last looked: 1 or 0.",
		}, []string{"check"}),
		renewals: counters("renewals_total", "Attempts to renew a session, by what asked and how it ended.", "kind", "outcome"),
		storeDurations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "googlelogin", Name: "store_operation_duration_seconds", Help: "Duration of operations of the store.",
			ConstLabels: prometheus.Labels{"backend": strings.ToLower(string(backend))},
			Buckets:     []float64{.0005, .001, .0025, .01, .05, .25, 1, 5},
		}, []string{"operation"}),
		storeFailures: counters("store_failures_total", "Operations of the store that failed.", "operation", "reason"),
		requests:      counters("http_requests_total", "Requests to the public port.", "route", "method", "status"),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "googlelogin", Name: "http_request_duration_seconds", Help: "Duration of requests to the public port.",
			Buckets: []float64{.001, .005, .025, .1, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route"}),
	}
	m.allowed = map[string]prometheus.Counter{}
	for _, proxy := range forwardauth.Proxies() {
		m.allowed[proxy] = m.checks.WithLabelValues(proxy, forwardauth.Allowed)
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "googlelogin", Name: "build_info", Help: "Always 1; the labels say what is running.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(build, m.loginsStarted, m.logins, m.sessionsStarted, m.sessionsEnded, m.sessionsDeleted,
		m.credentialsRejected, m.rateLimited, m.checks, m.reloads, m.availability, m.renewals, m.storeDurations, m.storeFailures, m.requests, m.durations,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// LoginStarted implements login.Metrics, as the next ones do.
func (m *metrics) LoginStarted() { m.loginsStarted.Inc() }

func (m *metrics) LoginFinished(outcome string) { m.logins.WithLabelValues(outcome).Inc() }

func (m *metrics) SessionStarted() { m.sessionsStarted.Inc() }

func (m *metrics) SessionEnded(everywhere bool) {
	scope := "one"
	if everywhere {
		scope = "all"
	}
	m.sessionsEnded.WithLabelValues(scope).Inc()
}

func (m *metrics) CredentialsRejected() { m.credentialsRejected.Inc() }

func (m *metrics) RateLimited(limit string) { m.rateLimited.WithLabelValues(limit).Inc() }

// Checked implements forwardauth.Metrics. To look a counter up by its labels would cost as much as to look the session up, so that
// those of the one outcome that comes thousands of times a second are looked up before.
func (m *metrics) Checked(proxy, outcome string) {
	if counter, ok := m.allowed[proxy]; ok && outcome == forwardauth.Allowed {
		counter.Inc()
		return
	}
	m.checks.WithLabelValues(proxy, outcome).Inc()
}

// Renewed implements session.Metrics and token.Metrics. What asked is told by the route that the request came to.
func (m *metrics) Renewed(ctx context.Context, outcome string) {
	kind := "cookie"
	switch middleware.From(ctx).Route {
	case "check":
		kind = "forward_auth"
	case "token":
		kind = "refresh_token"
	}
	m.renewals.WithLabelValues(kind, outcome).Inc()
}

// storeOperation is told by measuredStore. A client that went away is no failure of the store.
func (m *metrics) storeOperation(operation string, err error, took time.Duration) {
	m.storeDurations.WithLabelValues(operation).Observe(took.Seconds())
	switch {
	case isAnswer(err):
	case errors.Is(err, context.Canceled):
		m.storeFailures.WithLabelValues(operation, "canceled").Inc()
	case errors.Is(err, context.DeadlineExceeded):
		m.storeFailures.WithLabelValues(operation, "timeout").Inc()
	default:
		m.storeFailures.WithLabelValues(operation, "error").Inc()
	}
}

// Request implements middleware.Observer. Checks that are answered at once do not get here: Checked counts them.
func (m *metrics) Request(route, method string, status int, duration time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.durations.WithLabelValues(route).Observe(duration.Seconds())
}

// available is for an alert: a server whose store went away stays in service.
func (m *metrics) available(check string, err error) {
	value := 1.0
	if err != nil {
		value = 0
	}
	m.availability.WithLabelValues(check).Set(value)
}

func (m *metrics) reloaded(file string, err error) {
	result := "success"
	if err != nil {
		result = "failure"
	}
	m.reloads.WithLabelValues(file, result).Inc()
}
