package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/flow"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/nonce"
)

// process is Run in the background, as cmd/server runs it.
type process struct {
	public, internal string
	// config is the path of its configuration.
	config string
	logs   *logBuffer
	stop   context.CancelFunc
	done   chan error
}

// run serves cfg from a file, on ports of its own.
func run(t *testing.T, cfg config.Config) *process {
	t.Helper()
	return runWith(t, cfg, config.Listen{Public: "127.0.0.1:0", Internal: "127.0.0.1:0"})
}

func runWith(t *testing.T, cfg config.Config, listen config.Listen) *process {
	t.Helper()
	return runOptions(t, cfg, listen, Options{})
}

// runProving is run, with a server that asks Google whether it takes the client.
func runProving(t *testing.T, cfg config.Config) *process {
	t.Helper()
	return runOptions(t, cfg, config.Listen{Public: "127.0.0.1:0", Internal: "127.0.0.1:0"}, Options{Prove: true})
}

func runOptions(t *testing.T, cfg config.Config, listen config.Listen, o Options) *process {
	t.Helper()
	cfg.Listen = listen
	content, err := cfg.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	write(t, path, string(content))
	ctx, stop := context.WithCancel(t.Context())
	p := &process{config: path, logs: new(logBuffer), stop: stop, done: make(chan error, 1)}
	listening := make(chan [2]string, 1)
	go func() {
		o.ConfigPath, o.Version, o.Log = path, "test", slog.New(slog.NewJSONHandler(p.logs, nil))
		o.Listening = func(public, internal net.Addr) { listening <- [2]string{public.String(), internal.String()} }
		p.done <- Run(ctx, o)
	}()
	t.Cleanup(stop)
	select {
	case addresses := <-listening:
		p.public, p.internal = "http://"+addresses[0], "http://"+addresses[1]
	case err := <-p.done:
		t.Fatalf("did not start: %v", err)
	}
	return p
}

// localWorld is a world whose first redirect URI is served without TLS, for tests of the whole process.
func localConfig(t *testing.T, googleURL string) config.Config {
	t.Helper()
	cfg := newConfig(t.TempDir(), googleURL)
	cfg.Storage = config.Storage{Type: config.StorageSQLite, Path: filepath.Join(t.TempDir(), "users.db")}
	cfg.DrainTimeout = config.Duration(10 * time.Second)
	writeFiles(t, cfg)
	return cfg
}

// request is a GET under the host of the configuration.
func (p *process) request(t *testing.T, target string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.public+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "shop.example.com"
	return request
}

