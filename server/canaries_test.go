package server

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/workload/workloadtest"
)

// unlimited is for tests that ask more often than one address may.
func unlimited(c *config.Config) { c.RateLimits.PerAddress = 100_000 }

// everywhere searches what the world has put out so far: its log with the audit events, metrics, traces, answers.
func (c *canaries) everywhere(t *testing.T, traces func() string) {
	t.Helper()
	_, metrics := c.probe("/metrics")
	_, readiness := c.probe("/readyz")
	_, status := c.probe("/status")
	c.search(t, map[string]string{
		"log": c.logs.String(), "metrics": metrics, "probes": readiness + status, "answers": strings.Join(c.bodies, "\n"), "traces": traces(),
	})
}

// misplace sends a token to where it does not belong: what a client does by mistake, and whoever found one by trying.
func (c *canaries) misplace(t *testing.T, token string) {
	t.Helper()
	b := c.browser()
	query := url.QueryEscape(token)
	for _, path := range []string{"/auth/me", "/auth/login", "/auth/logout", "/auth/check/nginx", "/auth/", "/auth/error", "/auth/nonce", "/auth/token", "/auth/jwks.json"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			c.keep(b.do(method, shop+path, "Authorization", "Bearer "+token))
			c.keep(b.do(method, shop+path, "Authorization", token))
			c.keep(b.do(method, shop+path, "Cookie", "__Host-shop="+token+"; __Host-shop-session="+token))
			c.keep(b.do(method, shop+path, "X-Request-Id", token, "User-Agent", token, "X-Forwarded-For", token, "Traceparent", token))
			c.keep(b.do(method, shop+path+"?token="+query+"&refresh_token="+query+"&access_token="+query+"&error="+query))
		}
	}
	c.keep(b.do(http.MethodGet, shop+"/auth/callback?code="+query+"&state="+query))
	app := c.client()
	for _, name := range []string{"refresh_token", "client_id", "grant_type", "assertion", "code", "code_verifier", "unknown"} {
		c.keep(app.token("grant_type", "refresh_token", name, token))
		c.keep(app.submit(revokeURL, fields("token", "glrt_x", name, token)))
	}
	c.keep(app.me(token))
}

// keep keeps an answer, for the search.
func (c *canaries) keep(a answer) {
	c.bodies = append(c.bodies, a.body)
	for name, values := range a.Header {
		c.bodies = append(c.bodies, name+": "+strings.Join(values, ", "))
	}
}

// TestM8_NoRefreshTokenLeaks shows refresh tokens of clients at every door, the right one and all the wrong ones.
func TestM8_NoRefreshTokenLeaks(t *testing.T) {
	w, to := traced(t, hostedPages, refreshTokens, unlimited)
	c := &canaries{world: w}
	app := c.client()
	first := app.signIn("bob@example.com")
	second := granted(t, app.refresh(first.RefreshToken))
	c.note(first.AccessToken, first.RefreshToken, second.AccessToken, second.RefreshToken)
	c.misplace(t, first.RefreshToken)
	c.misplace(t, second.RefreshToken)
	w.store.down.Store(true)
	c.keep(app.refresh(second.RefreshToken))
	w.store.down.Store(false)
	// The last of all its uses is the right one, and it is alive.
	third := granted(t, app.refresh(second.RefreshToken))
	c.note(third.AccessToken, third.RefreshToken)
	c.misplace(t, third.AccessToken)
	c.everywhere(t, func() string { w.spans(to); return to.Raw() })
}

