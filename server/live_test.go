package server

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
)

// change gives the server a configuration file that edit has changed, and returns what it says to that.
func (w *world) change(edit func(*config.Config)) error {
	w.t.Helper()
	w.cfg = copied(w.t, w.cfg)
	edit(&w.cfg)
	content, err := w.cfg.Marshal()
	if err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(w.t.TempDir(), "config.yaml")
	write(w.t, path, string(content))
	return w.app.load(path)
}

func (w *world) changed(edit func(*config.Config)) {
	w.t.Helper()
	if err := w.change(edit); err != nil {
		w.t.Fatal(err)
	}
}

// copied shares no memory with cfg, of which a server has a copy.
func copied(t testing.TB, cfg config.Config) config.Config {
	t.Helper()
	content, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var out config.Config
	if err := json.Unmarshal(content, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func onlyOtherDomain(c *config.Config) { c.Access.HostedDomains = []string{"other.example.com"} }

func TestE76_AChangedPolicyBindsLiveSessionsAtOnce(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	if !b.signedIn() {
		t.Fatal("not signed in")
	}
	if a := b.check("nginx", forwarded("GET", "/")...); a.StatusCode != 200 {
		t.Fatalf("check: status %d", a.StatusCode)
	}
	w.changed(onlyOtherDomain)
	if b.signedIn() {
		t.Error("still signed in")
	}
	if a := b.check("nginx", forwarded("GET", "/")...); a.StatusCode != 403 {
		t.Errorf("check: status %d, want 403", a.StatusCode)
	}
	if a := w.browser().login(); !strings.Contains(a.Header.Get("Location"), "error=account_not_allowed") {
		t.Errorf("a new login ends at %s", a.Header.Get("Location"))
	}
	w.changed(func(c *config.Config) { c.Access.HostedDomains = []string{"other.example.com", "example.com"} })
	if !b.signedIn() {
		t.Error("the session is gone although its user may come in again")
	}
}

func TestF83_ReturnToIsHeldAgainstTheListOfTheCallback(t *testing.T) {
	w := newWorld(t)
	for name, row := range map[string]struct {
		returnURLs []string
		want       string
	}{
		"still allowed":  {[]string{"https://app.example.com/*"}, "https://app.example.com/orders"},
		"allowed before": {[]string{shop + "/*"}, home},
	} {
		t.Run(name, func(t *testing.T) {
			w.changed(func(c *config.Config) { c.Frontend.ReturnURLs = []string{shop + "/*", "https://app.example.com/*"} })
			b := w.browser()
			callback := b.authorize(b.start("return_to", "https://app.example.com/orders"))
			w.changed(func(c *config.Config) { c.Frontend.ReturnURLs = row.returnURLs })
			if got := b.get(callback).redirected(t); got != row.want {
				t.Errorf("came to %s, want %s", got, row.want)
			}
		})
	}
}

func TestLoad_KeepsWhatMustNotBeForgotten(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	callback := b.authorize(b.start())
	copyOfFlow := secured(b.jar.Cookies(mustParse(t, callback)))
	b.get(callback)
	signedOut := secured(b.jar.Cookies(mustParse(t, home)))
	b.script(http.MethodPost, shop+"/auth/logout", "Origin", shop)

	w.changed(func(c *config.Config) { c.Session.AccessTokenTTL = config.Duration(time.Minute) })

	again := w.browser()
	again.jar.SetCookies(mustParse(t, callback), copyOfFlow)
	calls := w.google.Calls(googletest.Token)
	if a := again.get(callback); a.StatusCode != 400 || w.google.Calls(googletest.Token) != calls {
		t.Errorf("a finished flow: status %d, %d calls to Google", a.StatusCode, w.google.Calls(googletest.Token)-calls)
	}
	ended := w.browser()
	ended.jar.SetCookies(mustParse(t, home), signedOut)
	if ended.signedIn() {
		t.Error("a session that was ended is alive after the configuration changed")
	}
}

func TestLoad_LimitsChangeForThoseWhoAskedBefore(t *testing.T) {
	w := newWorld(t, func(c *config.Config) { c.RateLimits.PerAddress = 10 })
	b := w.browser()
	for range 8 {
		b.start()
	}
	w.changed(func(c *config.Config) { c.RateLimits.PerAddress = 5 })
	allowed := 0
	for b.get(shop+"/auth/login").StatusCode == 303 {
		allowed++
	}
	if allowed > 2 {
		t.Errorf("%d more logins, want at most the 2 that were left", allowed)
	}
	w.changed(func(c *config.Config) { c.RateLimits.PerAddress = 6000 })
	w.clock.advance(time.Second)
	for range 20 {
		b.start()
	}
}

func TestLoad_FollowsWhatUsersSee(t *testing.T) {
	w := newWorld(t, hostedPages)
	b := w.browser()
	w.changed(func(c *config.Config) {
		c.Pages.Title = "The new shop"
		c.BasePath, c.Issuer = "/login", shop+"/login"
		c.RedirectURIs = []string{shop + "/login/callback"}
		c.Google.Prompt, c.Google.Scopes = "consent", []string{"openid", "email"}
		c.TokenEndpoint.Enabled = true
		c.Keys.JWKSMaxAge = config.Duration(time.Hour)
	})
	if a := b.get(shop + "/login/"); a.StatusCode != 200 || !strings.Contains(a.body, "The new shop") {
		t.Errorf("sign-in page: status %d %s", a.StatusCode, a.body)
	}
	if a := b.get(shop + "/auth/login"); a.StatusCode != 404 {
		t.Errorf("the old path: status %d, want 404", a.StatusCode)
	}
	atGoogle := b.get(shop + "/login/login").redirected(t)
	got := []string{param(t, atGoogle, "prompt"), param(t, atGoogle, "scope"), param(t, atGoogle, "redirect_uri")}
	if diff := cmp.Diff([]string{"consent", "openid email", shop + "/login/callback"}, got); diff != "" {
		t.Errorf("asked of Google (-want +got):\n%s", diff)
	}
	if a := b.get(shop + "/login/nonce?for=token"); a.StatusCode != 200 {
		t.Errorf("nonces of the token endpoint: status %d", a.StatusCode)
	}
	if got := b.get(shop + "/login/jwks.json").Header.Get("Cache-Control"); got != "public, max-age=3600" {
		t.Errorf("JWKS: Cache-Control %q", got)
	}
}

func TestLoad_RefusesWhatItCannotServeAndGoesOn(t *testing.T) {
	w := newWorld(t)
	w.app.follow(filepath.Join(t.TempDir(), "config.yaml"))
	path := w.app.reloader.sources[0].paths[0]
	for name, row := range map[string]struct {
		edit    func(*config.Config)
		wantErr string
	}{
		"a field that is wrong":            {func(c *config.Config) { c.BasePath = "auth" }, "basePath"},
		"a redirect URI over an endpoint":  {func(c *config.Config) { c.RedirectURIs[0] = shop + "/auth/me" }, "/auth/me"},
		"another store":                    {func(c *config.Config) { c.Storage = config.Storage{Type: "SQLite", Path: "/data/x.db"} }, "restart"},
		"another port":                     {func(c *config.Config) { c.Listen.Public = ":9090" }, "restart"},
		"another GoogleLogin's name":       {func(c *config.Config) { c.Instance = "team/other" }, "restart"},
		"another stand-in":                 {func(c *config.Config) { c.Google.Issuer = "https://other.example.com" }, "restart"},
		"another place of the client's ID": {func(c *config.Config) { c.Client.IDFile = "/elsewhere" }, "restart"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := copied(t, w.cfg)
			row.edit(&cfg)
			content, err := cfg.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, string(content))
			w.app.reloader.loadAll()
			_, body := w.probe("/status")
			var got config.Status
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got.ConfigProblem, row.wantErr) || got.ConfigHash != w.app.current.Load().Hash {
				t.Errorf("status %+v, want a problem with %s", got, row.wantErr)
			}
			if _, body := w.probe("/metrics"); !strings.Contains(body, `googlelogin_reloads_total{file="config",result="failure"}`) {
				t.Error("the refused file is not counted")
			}
			if a := w.browser().login(); a.Header.Get("Location") != home {
				t.Errorf("login: %d %s", a.StatusCode, a.Header.Get("Location"))
			}
		})
	}
}

