package server

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/googlelogin/operator/server/admin"
	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/users"
	"github.com/googlelogin/operator/server/workload"
)

// What one address may call, and how many are remembered. A script that goes through all users is quick enough, and a pod that runs
// wild cannot take the store from those who sign in.
const (
	callsPerMinute = 600
	callerKeys     = 1_000
)

// newAdmin makes the API for administrators. If nobody may call it nobody listens for it, either.
func (p parts) newAdmin(cfg config.Config, sessions admin.Sessions) http.Handler {
	return admin.New(admin.Options{
		Instance: cfg.Instance, Issuer: cmp.Or(cfg.Google.Issuer, google.Issuer), Callers: cfg.InternalAPI.Callers,
		Verifier: workload.New(p.cluster, cfg.InternalAPI.Issuer, cfg.Instance, p.now),
		Users:    users.NewDirectory(p.kept, p.now), Sessions: sessions, Families: p.kept,
		Limiter: p.callers, Metrics: p.calls, Now: p.now, Rand: rand.Reader, Log: p.log, Tracer: p.tracer,
	})
}

// adminMetrics counts calls of the admin API.
type adminMetrics struct {
	*metrics
	calls *prometheus.CounterVec
}

func newAdminMetrics(m *metrics) adminMetrics {
	calls := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "googlelogin", Name: "admin_requests_total", Help: "Calls of the admin API by operation and outcome.",
	}, []string{"operation", "outcome"})
	m.registry.MustRegister(calls)
	return adminMetrics{m, calls}
}

// Request implements middleware.Observer for the admin port.
func (m adminMetrics) Request(operation, _ string, status int, _ time.Duration) {
	m.calls.WithLabelValues(operation, callOutcome(status)).Inc()
}

// callOutcome is the audit log's word for an answer.
func callOutcome(status int) string {
	switch {
	case status >= http.StatusInternalServerError:
		return audit.OutcomeFailed
	case status == http.StatusForbidden || status == http.StatusConflict:
		return audit.OutcomeDenied
	case status >= http.StatusBadRequest:
		return audit.OutcomeRefused
	}
	return audit.OutcomeSuccess
}
