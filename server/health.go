package server

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/httperr"
)

// pingTimeout is how long the store may take to show that it is there; probes commonly wait a second or two.
const pingTimeout = time.Second

// check is one thing that has to be there before a login can succeed. Google is none of them: it is the same for every replica, so
// taking this one out of service would help nobody.
type check struct {
	name string
	ok   func(ctx context.Context) error
	// toStart says that a server needs it to begin with, and is not taken out of service when it goes away. That is the store: it
	// goes away for all replicas at once, and without any of them nobody would answer for the tokens that are out, which need no store.
	toStart bool
}

// health answers the probes.
type health struct {
	checks   []check
	metrics  *metrics
	draining atomic.Bool
	// started is true once every check was good at the same time.
	started atomic.Bool
}

type readiness struct {
	Ready  bool          `json:"ready"`
	Checks []checkResult `json:"checks"`
}

type checkResult struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Reason is for whoever operates the server: it names files, never what is in them.
	Reason string `json:"reason,omitempty"`
}

var errDraining = errors.New("shutting down")

// ready serves /readyz: every check with its reason.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	answer, allGood := readiness{Ready: true, Checks: []checkResult{}}, true
	add := func(name string, err error, spared bool) {
		result := checkResult{Name: name, OK: err == nil}
		if err != nil {
			result.Reason, allGood = err.Error(), false
			answer.Ready = answer.Ready && spared
		}
		answer.Checks = append(answer.Checks, result)
	}
	ctx, cancel := context.WithTimeout(r.Context(), pingTimeout)
	defer cancel()
	for _, c := range h.checks {
		err := c.ok(ctx)
		h.metrics.available(c.name, err)
		add(c.name, err, c.toStart && h.started.Load())
	}
	if allGood {
		h.started.Store(true)
	}
	if h.draining.Load() {
		add("serving", errDraining, false)
	}
	status := http.StatusOK
	if !answer.Ready {
		status = http.StatusServiceUnavailable
	}
	httperr.WriteJSON(w, status, answer)
}

// live serves /healthz. It asks nothing: a restart mends neither a missing Secret nor a full disk.
func (h *health) live(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte("ok\n"))
}

// internalHandler has the routes of the internal port.
func internalHandler(h *health, m *metrics, status func() config.Status) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", h.live)
	mux.HandleFunc("GET /readyz", h.ready)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { httperr.WriteJSON(w, http.StatusOK, status()) })
	mux.Handle("GET /metrics", m.handler())
	return mux
}
