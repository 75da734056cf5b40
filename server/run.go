package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/footprint"
	"github.com/googlelogin/operator/server/tracing"
)

// Options of Run.
type Options struct {
	ConfigPath string
	Version    string
	Log        *slog.Logger
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
	public, err := net.Listen("tcp", cfg.Listen.Public)
	if err != nil {
		return fmt.Errorf("listen for the public: %w", err)
	}
	internal, err := net.Listen("tcp", cfg.Listen.Internal)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for the inside: %w", err), public.Close())
	}
	envoy, err := listenForEnvoy(cfg.Listen.ExtAuthz)
	if err != nil {
		return errors.Join(err, public.Close(), internal.Close())
	}
	// Before the first request, so that a server with all its files is ready as soon as it listens.
	a.reloader.loadAll()

	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	group.Go(func() { a.reloader.run(background) })
	group.Go(func() { footprint.Run(background) })
	group.Go(func() { sweep(background, a.kept, a.metrics, o.Log, o.Now) })
	if a.shared {
		group.Go(func() { follow(background, a, o.Log) })
	}
	defer group.Wait()
	defer stop()

	servers := []*http.Server{newServer(a.public, o.Log), newServer(a.internal, o.Log), newGRPCServer(a.envoy, o.Log)}
	failed := make(chan error, len(servers))
	group.Go(func() { failed <- servers[0].Serve(public) })
	group.Go(func() { failed <- servers[1].Serve(internal) })
	if envoy != nil {
		group.Go(func() { failed <- servers[2].Serve(envoy) })
		o.Log.Info("listening for Envoy", "extAuthz", envoy.Addr().String())
	}
	o.Log.Info("listening", "googlelogin", cfg.Instance, "public", public.Addr().String(), "internal", internal.Addr().String())
	if len(cfg.TrustedProxies) == 0 {
		o.Log.Info("no trusted proxies: behind a proxy all clients have its address, and share one rate limit",
			"perAddress", cfg.RateLimits.PerAddress)
	}
	if o.Listening != nil {
		o.Listening(public.Addr(), internal.Addr())
	}
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve: %w", err), servers[0].Close(), servers[1].Close(), servers[2].Close())
	case <-ctx.Done():
	}
	return a.drain(servers[0], servers[2], servers[1], a.current.Load().DrainTimeout.Std(), o.Log)
}

// drain stops in the order that loses nothing: readiness first, so that the cluster sends no more; then the public port and Envoy's, once
// what was under way is answered; the internal one last, so that the probes are answered all the while.
func (a *app) drain(public, envoy, internal *http.Server, within time.Duration, log *slog.Logger) error {
	log.Info("draining", "duration", within)
	a.health.draining.Store(true)
	public.SetKeepAlivesEnabled(false)
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	// It takes the cluster a moment to learn that this pod is gone; connections that come meanwhile are served.
	select {
	case <-time.After(farewell(a.shared, within)):
	case <-ctx.Done():
	}
	return errors.Join(shutDown(ctx, public), shutDown(ctx, envoy), internal.Close())
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
		Handler:           h,
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
