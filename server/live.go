package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/googlelogin/operator/server/access"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/flow"
	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/keyring"
	"github.com/googlelogin/operator/server/limit"
	"github.com/googlelogin/operator/server/returnurl"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/users"
	"github.com/googlelogin/operator/server/workload"
)

// parts are what a server keeps for its whole life, whatever becomes of its configuration: what it has opened, and what it remembers
// and must not forget, such as who asked too often and which flows came back.
type parts struct {
	kept store
	// moving is the store if a file says where it is, else nil.
	moving              reloadable
	keys                *keyring.Keyring
	sealer              *flow.Sealer
	provider            *google.Provider
	cluster             *workload.Keys
	proof               *proof
	metrics             *metrics
	calls               adminMetrics
	finished            *flow.Finished
	accounts, addresses *limit.Limiter
	callers             *limit.Limiter
	version             string
	now                 func() time.Time
	log                 *slog.Logger
	tracer              trace.Tracer
}

// generation is what is made of one configuration. It never changes; a changed configuration makes the next one.
type generation struct {
	config.File
	sessions *session.Manager
	handlers [ports]http.Handler
}

// port is a place where a generation answers.
type port int

const (
	publicPort port = iota
	envoyPort
	adminPort
	ports
)

// live hands each request to the generation that is current when it comes; it finishes there.
type live struct {
	parts
	current atomic.Pointer[generation]
}

// newLive begins with the generation of file.
func newLive(p parts, file config.File) (*live, error) {
	l := &live{parts: p}
	first, err := l.generation(file, nil)
	if err != nil {
		return nil, err
	}
	l.adopt(first)
	return l, nil
}

// handler serves what the current generation has for the port.
func (l *live) handler(at port) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.current.Load().handlers[at].ServeHTTP(w, r)
	})
}

// Refresh learns which sessions other servers have ended.
func (l *live) Refresh(ctx context.Context) error { return l.current.Load().sessions.Refresh(ctx) }

// load makes the configuration in the file current. What cannot be is refused, and the server goes on with the one that it has.
func (l *live) load(path string) error {
	file, err := config.LoadFile(path)
	if err != nil {
		return err
	}
	before := l.current.Load()
	if file.Hash == before.Hash {
		return nil
	}
	if err := sameStart(before.Config, file.Config); err != nil {
		return fmt.Errorf("configuration %s: %w", path, err)
	}
	next, err := l.generation(file, before.sessions)
	if err != nil {
		return fmt.Errorf("configuration %s: %w", path, err)
	}
	l.adopt(next)
	l.log.Info("configuration in force", "googlelogin", file.Instance, "configHash", file.Hash)
	return nil
}

var errRestart = errors.New("it changes what a server takes only when it starts, such as storage, ports, the paths of files or google.issuer: restart it")

// sameStart is nil if a server that began with the one configuration can go on with the other.
func sameStart(before, after config.Config) error {
	has, err := before.RestartHash()
	if err != nil {
		return err
	}
	wants, err := after.RestartHash()
	if err != nil {
		return err
	}
	if has != wants {
		return errRestart
	}
	return nil
}

// adopt puts a generation in the place of the one before.
func (l *live) adopt(next *generation) {
	l.keys.SetJWKSMaxAge(next.Keys.JWKSMaxAge.Std())
	l.addresses.Set(next.RateLimits.PerAddress, next.RateLimits.PerAddress)
	l.accounts.Set(next.RateLimits.PerAccount, next.RateLimits.PerAccount)
	l.proof.register(next.RedirectURIs[0])
	l.current.Store(next)
}

// generation makes what serves a configuration. before are the sessions of the generation before it, if there is one.
func (l *live) generation(file config.File, before *session.Manager) (*generation, error) {
	cfg := file.Config
	returnURLs, err := returnurl.Parse(cfg.Frontend.ReturnURLs)
	if err != nil {
		return nil, fmt.Errorf("parse return URLs: %w", err)
	}
	policy := access.New(cfg.Access)
	people := users.New(l.kept, policy, l.now)
	options := session.Options{
		Config: cfg.Session, Issuer: cfg.Issuer, Keyring: l.keys, Store: l.kept, Users: people, Policy: policy,
		Now: l.now, Rand: rand.Reader, Log: l.log, Metrics: l.metrics,
	}
	sessions := session.New(options)
	if before != nil {
		sessions = before.Succeed(options)
	}
	deps := Deps{
		Provider: l.provider.Asking(cfg.Google.Scopes, cfg.Google.Prompt), Sealer: l.sealer, Policy: policy, Users: people,
		Sessions: sessions, Records: l.kept, Nonces: l.kept, Families: l.kept,
		Finished: l.finished, Accounts: l.accounts, Addresses: l.addresses,
		ReturnURLs: returnURLs.Except(cfg.BasePath, cfg.RedirectURIs), Keys: l.keys, Metrics: l.metrics,
		Ready: func() error { return cmp.Or(l.keys.Ready(), l.sealer.Ready(), l.provider.Ready()) },
		Now:   l.now, Rand: rand.Reader, Log: l.log, Tracer: l.tracer,
	}
	public, err := New(cfg, deps)
	if err != nil {
		return nil, err
	}
	envoy, err := newEnvoy(cfg, deps)
	if err != nil {
		return nil, err
	}
	return &generation{File: file, sessions: sessions, handlers: [ports]http.Handler{
		publicPort: public, envoyPort: envoy, adminPort: l.newAdmin(cfg, sessions),
	}}, nil
}

// status is what the control plane is told.
func (l *live) status(problem error) config.Status {
	now := l.current.Load()
	s := config.Status{Version: l.version, Instance: now.Instance, ConfigHash: now.Hash, Credentials: l.proof.status()}
	if problem != nil {
		s.ConfigProblem = problem.Error()
	}
	return s
}
