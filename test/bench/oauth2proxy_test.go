//go:build bench

package bench

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/test/standalone"
)

const (
	// proxyRounds are how often the two take turns, with so many logins each.
	proxyRounds, proxyLogins = 8, 250
	proxyChecks              = 10
)

// crowds are how many browsers sign in at once: one after the other, some, and many. What they are called is at the end of a figure's name.
var crowds = []struct {
	browsers int
	suffix   string
}{{1, "_1_browser"}, {crowd, ""}, {32, "_32_browsers"}}

func proxyFigures() []string {
	names := []string{"oauth2_proxy_check_vs_empty_handler", "check_vs_oauth2_proxy", "login_cpu_1_browser", "login_cpu_32_browsers"}
	for _, c := range crowds {
		names = append(names, "oauth2_proxy_login_cpu"+c.suffix, "login_cpu_vs_oauth2_proxy"+c.suffix)
	}
	return names
}

// newProxy starts oauth2-proxy, which make builds, as its documentation has it for nginx: sessions in the cookie, a proof key, headers
// that say who it is, a log line for each request. It signs the same people in at the same stand-in.
func newProxy(t *testing.T, googleURL string) *world {
	t.Helper()
	path := os.Getenv("OAUTH2_PROXY")
	if path == "" {
		t.Fatal("OAUTH2_PROXY names no program; make bench sets it")
	}
	port := standalone.FreePort(t)
	w := &world{base: "http://localhost:" + port + "/oauth2", address: "127.0.0.1:" + port}
	w.program = pinned(t, path,
		"--http-address="+w.address, "--provider=oidc", "--oidc-issuer-url="+googleURL,
		"--client-id="+googletest.ClientID, "--client-secret="+googletest.ClientSecret, "--redirect-url="+w.base+"/callback",
		"--scope=openid email profile", "--email-domain=example.com", "--whitelist-domain=shop.example.com",
		"--cookie-secret=0123456789abcdef0123456789abcdef", "--cookie-secure=false", "--code-challenge-method=S256",
		"--set-xauthrequest=true", "--upstream=static://202", "--skip-provider-button=true")
	w.ready = w.await("http://" + w.address + "/ping")
	return w
}

// proxyLogin is a whole login at oauth2-proxy, and returns the session's cookies.
func (b browser) proxyLogin(base string) ([]*http.Cookie, error) {
	began, err := b.get(base+"/start?rd=https://shop.example.com/orders", nil, http.StatusFound)
	if err != nil {
		return nil, err
	}
	atGoogle, err := b.get(began.Header.Get("Location"), nil, http.StatusSeeOther)
	if err != nil {
		return nil, err
	}
	ended, err := b.get(atGoogle.Header.Get("Location"), began.Cookies(), http.StatusFound)
	if err != nil {
		return nil, err
	}
	if to := ended.Header.Get("Location"); to != "https://shop.example.com/orders" {
		return nil, fmt.Errorf("the login at oauth2-proxy ended at %s", to)
	}
	return kept(ended)
}

func (w *world) proxyLogins(t *testing.T, browsers, n int) time.Duration {
	t.Helper()
	b := newBrowser()
	defer b.transport.CloseIdleConnections()
	return w.each(t, browsers, n, func(int) error {
		_, err := b.proxyLogin(w.base)
		return err
	})
}

// proxyTarget asks oauth2-proxy what nginx would, for as many connections as ours.
func (w *world) proxyTarget(t *testing.T) target {
	t.Helper()
	b := newBrowser()
	defer b.transport.CloseIdleConnections()
	var questions [][]byte
	for range connections {
		cookies, err := b.proxyLogin(w.base)
		if err != nil {
			t.Fatalf("%v\n%s", err, w.output())
		}
		questions = append(questions, question("/oauth2/auth", w.address, cookies))
	}
	return target{w.program, w.address, questions, "HTTP/1.1 202 Accepted\r\n", "X-Auth-Request-Email: person"}
}

// besideProxy compares a server with oauth2-proxy: the same work on the same core, in turns.
func besideProxy(t *testing.T, f *figures, bin, googleURL string, empty target) {
	t.Helper()
	ours, proxy := newWorld(t, bin, googleURL, sqliteIn(t)), newProxy(t, googleURL)
	defer ours.stop()
	defer proxy.stop()
	for _, c := range crowds {
		ourTime, theirTime := proxyTurns(t, c.browsers, ours, proxy)
		if c.browsers != crowd {
			f.print("login_cpu"+c.suffix, milliseconds(ourTime), "ms")
		}
		f.print("oauth2_proxy_login_cpu"+c.suffix, milliseconds(theirTime), "ms")
		f.print("login_cpu_vs_oauth2_proxy"+c.suffix, ourTime.Seconds()/theirTime.Seconds(), "ratio")
	}
	theirs := proxy.proxyTarget(t)
	empty.questions = theirs.questions
	checks := compare(t, proxyChecks, ours.target(t), theirs, empty)
	f.print("oauth2_proxy_check_vs_empty_handler", checks[1].perCPU/checks[2].perCPU, "ratio")
	f.print("check_vs_oauth2_proxy", checks[0].perCPU/checks[1].perCPU, "ratio")
}

// proxyTurns returns what a login costs each of the two, after a turn that does not count.
func proxyTurns(t *testing.T, browsers int, ours, proxy *world) (ourTime, theirTime time.Duration) {
	t.Helper()
	ours.logins(t, browsers, proxyLogins)
	proxy.proxyLogins(t, browsers, proxyLogins)
	for range proxyRounds {
		ourTime += ours.logins(t, browsers, proxyLogins) / proxyRounds
		theirTime += proxy.proxyLogins(t, browsers, proxyLogins) / proxyRounds
	}
	say("login, %d at once: %s, oauth2-proxy %s", browsers, ourTime, theirTime)
	return ourTime, theirTime
}