// TestM8_NoTokenOfAServiceAccountLeaks calls the admin API with tokens that are good, that are not, and that are not where they belong.
func TestM8_NoTokenOfAServiceAccountLeaks(t *testing.T) {
	cluster := workloadtest.ECDSA(t, time.Now)
	w, to := traced(t, administered(cluster, filepath.Join(t.TempDir(), "cluster-keys.json")), refreshTokens, unlimited)
	c := &canaries{world: w}
	desk := w.administrator(t, cluster)
	b := w.browser()
	b.login()
	user := b.id()

	claims := func(change func(jwt.MapClaims)) string {
		claims := cluster.Claims("shops", "desk")
		change(claims)
		return cluster.Sign(claims, nil)
	}
	good := cluster.Token("shops", "desk")
	tokens := []string{
		good, good + "canary-signature", cluster.Token("shops", "nobody"),
		claims(func(c jwt.MapClaims) { c["aud"] = "canary-audience" }),
		claims(func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Hour).Unix() }),
		claims(func(c jwt.MapClaims) { c["iss"] = "https://canary-issuer.test" }),
		workloadtest.ECDSA(t, time.Now).Token("shops", "desk"),
		cluster.Sign(cluster.Claims("shops", "desk"), map[string]any{"kid": "canary-key-id"}),
		cluster.Sign(cluster.Claims("shops", "desk"), map[string]any{"alg": "none"}),
	}
	for _, token := range tokens {
		// The signature alone is a secret, too: the rest of a token is guessed.
		c.note(token, token[strings.LastIndex(token, ".")+1:])
	}
	c.note("canary-audience", "canary-issuer", "canary-key-id", "canary-signature")
	call := func(method, target, body string, headers ...string) {
		r, err := http.NewRequestWithContext(t.Context(), method, desk.base+target, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Add(headers[i], headers[i+1])
		}
		c.keep(b.send(r))
	}
	for _, token := range tokens {
		bearer := []string{"Authorization", "Bearer " + token}
		for _, target := range []string{"/v1/users", "/v1/users/" + user, "/v1/users/" + user + "/export", "/v1/nothing", "/"} {
			call(http.MethodGet, target, "", bearer...)
		}
		call(http.MethodPost, "/v1/users/"+user+"/relink", `{"subject":"`+token+`"}`, bearer...)
		call(http.MethodGet, "/v1/users", "", append(bearer, bearer...)...)
		call(http.MethodGet, "/v1/users", "", "Authorization", token)
		call(http.MethodGet, "/v1/users?access_token="+token, "")
		asked := []string{"Authorization", "Bearer " + good, "X-Request-Id", token, "User-Agent", token}
		for _, name := range []string{"token", "cursor", "email", "email_prefix", "subject", "limit"} {
			call(http.MethodGet, "/v1/users?"+name+"="+url.QueryEscape(token), "", asked...)
		}
		call(http.MethodGet, "/v1/users/"+token, "", asked...)
		call(http.MethodPost, "/v1/users/"+token+"/block", "", asked...)
		call(http.MethodPost, "/v1/users/"+user+"/relink", `{"`+token+`":"`+token, asked...)
		call(http.MethodDelete, "/v1/users/"+user+"/sessions/"+token, "", asked...)
	}
	c.misplace(t, good)
	c.everywhere(t, func() string { w.spans(to); return to.Raw() })
}

// secretValue is what a panic may carry beside a text.
type secretValue struct{ Token string }

// TestM8_APanicTellsNothingOfItsValue lets the store panic with a secret below every door. Spans of OpenTelemetry note a panic's value by
// themselves, as does net/http.
func TestM8_APanicTellsNothingOfItsValue(t *testing.T) {
	const secret = "canary-in-a-panic"
	for name, value := range map[string]any{
		"a text": secret, "an error": errors.New("read " + secret), "a struct": secretValue{secret}, "a pointer": &secretValue{secret},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := workloadtest.ECDSA(t, time.Now)
			w, to := traced(t, hostedPages, administered(cluster, filepath.Join(t.TempDir(), "cluster-keys.json")), refreshTokens)
			c := &canaries{world: w}
			c.note(secret)
			b, app, desk, proxy := w.browser(), w.client(), w.administrator(t, cluster), w.envoy(t)
			internal := httptest.NewUnstartedServer(nil)
			internal.Config = newServer(w.app.internal, w.app.log)
			internal.Start()
			t.Cleanup(internal.Close)
			b.login()
			given := app.signIn("bob@example.com")
			at := w.browser()
			callback := at.authorize(at.start())

			w.store.panics.Store(&value)
			left := at.get(callback)
			w.clock.advance(w.cfg.Session.AccessTokenTTL.Std() + time.Minute)
			for door, a := range map[string]answer{
				"me": b.script(http.MethodGet, shop+"/auth/me"), "renewal": b.refresh(), "proxy": b.check("caddy"), "callback": left,
				"account": b.get(account), "refresh token": app.refresh(given.RefreshToken),
			} {
				if c.keep(a); a.StatusCode != http.StatusInternalServerError {
					t.Errorf("%s: status %d, want 500", door, a.StatusCode)
				}
			}
			if status, got := desk.call(http.MethodGet, "/v1/users", ""); status != http.StatusInternalServerError || strings.Contains(got["detail"].(string), secret) {
				t.Errorf("admin API: %d %v", status, got)
			}
			if got := proxy.ask("/", "Cookie", b.cookieHeader()); got.GetDeniedResponse() == nil || strings.Contains(got.String(), secret) {
				t.Errorf("Envoy: %v", got)
			}
			if response, err := http.Get(internal.URL + "/readyz"); err == nil {
				_ = response.Body.Close()
				t.Errorf("readiness: %s", response.Status)
			}
			w.store.panics.Store(nil)
			if n := strings.Count(w.logs.String(), `"msg":"panic in handler"`); n != 9 {
				t.Errorf("%d panics are in the log, want one of each door", n)
			}
			c.everywhere(t, func() string { w.spans(to); return to.Raw() })
			if !b.signedIn() {
				t.Error("the panics ended a session")
			}
		})
	}
}