func TestStatus_SaysWhatIsInForce(t *testing.T) {
	w := newWorld(t)
	w.changed(func(c *config.Config) { c.Pages.Title = "Shop" })
	content, err := w.cfg.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	status, body := w.probe("/status")
	var got config.Status
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := config.Status{Version: "test", Instance: "team/shop", ConfigHash: config.Hash(content)}
	want.Credentials.Verdict = config.VerdictUnknown
	if diff := cmp.Diff(want, got); diff != "" || status != 200 {
		t.Errorf("status %d (-want +got):\n%s", status, diff)
	}
	if a := w.browser().get(shop + "/status"); a.StatusCode != 404 {
		t.Errorf("the public port answers /status with %d", a.StatusCode)
	}
}

func TestRun_ChangesItsConfigurationUnderLoadWithoutAFailedRequest(t *testing.T) {
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	cfg := localConfig(t, google.URL)
	// The clients below ask from one address, as fast as they can.
	cfg.RateLimits.PerAddress = 1_000_000
	p := run(t, cfg)
	callback, cookies := p.proceed(t)
	done, err := p.ask(t, callback, cookies)
	if err != nil {
		t.Fatal(err)
	}
	session := done.Cookies()

	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 3 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if a, err := p.ask(t, "/auth/check/nginx", session); err != nil || a.StatusCode != 200 {
					t.Errorf("check: %v, %v", a, err)
					return
				}
				if a, err := p.ask(t, "/auth/login", nil); err != nil || a.StatusCode != 303 {
					t.Errorf("login: %v, %v", a, err)
					return
				}
			}
		})
	}
	for i := range 10 {
		cfg.Pages.Title = "Shop " + string(rune('A'+i))
		hash := p.rewrite(t, cfg)
		p.untilStatus(t, func(s config.Status) bool { return s.ConfigHash == hash && s.ConfigProblem == "" })
	}
	close(stop)
	clients.Wait()
}

