//go:build proxies

package proxies

import (
	"crypto/sha1" //nolint:gosec // RFC 6455, 4.2.2 has no other.
	"encoding/base64"
	"encoding/json"
	"io"
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
	// Read is how many bytes of a body came.
	Read int
}

// notInNames is what no name of an environment variable has.
var notInNames = regexp.MustCompile("[^A-Z0-9]")

func envName(header string) string { return notInNames.ReplaceAllString(strings.ToUpper(header), "_") }

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
		got.Env[envName(name)] = append(got.Env[envName(name)], values...)
	}
	if r.Header.Get("Upgrade") == "websocket" {
		said, _ := json.Marshal(got)
		w.Header()["X-Received"] = []string{string(said)}
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		// HAProxy looks whether this fits the key that the client sent.
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		w.Header().Set("Sec-WebSocket-Accept", base64.StdEncoding.EncodeToString(sum[:]))
		w.WriteHeader(http.StatusSwitchingProtocols)
		return
	}
	// Another hop may stand before the application, and take off what it is told to (RFC 9110, 7.6.1).
	for name := range strings.SplitSeq(strings.Join(r.Header["Connection"], ","), ",") {
		delete(got.Env, envName(strings.TrimSpace(name)))
	}
	body, _ := io.ReadAll(r.Body)
	got.Read = len(body)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Set-Cookie", "application=1")
	if strings.HasPrefix(r.URL.Path, "/broken") {
		w.WriteHeader(http.StatusInternalServerError)
	}
	_ = json.NewEncoder(w).Encode(got)
}
