package google

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

const panicSecret = "canary-in-a-panic"

// explosive is a connection that panics.
type explosive struct{}

func (explosive) RoundTrip(*http.Request) (*http.Response, error) { panic(errors.New(panicSecret)) }

// What several requests wait for runs on a goroutine of its own, whose panic would end the server.
func TestM8_APanicOfASharedFetchIsAnErrorAndTellsNothing(t *testing.T) {
	for name, issuer := range map[string]string{"keys": Issuer, "discovery": "https://issuer.example.com"} {
		var written bytes.Buffer
		p := New(Options{
			Issuer: issuer, HTTPClient: &http.Client{Transport: explosive{}}, Now: time.Now, Log: slog.New(slog.NewTextHandler(&written, nil)),
		})
		e, err := p.endpoints.endpoints(t.Context())
		if err == nil {
			_, err = e.keys.find(t.Context(), "RS256", "k")
		}
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: error is %v, want ErrUnavailable", name, err)
		}
		if !strings.Contains(written.String(), "msg=panic in="+name) || strings.Contains(written.String()+err.Error(), panicSecret) {
			t.Errorf("%s: the log has no panic, or its value:\n%s", name, &written)
		}
	}
}
