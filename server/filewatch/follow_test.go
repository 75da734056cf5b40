package filewatch

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Channels without a buffer let the test know that each step was taken before the next.
func TestFollow_LooksOnceEventsHaveSettledAndCallsForNewContentAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	write := func(content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	watcher := &fsnotify.Watcher{Events: make(chan fsnotify.Event), Errors: make(chan error)}
	clock := make(chan time.Time)
	calls := 0
	f := follower{
		log: slog.New(slog.DiscardHandler), paths: []string{path}, before: fingerprint([]string{path}),
		onChange: func() { calls++ }, settled: func() <-chan time.Time { return clock },
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { f.follow(ctx, watcher); close(done) }()

	// Whoever takes an event has done with the look before it: a file that is written meanwhile would be seen half.
	looked := func() { watcher.Events <- fsnotify.Event{} }
	// The same content: no call.
	watcher.Events <- fsnotify.Event{}
	clock <- time.Time{}
	looked()
	// New content, told of several times: one call.
	write("two")
	watcher.Events <- fsnotify.Event{}
	watcher.Events <- fsnotify.Event{}
	clock <- time.Time{}
	looked()
	// Lost events: a look, and a call.
	write("three")
	watcher.Errors <- errors.New("overflow")
	clock <- time.Time{}
	looked()
	cancel()
	<-done
	if calls != 2 {
		t.Errorf("called %d times, want 2", calls)
	}
}
