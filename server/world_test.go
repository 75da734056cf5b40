package server

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"crypto"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/store/memory"
	"github.com/googlelogin/operator/server/tracing"
)

const (
	shop     = "https://shop.example.com"
	callback = shop + "/auth/callback"
	home     = shop + "/"
)

// world is a callback server over TLS, a stand-in for Google, and the files that the server reads.
type world struct {
	t      testing.TB
	google *googletest.Server
	cfg    config.Config
	store  *brokenStore
	app    *app
	http   *httptest.Server
	logs   *logBuffer
	clock  *clock
	// traces is nil but where a test is about them.
	traces *tracing.Traces
}

// newWorld starts one. edit changes the configuration before.
func newWorld(t testing.TB, edit ...func(*config.Config)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Now()}, logs: new(logBuffer), store: &brokenStore{Store: memory.New()}}
	w.google = googletest.NewServer(t, googletest.Options{Auto: "ann@example.com", Now: w.clock.Now})
	w.cfg = newConfig(t.TempDir(), w.google.URL)
	for _, e := range edit {
		e(&w.cfg)
	}
	if err := w.cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	writeFiles(t, w.cfg)
	w.start()
	t.Cleanup(w.checkMetrics)
	t.Cleanup(w.checkAudits)
	return w
}

// start serves the configuration as it is now, in place of what was served before: what a restart does.
func (w *world) start() {
	w.t.Helper()
	log := slog.New(slog.NewJSONHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if w.app, err = assemble(config.File{Config: w.cfg}, w.store, "test", log, w.clock.Now, w.traces); err != nil {
		w.t.Fatal(err)
	}
	w.app.reloader.loadAll()
	w.http = httptest.NewUnstartedServer(nil)
	w.http.Config = newServer(w.app.public, log)
	w.http.StartTLS()
	w.t.Cleanup(w.http.Close)
}

// newConfig is a server for https://shop.example.com and a developer's localhost.
func newConfig(dir, googleURL string) config.Config {
	cfg := config.Default()
	cfg.APIVersion = config.APIVersion
	cfg.Instance = "team/shop"
	cfg.Issuer = shop + "/auth"
	cfg.RedirectURIs = []string{callback, "http://localhost:8000/auth/callback", "https://other.example.com/cb/done"}
	cfg.Client = config.Client{IDFile: filepath.Join(dir, "client_id"), SecretFile: filepath.Join(dir, "client_secret")}
	cfg.Google.Issuer = googleURL
	cfg.Frontend = config.Frontend{
		HomeURL: home, LoginURL: shop + "/login?from=auth",
		ReturnURLs: []string{shop + "/*", "https://app.example.com/*"},
	}
	cfg.Access = config.Access{Accounts: config.AccountsRestricted, HostedDomains: []string{"example.com"}}
	cfg.Session.Audiences = []string{"shop"}
	cfg.Session.Cookie.Name = "__Host-shop"
	cfg.Keys.SigningFile = filepath.Join(dir, "keys.json")
	cfg.Keys.SealingFile = filepath.Join(dir, "keyset.json")
	return cfg
}

func hostedPages(c *config.Config) { c.Frontend.LoginURL = "" }

func writeFiles(t testing.TB, cfg config.Config) {
	t.Helper()
	write(t, cfg.Client.IDFile, googletest.ClientID)
	write(t, cfg.Client.SecretFile, googletest.ClientSecret)
	write(t, cfg.Keys.SigningFile, newSigningKeys(t))
	write(t, cfg.Keys.SealingFile, newSealingKeys(t))
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func newSigningKeys(t testing.TB) string {
	t.Helper()
	return signingKeysAt(t, time.Now().Add(-24*time.Hour))
}

// signingKeysAt are keys that become active at these times.
func signingKeysAt(t testing.TB, activeAt ...time.Time) string {
	t.Helper()
	var keys config.SigningKeys
	for _, at := range activeAt {
		keys.Keys = append(keys.Keys, config.SigningKey{
			JWK: newSigningKey(t), State: config.KeyCurrent, PublishedAt: at.Add(-24 * time.Hour), ActivateAt: at,
		})
	}
	document, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

func newSigningKey(t testing.TB) json.RawMessage {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: private, Algorithm: "ES256", Use: "sig"}
	thumbprint, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	raw, err := jwk.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func newSealingKeys(t testing.TB) string {
	t.Helper()
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&out)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// clock is the time, for both servers.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// logBuffer is a log that a test can read.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// audits are the audit events so far, as "event outcome code".
func (w *world) audits() []string {
	w.t.Helper()
	var found []string
	for line := range strings.Lines(w.logs.String()) {
		var entry struct {
			Message string                                `json:"msg"`
			Audit   struct{ Event, Outcome, Code string } `json:"audit"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			w.t.Fatalf("log line is not JSON: %s", line)
		}
		if entry.Message == "audit" {
			found = append(found, strings.TrimSpace(entry.Audit.Event+" "+entry.Audit.Outcome+" "+entry.Audit.Code))
		}
	}
	return found
}

// browser is a cookie jar that follows no redirect by itself. Every host but the stand-in's leads to the callback server.
type browser struct {
	w      *world
	client *http.Client
	jar    *cookiejar.Jar
}

func (w *world) browser() *browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	transport := w.http.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.ServerName = "example.com"
	address := w.http.Listener.Addr().String()
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.Contains(addr, "example.com:") {
			addr = address
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	return &browser{w: w, jar: jar, client: &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is a response that was read.
type answer struct {
	*http.Response
	body string
}

// do sends a request as the browser would, with more headers in pairs.
func (b *browser) do(method, target string, headers ...string) answer {
	b.w.t.Helper()
	request, err := http.NewRequestWithContext(b.w.t.Context(), method, target, nil)
	if err != nil {
		b.w.t.Fatal(err)
	}
	request.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			request.Host = headers[i+1]
		}
	}
	return b.send(request)
}

func (b *browser) send(request *http.Request) answer {
	b.w.t.Helper()
	response, err := b.client.Do(request)
	if err != nil {
		b.w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return answer{response, string(body)}
}

func (b *browser) get(target string, headers ...string) answer {
	b.w.t.Helper()
	return b.do(http.MethodGet, target, headers...)
}

// script sends a request as fetch does.
func (b *browser) script(method, target string, headers ...string) answer {
	b.w.t.Helper()
	return b.do(method, target, append([]string{"Accept", "application/json", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "same-origin"}, headers...)...)
}

// start begins a login and returns where Google is asked.
func (b *browser) start(query ...string) string {
	b.w.t.Helper()
	a := b.get(shop + "/auth/login?" + pairs(query).Encode())
	return a.redirected(b.w.t)
}

// authorize lets Google answer, and returns the callback with its code and state.
func (b *browser) authorize(atGoogle string) string {
	b.w.t.Helper()
	return b.get(atGoogle).redirected(b.w.t)
}

// login is a whole login, and its last answer.
func (b *browser) login(query ...string) answer {
	b.w.t.Helper()
	return b.get(b.authorize(b.start(query...)))
}

func pairs(query []string) url.Values {
	values := url.Values{}
	for i := 0; i < len(query); i += 2 {
		values.Add(query[i], query[i+1])
	}
	return values
}

// redirected is where a 303 leads.
func (a answer) redirected(t testing.TB) string {
	t.Helper()
	if a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s %s: status %d, want 303; body: %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, a.body)
	}
	return a.Header.Get("Location")
}

// cookies are the names in the jar.
func (b *browser) cookies() []string {
	u, _ := url.Parse(shop + "/")
	var names []string
	for _, c := range b.jar.Cookies(u) {
		names = append(names, c.Name)
	}
	return names
}

func (b *browser) flowCookies() int {
	n := 0
	for _, name := range b.cookies() {
		if strings.Contains(name, "-flow-") {
			n++
		}
	}
	return n
}

func (b *browser) signedIn() bool {
	b.w.t.Helper()
	return b.script(http.MethodGet, shop+"/auth/me").StatusCode == http.StatusOK
}

// with returns target with one parameter changed; an empty value removes it.
func with(t testing.TB, target string, changes ...string) string {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	for i := 0; i < len(changes); i += 2 {
		query.Del(changes[i])
		if changes[i+1] != "" {
			query.Set(changes[i], changes[i+1])
		}
	}
	u.RawQuery = query.Encode()
	return u.String()
}

func param(t testing.TB, target, name string) string {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}

func mustParse(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// secured gives cookies that came out of a jar the attributes that it does not tell.
func secured(cookies []*http.Cookie) []*http.Cookie {
	for _, c := range cookies {
		c.Secure, c.Path = true, "/"
	}
	return cookies
}

func (w *world) remove(path string) {
	w.t.Helper()
	if err := os.Remove(path); err != nil {
		w.t.Fatal(err)
	}
}

// probe asks the internal port.
func (w *world) probe(path string) (int, string) {
	recorded := httptest.NewRecorder()
	w.app.internal.ServeHTTP(recorded, httptest.NewRequest(http.MethodGet, path, nil))
	return recorded.Code, recorded.Body.String()
}
