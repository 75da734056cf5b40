package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/crash"
	"github.com/googlelogin/operator/server/middleware"
	"github.com/googlelogin/operator/server/tracing"
)

// Options of Run.
type Options struct {
	ConfigPath string
	Version    string
	Log        *slog.Logger
	// Prove lets the server ask Google, in the background, whether it takes the client ID and secret.
	Prove bool
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// Listening, if set, is told the addresses once both ports accept connections.
	Listening func(public, internal net.Addr)
}

// Run serves until ctx ends, and then until the requests under way are answered or the drain's time is up.
func Run(ctx context.Context, o Options) error {
	if o.Now == nil {
		o.Now = time.Now
	}
	return crash.Contain(ctx, o.Log, "server", func() error { return serve(ctx, o) })
}

func serve(ctx context.Context, o Options) error {
	file, err := config.LoadFile(o.ConfigPath)
	if err != nil {
		return err
	}
	cfg := file.Config
	kept, err := openStore(ctx, cfg, o.Log)
	if err != nil {
		return fmt.Errorf("open storage: %w", err)
	}
	traces := tracing.New(ctx, tracing.Options{Getenv: os.Getenv, Instance: cfg.Instance, Version: o.Version, Log: o.Log})
	a, err := assemble(file, kept, o.Version, o.Log, o.Now, traces)
	if err == nil {
		a.follow(o.ConfigPath)
		err = a.run(ctx, cfg, o)
	}
	return errors.Join(err, traces.Close(), kept.Close())
}

// run owns the listeners and what goes on in the background.
func (a *app) run(ctx context.Context, cfg config.Config, o Options) error {
	doors, err := a.open(cfg.Listen, o.Log)
	if err != nil {
		return err
	}
	// Before the first request, so that a server with all its files is ready as soon as it listens.
	a.reloader.loadAll()

	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	serving, fail := context.WithCancelCause(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	defer func() { _ = closeAll(doors) }()
	// Whatever part fails, the server ends: one that no longer learns of its files, or of sessions that were ended elsewhere, lets in
	// whoever may come in no more.
	begin := func(name string, part func() error) {
		group.Go(func() {
			if err := crash.Contain(background, o.Log, name, part); err != nil {
				fail(err)
			}
		})
	}
	for _, l := range a.loops(o) {
		begin(l.name, func() error { l.run(background); return nil })
	}
	listening := []any{"googlelogin", cfg.Instance}
	for _, d := range doors {
		begin(d.name, d.serve)
		listening = append(listening, d.name, d.listener.Addr().String())
	}
	o.Log.Info("listening", listening...)
	if len(cfg.TrustedProxies) == 0 {
		o.Log.Info("no trusted proxies: behind a proxy all clients have its address, and share one rate limit",
			"perAddress", cfg.RateLimits.PerAddress)
	}
	if o.Listening != nil {
		o.Listening(doors[0].listener.Addr(), doors[1].listener.Addr())
	}
	select {
	case <-serving.Done():
		return errors.Join(fmt.Errorf("serve: %w", context.Cause(serving)), closeAll(doors))
	case <-ctx.Done():
	}
	return errors.Join(a.drain(serving, doors, a.current.Load().DrainTimeout.Std(), o.Log), context.Cause(serving))
}

// drain stops in the order that loses nothing: readiness first, so that the cluster sends no more; then every port but the internal
// one, once what was under way is answered; the internal one last, so that the probes are answered all the while. If serving ends, since a
// part has failed, whatever is left is cut off.
func (a *app) drain(serving context.Context, doors []door, within time.Duration, log *slog.Logger) error {
	log.Info("draining", "duration", within)
	a.health.draining.Store(true)
	ctx, cancel := context.WithTimeout(serving, within)
	defer cancel()
	closing := slices.DeleteFunc(slices.Clone(doors), func(d door) bool { return d.name == internalDoor })
	doors[0].server.SetKeepAlivesEnabled(false)
	// It takes the cluster a moment to learn that this pod is gone; connections that come meanwhile are served.
	select {
	case <-time.After(farewell(a.shared, within)):
	case <-ctx.Done():
	}
	var problems []error
	for _, d := range closing {
		problems = append(problems, shutDown(ctx, d.server))
	}
	return errors.Join(append(problems, closeAll(doors))...)
}

// shutDown waits for what is under way, and cuts it off when ctx ends.
func shutDown(ctx context.Context, s *http.Server) error {
	if err := s.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("drain: %w", err), s.Close())
	}
	return nil
}

// farewell is how long a server that ends still accepts connections. Every node has to hear that the pod is gone, and a busy one takes
// seconds: who connects too late is refused. A server that is alone is short about it, since the next one is started only after it has
// ended, and nobody else could be asked meanwhile.
func farewell(shared bool, within time.Duration) time.Duration {
	if shared {
		return min(5*time.Second, within/4)
	}
	return min(time.Second, within/10)
}

// newServer bounds how long a client may take with everything, so that slow ones cannot occupy the server.
func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           middleware.Contain(log, h),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		// Longer than everything that a callback asks of Google together.
		WriteTimeout:   60 * time.Second,
		IdleTimeout:    90 * time.Second,
		MaxHeaderBytes: maxHeaderBytes,
		// "OPTIONS *" is a request like any other: logged, counted, and found nowhere.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
