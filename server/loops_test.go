package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/crash"
	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/store/memory"
)

const panicSecret = "canary-in-a-panic"

// explosive is a store, and Google, that panic where it is said.
type explosive struct {
	*memory.Store
	at string
	// draining says that the server drains.
	draining func() bool
}

func (e *explosive) maybe(where string) {
	if e.at == where {
		panic(errors.New(panicSecret))
	}
}

func (e *explosive) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	e.maybe("sweep")
	return e.Store.DeleteExpired(ctx, now, limit)
}

func (e *explosive) RevokedSince(ctx context.Context, since time.Time) (map[string]time.Time, error) {
	e.maybe("ended sessions")
	if e.draining() {
		e.maybe("ended sessions, while it drains")
	}
	return e.Store.RevokedSince(ctx, since)
}

func (e *explosive) SetCredentials(google.Credentials) {}

func (e *explosive) Prove(context.Context, google.Credentials, string) error {
	e.maybe("proof")
	return nil
}

// running is a server whose store and Google explode.
type running struct {
	*explosive
	app    *app
	logs   *logBuffer
	public net.Addr
	// asked hears of a request to the public port, which is answered when the test is over.
	asked chan struct{}
	stop  context.CancelFunc
	done  chan error
}

// runExplosive starts it. With a place it explodes there as soon as it is up.
func runExplosive(t *testing.T, where string, edits ...func(*config.Config, *app)) *running {
	t.Helper()
	cfg := newConfig(t.TempDir(), "http://127.0.0.1:1")
	cfg.Listen = config.Listen{Public: "127.0.0.1:0", Internal: "127.0.0.1:0"}
	writeFiles(t, cfg)
	cfg.DrainTimeout = config.Duration(time.Hour)
	r := &running{explosive: &explosive{Store: memory.New(), at: where}, logs: new(logBuffer), asked: make(chan struct{}), done: make(chan error, 1)}
	log := slog.New(slog.NewJSONHandler(r.logs, nil))
	var err error
	if r.app, err = assemble(config.File{Config: cfg}, r.explosive, "test", log, time.Now, nil); err != nil {
		t.Fatal(err)
	}
	r.app.public = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { r.asked <- struct{}{}; <-t.Context().Done() })
	r.draining = r.app.health.draining.Load
	r.app.shared, r.app.proof.google = true, r.explosive
	starting := true
	r.app.reloader.sources = append(r.app.reloader.sources, source{"test", []string{cfg.Client.IDFile}, func() error {
		if !starting {
			r.maybe("files")
		}
		starting = false
		return nil
	}})
	for _, edit := range edits {
		edit(&cfg, r.app)
	}
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	listening := make(chan net.Addr, 1)
	o := Options{Log: log, Prove: true, Now: time.Now, Listening: func(public, _ net.Addr) { listening <- public }}
	go func() { r.done <- r.app.run(ctx, cfg, o) }()
	r.public = <-listening
	return r
}

// ended waits for its error.
func (r *running) ended(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(time.Minute):
		t.Fatal("it goes on serving")
		return nil
	}
}

func TestM8_APanicBesideTheRequestsEndsTheServerAndTellsNothing(t *testing.T) {
	for _, where := range []string{"files", "sweep", "proof", "ended sessions"} {
		t.Run(where, func(t *testing.T) {
			r := runExplosive(t, where)
			err := r.ended(t)
			if !errors.Is(err, crash.ErrPanicked) || !strings.HasPrefix(err.Error(), "serve: "+where+": ") {
				t.Errorf("error %v", err)
			}
			if conn, err := net.Dial(r.public.Network(), r.public.String()); err == nil {
				_ = conn.Close()
				t.Error("it still accepts connections")
			}
			if log := r.logs.String(); !strings.Contains(log, `"msg":"panic","in":"`+where+`"`) || strings.Contains(log+fmt.Sprint(err), panicSecret) {
				t.Errorf("error %v, log:\n%s", err, log)
			}
		})
	}
}

// Below the middleware there is nobody but the port itself to contain a panic.
func TestM8_APanicOfAPortsHandlerCutsTheConnectionAndTellsNothing(t *testing.T) {
	explode := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(errors.New(panicSecret)) })
	r := runExplosive(t, "", func(cfg *config.Config, a *app) {
		a.public, a.internal, a.admin, a.envoy = explode, explode, explode, explode
		cfg.Listen.Admin, cfg.Listen.ExtAuthz = "127.0.0.1:0", "127.0.0.1:0"
		// With others, it would wait before it ends.
		a.shared = false
	})
	var open struct{ Public, Internal, Admin, ExtAuthz string }
	for line := range strings.Lines(r.logs.String()) {
		if strings.Contains(line, `"msg":"listening"`) {
			if err := json.Unmarshal([]byte(line), &open); err != nil {
				t.Fatal(err)
			}
		}
	}
	grpc := &http.Transport{Protocols: new(http.Protocols)}
	grpc.Protocols.SetUnencryptedHTTP2(true)
	defer grpc.CloseIdleConnections()
	for name, ask := range map[string]struct {
		address string
		client  *http.Client
	}{
		"public":   {open.Public, http.DefaultClient},
		"internal": {open.Internal, http.DefaultClient},
		"admin":    {open.Admin, http.DefaultClient},
		"extAuthz": {open.ExtAuthz, &http.Client{Transport: grpc}},
	} {
		before := strings.Count(r.logs.String(), `"msg":"panic in handler"`)
		// The second time: the port goes on serving.
		for range 2 {
			response, err := ask.client.Get("http://" + ask.address)
			if err == nil {
				_ = response.Body.Close()
				t.Errorf("%s: status %d, want no answer", name, response.StatusCode)
			}
		}
		if n := strings.Count(r.logs.String(), `"msg":"panic in handler"`) - before; n < 2 {
			t.Errorf("%s: %d panics in the log, want 2", name, n)
		}
	}
	r.stop()
	if err := r.ended(t); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if log := r.logs.String(); strings.Contains(log, panicSecret) {
		t.Errorf("the value got out:\n%s", log)
	}
}

// A server that drains still answers, and has to know who has signed out elsewhere.
func TestRun_APanicWhileItDrainsCutsTheDrainShort(t *testing.T) {
	r := runExplosive(t, "ended sessions, while it drains")
	go func() {
		if response, err := http.Get("http://" + r.public.String()); err == nil {
			_ = response.Body.Close()
		}
	}()
	<-r.asked
	r.stop()
	if err := r.ended(t); !errors.Is(err, crash.ErrPanicked) {
		t.Errorf("error %v", err)
	}
}

func TestRun_APanicOnTheWayUpTellsNothing(t *testing.T) {
	logs := new(logBuffer)
	cfg := localConfig(t, "http://127.0.0.1:1")
	cfg.Listen = config.Listen{Public: "127.0.0.1:0", Internal: "127.0.0.1:0"}
	content, err := cfg.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	write(t, path, string(content))
	err = Run(t.Context(), Options{
		ConfigPath: path, Log: slog.New(slog.NewJSONHandler(logs, nil)), Listening: func(_, _ net.Addr) { panic(panicSecret) },
	})
	if !errors.Is(err, crash.ErrPanicked) || strings.Contains(err.Error()+logs.String(), panicSecret) {
		t.Errorf("error %v, log:\n%s", err, logs)
	}
}
