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
	before := fingerprint(paths)
	onChange()
	return follow(ctx, log, watcher, paths, before, onChange)
}

func follow(
	ctx context.Context, log *slog.Logger, watcher *fsnotify.Watcher, paths []string, before [][32]byte, onChange func(),
) error {
	var settled <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-watcher.Events:
			if settled == nil {
				settled = time.After(settle)
			}
		case err := <-watcher.Errors:
			// Most likely an overflow: events were lost, so look.
			log.Warn("file watch disturbed", "err", err)
			if settled == nil {
				settled = time.After(settle)
			}
		case <-settled:
			settled = nil
			after := fingerprint(paths)
			if !slices.Equal(before, after) {
				before = after
				onChange()
			}
		}
	}
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
