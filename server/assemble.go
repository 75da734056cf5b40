package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/googlelogin/operator/server/access"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/flow"
	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/keyring"
	"github.com/googlelogin/operator/server/returnurl"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/users"
)

// Names of sources and checks, for logs, metrics and /readyz.
const (
	signingKeys = "signing_keys"
	sealingKeys = "sealing_keys"
	credentials = "credentials"
	storage     = "storage"
)

// app is one callback server, assembled and not yet listening.
type app struct {
	public, internal http.Handler
	health           *health
	reloader         *reloader
	metrics          *metrics
	sessions         *session.Manager
	// envoy answers by gRPC, if the configuration asks for it.
	envoy http.Handler
	// shared says that other servers use the same store.
	shared bool
}

// assemble makes everything out of a validated configuration. It reads no file and contacts nobody.
func assemble(cfg config.Config, kept store, version string, log *slog.Logger, now func() time.Time) (*app, error) {
	m := newMetrics(version)
	keys := keyring.New(keyring.Options{JWKSMaxAge: cfg.Keys.JWKSMaxAge.Std(), Now: now, Log: log})
	sealer := new(flow.Sealer)
	provider := google.New(google.Options{
		Issuer: cfg.Google.Issuer, Scopes: cfg.Google.Scopes, Prompt: cfg.Google.Prompt,
		Now: now, Log: log, Registerer: m.registry,
	})
	returnURLs, err := returnurl.Parse(cfg.Frontend.ReturnURLs)
	if err != nil {
		return nil, fmt.Errorf("parse return URLs: %w", err)
	}
	policy := access.New(cfg.Access)
	people := users.New(kept, policy, now)
	sessions := session.New(session.Options{
		Config: cfg.Session, Issuer: cfg.Issuer, Keyring: keys, Store: kept, Users: people, Policy: policy,
		Now: now, Rand: rand.Reader, Log: log,
	})
	files := &reloader{metrics: m, log: log, sources: []source{
		{signingKeys, []string{cfg.Keys.SigningFile}, func() error { return keys.Load(cfg.Keys.SigningFile) }},
		{sealingKeys, []string{cfg.Keys.SealingFile}, func() error { return sealer.Load(cfg.Keys.SealingFile) }},
		{credentials, []string{cfg.Client.IDFile, cfg.Client.SecretFile, cfg.Client.CredentialsFile}, func() error {
			return loadCredentials(provider, cfg.Client)
		}},
	}}
	if changing, ok := kept.(reloadable); ok {
		files.sources = append(files.sources, source{storage, []string{cfg.Storage.URIFile, cfg.Storage.CAFile}, changing.Reload})
	}
	probes := &health{metrics: m, checks: []check{
		{name: signingKeys, ok: files.explain(signingKeys, keys.Ready)},
		{name: sealingKeys, ok: files.explain(sealingKeys, sealer.Ready)},
		{name: credentials, ok: files.explain(credentials, provider.Ready)},
		{name: storage, ok: kept.Ping, toStart: true},
	}}
	deps := Deps{
		Provider: provider, Sealer: sealer, Policy: policy, Users: people, Sessions: sessions, Records: kept, Nonces: kept, Families: kept,
		ReturnURLs: returnURLs.Except(cfg.BasePath, cfg.RedirectURIs), Keys: keys, Metrics: m,
		Ready: func() error { return cmp.Or(keys.Ready(), sealer.Ready(), provider.Ready()) },
		Now:   now, Rand: rand.Reader, Log: log,
	}
	public, err := New(cfg, deps)
	if err != nil {
		return nil, err
	}
	envoy, err := newEnvoy(cfg, deps)
	if err != nil {
		return nil, err
	}
	return &app{
		public: public, internal: internalHandler(probes, m), health: probes, reloader: files, metrics: m,
		sessions: sessions, envoy: envoy, shared: cfg.Storage.Type == config.StoragePostgres,
	}, nil
}

func loadCredentials(provider *google.Provider, from config.Client) error {
	c, err := google.LoadCredentials(from)
	if err != nil {
		return err
	}
	provider.SetCredentials(c)
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
