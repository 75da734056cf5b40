package filewatch_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/googlelogin/operator/server/filewatch"
)

// mount is a folder as the kubelet mounts a Secret: files are links through "..data", which is swapped.
type mount struct {
	t      *testing.T
	folder string
	swaps  int
}

func newMount(t *testing.T, content string) *mount {
	t.Helper()
	m := &mount{t: t, folder: t.TempDir()}
	m.swap(content)
	if err := os.Symlink(filepath.Join("..data", "keys.json"), m.file()); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *mount) file() string { return filepath.Join(m.folder, "keys.json") }

// swap puts new content in place at one stroke, and removes the old.
func (m *mount) swap(content string) {
	m.t.Helper()
	m.swaps++
	version := fmt.Sprintf("..version_%d", m.swaps)
	fresh, link := filepath.Join(m.folder, version), filepath.Join(m.folder, "..data")
	old, _ := os.Readlink(link)
	for _, step := range []func() error{
		func() error { return os.Mkdir(fresh, 0o700) },
		func() error { return os.WriteFile(filepath.Join(fresh, "keys.json"), []byte(content), 0o600) },
		func() error { return os.Symlink(version, link+"_tmp") },
		func() error { return os.Rename(link+"_tmp", link) },
		func() error {
			if old == "" {
				return nil
			}
			return os.RemoveAll(filepath.Join(m.folder, old))
		},
	} {
		if err := step(); err != nil {
			m.t.Fatal(err)
		}
	}
}

// watch hands what each call sees in the file to the test, and ends with it.
func watch(t *testing.T, paths ...string) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	seen, done := make(chan string, 100), make(chan error, 1)
	go func() {
		done <- filewatch.Watch(ctx, nil, paths, func() {
			content, err := os.ReadFile(paths[0])
			if err != nil {
				content = []byte("unreadable")
			}
			seen <- string(content)
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("watch ended with %v", err)
		}
	})
	return seen
}

func expect(t *testing.T, seen <-chan string, want string) {
	t.Helper()
	if got := <-seen; got != want {
		t.Fatalf("called with %q in the file, want %q", got, want)
	}
}

// await passes over calls between the steps of a writer who does not swap.
func await(seen <-chan string, want string) {
	for got := range seen {
		if got == want {
			return
		}
	}
}

func TestWatch_SeesASwappedMount(t *testing.T) {
	m := newMount(t, "one")
	seen := watch(t, m.file())
	expect(t, seen, "one")
	for _, content := range []string{"two", "three", ""} {
		m.swap(content)
		expect(t, seen, content)
	}
}

func TestWatch_SeesAPlainFileWrittenReplacedAndRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	seen := watch(t, path)
	expect(t, seen, "unreadable")
	if err := os.WriteFile(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	await(seen, "one")
	if err := os.WriteFile(path+".new", []byte("two"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	await(seen, "two")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	await(seen, "unreadable")
}

func TestWatch_SeesEachOfSeveralFolders(t *testing.T) {
	first, second := newMount(t, "one"), newMount(t, "other")
	seen := watch(t, first.file(), second.file(), second.file())
	expect(t, seen, "one")
	second.swap("other two")
	expect(t, seen, "one")
	first.swap("two")
	expect(t, seen, "two")
}

func TestWatch_NamesAFolderThatIsMissing(t *testing.T) {
	called := false
	err := filewatch.Watch(t.Context(), nil, []string{filepath.Join(t.TempDir(), "missing", "keys.json")}, func() { called = true })
	if err == nil || called {
		t.Errorf("error is %v, called %t", err, called)
	}
}
