//go:build proxies

package proxies

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
)

// application answers with what it was asked, and counts.
type application struct {
	address string
	asked   atomic.Int64
}

// received is what reached the application.
type received struct {
	Method, URI string
	// Env has the headers as CGI and its heirs name them (RFC 3875, 4.1.18): X-Auth, X_Auth and, to some, X~Auth are the same there.
	Env map[string][]string
}

// notInNames is what no name of an environment variable has.
var notInNames = regexp.MustCompile("[^A-Z0-9]")

func newApplication(t *testing.T) *application {
	t.Helper()
	a := new(application)
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.address = server.Listener.Addr().String()
	return a
}

func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.asked.Add(1)
	got := received{Method: r.Method, URI: r.RequestURI, Env: map[string][]string{}}
	for name, values := range r.Header {
		name = notInNames.ReplaceAllString(strings.ToUpper(name), "_")
		got.Env[name] = append(got.Env[name], values...)
	}
	if r.Header.Get("Upgrade") == "websocket" {
		said, _ := json.Marshal(got)
		w.Header()["X-Received"] = []string{string(said)}
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		w.WriteHeader(http.StatusSwitchingProtocols)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Set-Cookie", "application=1")
	if strings.HasPrefix(r.URL.Path, "/broken") {
		w.WriteHeader(http.StatusInternalServerError)
	}
	_ = json.NewEncoder(w).Encode(got)
}
