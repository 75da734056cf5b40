package postgres

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

const panicSecret = "canary-in-a-panic"

// explosive is a log that panics once, in the midst of the schema loop.
type explosive struct {
	slog.Handler
	mu       *sync.Mutex
	exploded *bool
}

func (e explosive) Handle(ctx context.Context, r slog.Record) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.Message == "database migrated" && !*e.exploded {
		*e.exploded = true
		panic(errors.New(panicSecret))
	}
	return e.Handler.Handle(ctx, r)
}

func TestM8_APanicOfTheSchemaLoopIsTriedAgainAndTellsNothing(t *testing.T) {
	server := Servers.Own(t)
	file := server.URIFile(t)
	server.Stop()
	var written bytes.Buffer
	log := slog.New(explosive{slog.NewTextHandler(&written, nil), new(sync.Mutex), new(bool)})
	store, err := Open(t.Context(), Options{URIFile: file, Instance: "team/shop", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	server.StartAgain()
	store.done.Wait()
	if err := store.Ping(t.Context()); err != nil {
		t.Errorf("after the panic: %v", err)
	}
	for _, want := range []string{"msg=panic in=schema", "database reached"} {
		if !strings.Contains(written.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, &written)
		}
	}
	if strings.Contains(written.String(), panicSecret) {
		t.Errorf("the value got out:\n%s", &written)
	}
}
