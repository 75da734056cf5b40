package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLeaveWord_WritesToWhatIsThereAlone(t *testing.T) {
	folder := t.TempDir()
	there, absent := filepath.Join(folder, "termination-log"), filepath.Join(folder, "absent")
	if err := os.WriteFile(there, []byte("of the run before, and longer than the new one"), 0o600); err != nil {
		t.Fatal(err)
	}
	leaveWord(there, errors.New("open storage: disk full"))
	leaveWord(absent, errors.New("open storage: disk full"))
	if got, err := os.ReadFile(there); err != nil || string(got) != "open storage: disk full" {
		t.Errorf("left %q, %v", got, err)
	}
	if _, err := os.Stat(absent); !os.IsNotExist(err) {
		t.Errorf("a file was made: %v", err)
	}
	leaveWord(there, errors.New(strings.Repeat("é", mostWords)))
	if got, err := os.ReadFile(there); err != nil || len(got) != mostWords {
		t.Errorf("left %d bytes, %v; want at most %d", len(got), err, mostWords)
	}
}

// What ends the program is copied into a status, which more people read than a log.
func TestRun_EndsWithWordsThatQuoteNoSecret(t *testing.T) {
	folder := t.TempDir()
	uri, path := filepath.Join(folder, "uri"), filepath.Join(folder, "config.yaml")
	if err := os.WriteFile(uri, []byte("postgresql://shop:hunter2-canary@[db:5432/shop"), 0o600); err != nil {
		t.Fatal(err)
	}
	content := valid + "storage: {type: Postgres, uriFile: " + uri + "}\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), []string{"--config", path}, &strings.Builder{}, &strings.Builder{})
	if err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "open storage") {
		t.Errorf("ends with %v, want what is wrong with the storage and no password", err)
	}
}