// ask sends a request with the cookies that the browser would have.
func (p *process) ask(t *testing.T, target string, cookies []*http.Cookie) (*http.Response, error) {
	t.Helper()
	request := p.request(t, target)
	for _, c := range cookies {
		request.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err == nil {
		_ = response.Body.Close()
	}
	return response, err
}

// proceed starts a login and returns its callback, without the host, and its cookies.
func (p *process) proceed(t *testing.T) (string, []*http.Cookie) {
	t.Helper()
	started, err := p.ask(t, "/auth/login", nil)
	if err != nil || started.StatusCode != 303 {
		t.Fatalf("start: %v, %v; %s", started, err, p.logs)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	atGoogle, err := client.Get(started.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	_ = atGoogle.Body.Close()
	return strings.TrimPrefix(atGoogle.Header.Get("Location"), shop), started.Cookies()
}

// A node that is busy takes seconds to hear that a pod is gone. On a real cluster, one second was too short for a rollout that nobody
// notices.
func TestM3_AServerAmongSeveralGoesOnAcceptingForLonger(t *testing.T) {
	for _, row := range []struct {
		shared       bool
		within, want time.Duration
	}{
		{true, 20 * time.Second, 5 * time.Second},
		{true, time.Hour, 5 * time.Second},
		{true, 4 * time.Second, time.Second},
		{false, 20 * time.Second, time.Second},
		{false, 5 * time.Second, 500 * time.Millisecond},
	} {
		if got := farewell(row.shared, row.within); got != row.want {
			t.Errorf("shared %t, drain of %s: %s, want %s", row.shared, row.within, got, row.want)
		}
	}
}

func TestM3_CallbackDuringShutdownFinishes(t *testing.T) {
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	p := run(t, localConfig(t, google.URL))
	callback, cookies := p.proceed(t)
	release, arrived := make(chan struct{}), make(chan struct{})
	google.Misbehave(googletest.Around(googletest.Token, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-release
			next.ServeHTTP(w, r)
		})
	}))
	type result struct {
		*http.Response
		error
	}
	answered := make(chan result, 1)
	go func() {
		response, err := p.ask(t, callback, cookies)
		answered <- result{response, err}
	}()
	<-arrived
	p.stop()
	// Readiness first, while the port still accepts; then no new connection, with the callback still under way.
	for ready := true; ready; {
		response, err := http.Get(p.internal + "/readyz")
		if err != nil {
			t.Fatalf("readyz during the drain: %v", err)
		}
		_ = response.Body.Close()
		ready = response.StatusCode != http.StatusServiceUnavailable
	}
	for accepts := true; accepts; {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.public, "http://"))
		if accepts = err == nil; accepts {
			_ = connection.Close()
		}
	}
	close(release)
	got := <-answered
	if got.error != nil || got.StatusCode != 303 || got.Header.Get("Location") != home || len(got.Cookies()) < 2 {
		t.Errorf("callback: %+v, error %v", got.Response, got.error)
	}
	if err := <-p.done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestRun_ServesOnWithTheOldKeysWhenAFileIsBad(t *testing.T) {
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	cfg := localConfig(t, google.URL)
	p := run(t, cfg)
	for _, path := range []string{cfg.Keys.SigningFile, cfg.Keys.SealingFile} {
		write(t, path, "{")
	}
	p.until(t, `googlelogin_reloads_total{file="signing_keys",result="failure"}`, `googlelogin_reloads_total{file="sealing_keys",result="failure"}`)
	callback, cookies := p.proceed(t)
	done, err := p.ask(t, callback, cookies)
	if err != nil || done.Header.Get("Location") != home {
		t.Errorf("login with the old keys: %v, %v", done, err)
	}
	if !strings.Contains(p.logs.String(), "file refused, keeping what was read before") {
		t.Error("the refused file is not in the log")
	}
}

func TestRun_PicksUpCredentialsThatArriveLater(t *testing.T) {
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	cfg := localConfig(t, google.URL)
	if err := os.Remove(cfg.Client.SecretFile); err != nil {
		t.Fatal(err)
	}
	p := run(t, cfg)
	if a, err := p.ask(t, "/auth/login", nil); err != nil || a.StatusCode != 503 {
		t.Fatalf("without credentials: %v, %v", a, err)
	}
	write(t, cfg.Client.SecretFile, googletest.ClientSecret)
	p.until(t, `googlelogin_reloads_total{file="credentials",result="success"}`)
	callback, cookies := p.proceed(t)
	if done, err := p.ask(t, callback, cookies); err != nil || done.Header.Get("Location") != home {
		t.Errorf("login: %v, %v", done, err)
	}
	if google.Calls(googletest.Discovery) == 0 {
		t.Error("the stand-in was never asked, so this proves nothing")
	}
}

