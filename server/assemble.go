package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/flow"
	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/keyring"
	"github.com/googlelogin/operator/server/tracing"
	"github.com/googlelogin/operator/server/workload"
)

// Names of sources and checks, for logs, metrics and /readyz.
const (
	signingKeys = "signing_keys"
	sealingKeys = "sealing_keys"
	credentials = "credentials"
	storage     = "storage"
	clusterKeys = "cluster_keys"
	// configuration is the file that all of this is about.
	configuration = "config"
)

// app is one callback server, assembled and not yet listening.
type app struct {
	*live
	public, internal http.Handler
	health           *health
	reloader         *reloader
	// envoy answers by gRPC, if the configuration asks for it.
	envoy http.Handler
	// admin answers administrators, if the configuration has any.
	admin http.Handler
	// shared says that other servers use the same store.
	shared bool
}

// assemble makes everything out of a validated configuration. It reads no file and contacts nobody.
func assemble(file config.File, kept store, version string, log *slog.Logger, now func() time.Time, traces *tracing.Traces) (*app, error) {
	log = traces.Log(log)
	cfg, m := file.Config, newMetrics(version, file.Storage.Type)
	measured := m.measured(kept)
	p := parts{
		kept: measured, metrics: m, version: version, now: now, log: log, tracer: traces.Tracer(),
		keys:      keyring.New(keyring.Options{Now: now, Log: log}),
		sealer:    &flow.Sealer{Now: now},
		finished:  flow.NewFinished(now, finishedElsewhere(cfg, measured)),
		addresses: newLimiter(cfg.RateLimits.PerAddress, addressKeys, now),
		accounts:  newLimiter(cfg.RateLimits.PerAccount, accountKeys, now),
		callers:   newLimiter(callsPerMinute, callerKeys, now),
		cluster:   new(workload.Keys),
		calls:     newAdminMetrics(m),
	}
	p.moving, _ = kept.(reloadable)
	m.registry.MustRegister(newKeyCollector(p.keys, p.sealer, now))
	p.proof = newProof(cfg.RedirectURIs[0], log)
	p.provider = google.New(google.Options{Issuer: cfg.Google.Issuer, Now: now, Log: log, Registerer: m.registry, Met: p.proof.met})
	p.proof.google = p.provider
	l, err := newLive(p, file)
	if err != nil {
		return nil, err
	}
	files := &reloader{metrics: m, log: log, sources: l.sources(cfg)}
	probes := &health{metrics: m, checks: []check{
		{name: signingKeys, ok: files.explain(signingKeys, p.keys.Ready)},
		{name: sealingKeys, ok: files.explain(sealingKeys, p.sealer.Ready)},
		{name: credentials, ok: files.explain(credentials, p.provider.Ready)},
		{name: storage, ok: measured.Ping, toStart: true},
	}}
	return &app{
		live: l, public: l.handler(publicPort), envoy: l.handler(envoyPort), admin: l.handler(adminPort),
		internal: internalHandler(probes, m, func() config.Status { return l.status(files.state(configuration)) }),
		health:   probes, reloader: files, shared: cfg.Storage.Type == config.StoragePostgres,
	}, nil
}

// finishedElsewhere keeps finished flows for the other servers; nil if there are none.
func finishedElsewhere(cfg config.Config, kept store) flow.Store {
	if cfg.Storage.Type == config.StoragePostgres {
		return kept
	}
	return nil
}

func loadCredentials(to *proof, from config.Client) error {
	c, err := google.LoadCredentials(from)
	if err != nil {
		return err
	}
	to.offer(c)
	return nil
}

// explain makes a check out of a readiness: if something is missing, the reason is why its file could not be read.
func (r *reloader) explain(name string, ready func() error) func(context.Context) error {
	return func(context.Context) error {
		if err := ready(); err != nil {
			return errors.Join(err, r.state(name))
		}
		return nil
	}
}
