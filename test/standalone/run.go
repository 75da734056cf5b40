package standalone

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/googlelogin/operator/server"
	"github.com/googlelogin/operator/server/config"
)

// Run serves until the test ends, by the clock now, and returns the address of the public port. What the server says goes to log,
// and is shown if the test fails.
func Run(t testing.TB, cfg config.Config, log *Log, now func() time.Time) (public string) {
	t.Helper()
	path := WriteConfig(t, cfg)
	ctx, stop := context.WithCancel(context.Background())
	listening, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, server.Options{
			ConfigPath: path, Version: "test", Log: slog.New(slog.NewTextHandler(log, nil)), Now: now,
			Listening: func(public, _ net.Addr) { listening <- public.String() },
		})
	}()
	select {
	case public = <-listening:
	case err := <-ended:
		stop()
		t.Fatalf("run the server: %v", err)
	}
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with: %v", err)
		}
		if t.Failed() {
			t.Logf("the server said:\n%s", log.End())
		}
	})
	return public
}

// Log is what a program says.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// End is what it said last.
func (l *Log) End() string {
	said := l.String()
	return said[max(0, len(said)-2000):]
}