// until waits for metrics to appear; the test's own deadline bounds it.
func (p *process) until(t *testing.T, metrics ...string) {
	t.Helper()
	for {
		response, err := http.Get(p.internal + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		_, err = body.ReadFrom(response.Body)
		if err = errors.Join(err, response.Body.Close(), t.Context().Err()); err != nil {
			t.Fatal(err)
		}
		missing := false
		for _, metric := range metrics {
			missing = missing || !strings.Contains(body.String(), metric)
		}
		if !missing {
			return
		}
	}
}

func TestRun_RefusesABadConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	write(t, path, "apiVersion: server.googlelogin.dev/v1\nredirectUris: []\n")
	if err := Run(t.Context(), Options{ConfigPath: path, Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("served a configuration with an unknown field")
	}
}

func TestReady_GoogleIsNotAsked(t *testing.T) {
	w := newWorld(t)
	w.google.HTTP.Close()
	status, body := w.probe("/readyz")
	want := `{"ready":true,"checks":[{"name":"signing_keys","ok":true},{"name":"sealing_keys","ok":true},` +
		`{"name":"credentials","ok":true},{"name":"storage","ok":true}]}`
	if status != 200 {
		t.Errorf("status %d with Google away", status)
	}
	if diff := cmp.Diff(want, strings.TrimSpace(body)); diff != "" {
		t.Errorf("readyz (-want +got):\n%s", diff)
	}
	if a := w.browser().get(shop + "/auth/login"); a.StatusCode != 502 {
		t.Errorf("login with Google away: status %d, want 502", a.StatusCode)
	}
}

// The store is the same for every replica. Were they all to leave the Service when it goes away, tokens that are good without it
// would be refused by nobody being there.
func TestG93_AStoreThatWentAwayTakesNoServerOutOfService(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	if status, body := w.probe("/readyz"); status != 200 {
		t.Fatalf("readyz: %d %s", status, body)
	}
	w.store.down.Store(true)
	if status, body := w.probe("/readyz"); status != 200 || !strings.Contains(body, `{"name":"storage","ok":false,"reason":"disk is gone"}`) {
		t.Errorf("a store that went away: %d %s", status, body)
	}
	if _, body := w.probe("/metrics"); !strings.Contains(body, `googlelogin_available{check="storage"} 0`) {
		t.Error("no metric tells that the store is away")
	}
	if a := b.get(shop + "/auth/check/nginx"); a.StatusCode != 200 {
		t.Errorf("a valid token while the store is away: status %d", a.StatusCode)
	}
	w.remove(w.cfg.Client.SecretFile)
	w.start()
	if status, body := w.probe("/readyz"); status != 503 {
		t.Errorf("a server that never reached its store: %d %s", status, body)
	}
	write(t, w.cfg.Client.SecretFile, googletest.ClientSecret)
	w.app.reloader.loadAll()
	if status, body := w.probe("/readyz"); status != 503 {
		t.Errorf("a server that never reached its store: %d %s", status, body)
	}
	w.store.down.Store(false)
	if status, body := w.probe("/readyz"); status != 200 {
		t.Errorf("a server that has reached its store: %d %s", status, body)
	}
	w.app.health.draining.Store(true)
	if status, body := w.probe("/readyz"); status != 503 {
		t.Errorf("a server that ends: %d %s", status, body)
	}
}

func TestM5_Limits(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for name, a := range map[string]answer{
		"M5 header of 1 MB":   b.get(shop+"/auth/me", "X-Big", strings.Repeat("a", 1<<20)),
		"M5 header of 100 KB": b.get(shop+"/auth/me", "X-Big", strings.Repeat("a", 100<<10)),
		"M5 cookie of 100 KB": b.get(shop+"/auth/me", "Cookie", "a="+strings.Repeat("a", 100<<10)),
	} {
		if a.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s: status %d, want 431", name, a.StatusCode)
		}
	}
	s := newServer(nil, slog.New(slog.DiscardHandler))
	for name, timeout := range map[string]time.Duration{
		"header": s.ReadHeaderTimeout, "request": s.ReadTimeout, "answer": s.WriteTimeout, "idle": s.IdleTimeout,
	} {
		if timeout <= 0 || timeout > 2*time.Minute {
			t.Errorf("M5 slowloris: a client may take %s for the %s", timeout, name)
		}
	}
}

func TestM6_LabelsAreBounded(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for _, target := range []string{"/auth/secret-path-1", "/secret-path-2?email=ann@example.com"} {
		b.do("BREW", shop+target)
	}
	b.login()
	_, body := w.probe("/metrics")
	for _, line := range strings.Split(body, "\n") {
		if strings.Contains(line, "secret-path") || strings.Contains(line, "@") || strings.Contains(line, "BREW") {
			t.Errorf("a stranger made a label: %s", line)
		}
	}
	if !strings.Contains(body, `googlelogin_http_requests_total{method="other",route="none",status="404"} 2`) {
		t.Error("unknown paths are not counted as one route")
	}
}

