//go:build proxies

package proxies

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
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
	// Env has the headers as CGI and all its heirs name them (RFC 3875, 4.1.18): X-Auth and X_Auth are the same there.
	Env map[string][]string
}

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
		name = strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name))
		got.Env[name] = append(got.Env[name], values...)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Set-Cookie", "application=1")
	if strings.HasPrefix(r.URL.Path, "/broken") {
		w.WriteHeader(http.StatusInternalServerError)
	}
	_ = json.NewEncoder(w).Encode(got)
}
