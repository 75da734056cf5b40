// Package filewatch tells when files change, the way the kubelet changes them.
//
// A mounted ConfigMap or Secret is a folder of symbolic links through one more link, "..data", which the kubelet swaps. Nothing
// happens to the file itself, so its folder is watched. What counts is the content: a swap that leaves it as it was is no change.
package filewatch

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settle is how long after a first event the files are read: a writer rarely needs one event alone.
	settle = 100 * time.Millisecond
	// maxFile bounds what is read of one file.
	maxFile = 1 << 20
)

// Watch calls onChange after the content of any of the files has changed, and once when the watch stands, since a file may have
// changed after the caller first read it. It calls from one goroutine and returns when ctx ends, with nil; or at once with an
// error, if a folder cannot be watched. A file that is missing counts as a content of its own.
func Watch(ctx context.Context, log *slog.Logger, paths []string, onChange func()) error {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch files: %w", err)
	}
	defer watcher.Close()
	for _, folder := range folders(paths) {
		if err := watcher.Add(folder); err != nil {
			return fmt.Errorf("watch folder %s: %w", folder, err)
		}
	}
	f := follower{log: log, paths: paths, onChange: onChange, settled: func() <-chan time.Time { return time.After(settle) }}
	f.before = fingerprint(paths)
	onChange()
	f.follow(ctx, watcher)
	return nil
}

// follower turns events into calls.
type follower struct {
	log      *slog.Logger
	paths    []string
	before   [][32]byte
	onChange func()
	// settled returns what tells when events have settled.
	settled func() <-chan time.Time
}

func (f *follower) follow(ctx context.Context, watcher *fsnotify.Watcher) {
	var settled <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-watcher.Events:
		case err := <-watcher.Errors:
			// Most likely an overflow: events were lost, so look.
			f.log.Warn("file watch disturbed", "err", err)
		case <-settled:
			settled = nil
			f.look()
			continue
		}
		if settled == nil {
			settled = f.settled()
		}
	}
}

func (f *follower) look() {
	after := fingerprint(f.paths)
	if slices.Equal(f.before, after) {
		return
	}
	f.before = after
	f.onChange()
}

func folders(paths []string) []string {
	var found []string
	for _, path := range paths {
		found = append(found, filepath.Dir(path))
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// fingerprint returns a digest for each file; of nothing for one that cannot be read.
func fingerprint(paths []string) [][32]byte {
	digests := make([][32]byte, len(paths))
	for i, path := range paths {
		digests[i] = digest(path)
	}
	return digests
}

func digest(path string) [32]byte {
	f, err := os.Open(path)
	if err != nil {
		return [32]byte{}
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, io.LimitReader(f, maxFile)); err != nil {
		return [32]byte{}
	}
	return [32]byte(hash.Sum(nil))
}