// A callback that waits for Google ends as it began, whatever the policy has become meanwhile; its session then meets the new one.
func TestRun_ARequestUnderWayFinishesOnTheOldConfiguration(t *testing.T) {
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	cfg := localConfig(t, google.URL)
	p := run(t, cfg)
	callback, cookies := p.proceed(t)
	release, arrived := make(chan struct{}), make(chan struct{})
	google.Misbehave(googletest.Around(googletest.Token, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-release
			next.ServeHTTP(w, r)
		})
	}))
	answered := make(chan *http.Response, 1)
	go func() {
		response, err := p.ask(t, callback, cookies)
		if err != nil {
			t.Error(err)
		}
		answered <- response
	}()
	<-arrived
	onlyOtherDomain(&cfg)
	hash := p.rewrite(t, cfg)
	p.untilStatus(t, func(s config.Status) bool { return s.ConfigHash == hash })
	close(release)
	done := <-answered
	if done == nil || done.StatusCode != 303 || done.Header.Get("Location") != home {
		t.Fatalf("callback: %+v", done)
	}
	if a, err := p.ask(t, "/auth/me", done.Cookies()); err != nil || a.StatusCode != 401 {
		t.Errorf("me: %+v, %v; want 401", a, err)
	}
}

// rewrite puts cfg in the place of the configuration file, and returns its hash.
func (p *process) rewrite(t *testing.T, cfg config.Config) string {
	t.Helper()
	cfg.Listen = config.Listen{Public: "127.0.0.1:0", Internal: "127.0.0.1:0"}
	content, err := cfg.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	write(t, p.config, string(content))
	return config.Hash(content)
}

// untilStatus waits for a status; the test's own deadline bounds it.
func (p *process) untilStatus(t *testing.T, good func(config.Status) bool) {
	t.Helper()
	for t.Context().Err() == nil {
		response, err := http.Get(p.internal + "/status")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		var s config.Status
		if err != nil || json.Unmarshal(body, &s) != nil {
			t.Fatalf("status %q: %v", body, err)
		}
		if good(s) {
			return
		}
	}
}