func TestM7_InternalRoutesAreNotPublic(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for _, path := range []string{"/metrics", "/healthz", "/readyz", "/debug/pprof/", "/auth/metrics", "/"} {
		if a := b.get(shop + path); a.StatusCode != 404 {
			t.Errorf("%s on the public port: status %d, want 404", path, a.StatusCode)
		}
	}
	if status, body := w.probe("/healthz"); status != 200 || body != "ok\n" {
		t.Errorf("healthz: %d %q", status, body)
	}
	if status, _ := w.probe("/debug/pprof/"); status != 404 {
		t.Errorf("pprof on the internal port: status %d", status)
	}
}

func TestNew_RefusesARedirectURIOnAnEndpoint(t *testing.T) {
	cfg := newConfig(t.TempDir(), "http://127.0.0.1:1")
	cfg.RedirectURIs = append(cfg.RedirectURIs, "https://other.example.com/auth/login")
	if err := Check(cfg); err == nil || !strings.Contains(err.Error(), "/auth/login") {
		t.Errorf("error %v; want one that names the redirect URI", err)
	}
	cfg.RedirectURIs = cfg.RedirectURIs[:3]
	if err := Check(cfg); err != nil {
		t.Errorf("the rest of the configuration is not good: %v", err)
	}
}

func TestSweep_DeletesWhatHasExpired(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	w.app.sweepOnce(t.Context())
	if !b.signedIn() {
		t.Error("a live session was deleted")
	}
	w.clock.advance(w.cfg.Session.Lifetime.Std() + flow.Lifetime)
	w.app.sweepOnce(t.Context())
	if _, body := w.probe("/metrics"); !strings.Contains(body, "googlelogin_sessions_deleted_total 1") {
		t.Error("the expired session is still there")
	}
	if n := w.app.current.Load().sessions.Forget(); n > 0 {
		t.Errorf("%d dead tokens were still remembered", n)
	}
}

// sweptAhead lets a token's nonce and session come to their end by the clock of a server that sweeps. By this server's, half a minute
// behind, both have a second left.
func (w *world) sweptAhead() {
	w.t.Helper()
	w.clock.advance(nonce.AppLifetime - time.Second + 30*time.Second)
	w.app.sweepOnce(w.t.Context())
	w.clock.advance(-30 * time.Second)
}

func TestJ5_ANonceIsUsedForAServerWhoseClockIsBehind(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	token := w.mint("ann@example.com", c.nonce())
	granted(t, c.assertion(token))
	w.sweptAhead()
	if code, _ := oauthError(t, c.assertion(token)); code != "invalid_grant" {
		t.Errorf("the same token again: error %q", code)
	}
}

func TestG89_ALogoutAtAServerWhoseClockIsBehindIsToldToTheOthers(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	token := granted(t, c.assertion(w.mint("ann@example.com", c.nonce()))).AccessToken
	w.sweptAhead()
	a := c.do(http.MethodPost, shop+"/auth/logout", "Accept", "application/json", "Authorization", "Bearer "+token)
	if a.StatusCode != http.StatusNoContent {
		t.Fatalf("logout: status %d: %s", a.StatusCode, a.body)
	}
	if ended, err := w.store.RevokedSince(t.Context(), w.clock.Now()); err != nil || len(ended) != 1 {
		t.Errorf("the others hear of %v (%v), want one session", ended, err)
	}
}

func TestOptionsOfTheWholeServerAreARequestLikeAnyOther(t *testing.T) {
	google := googletest.NewServer(t, googletest.Options{})
	p := run(t, localConfig(t, google.URL))
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.public, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if _, err := connection.Write([]byte("OPTIONS * HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	answered, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answered.Body.Close()
	if answered.StatusCode != http.StatusNotFound || answered.Header.Get("X-Request-Id") == "" {
		t.Errorf("status %d, headers %v", answered.StatusCode, answered.Header)
	}
}
