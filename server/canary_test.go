package server

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/refresh"
)

// secrets are what must be found nowhere.
type secrets struct {
	mu  sync.Mutex
	all []string
}

func (s *secrets) note(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, values...)
}

// fromGoogle notes the tokens that the stand-in hands out, with a refresh token among them.
func (s *secrets) fromGoogle() googletest.Fault {
	return googletest.TokenResponse(func(body map[string]any) {
		body["refresh_token"] = "canary-refresh-token-of-google"
		for _, name := range []string{"access_token", "refresh_token", "id_token"} {
			if token, ok := body[name].(string); ok {
				s.note(token)
			}
		}
	})
}

// canaries is a world that is searched at its end.
type canaries struct {
	*world
	secrets
	bodies []string
}

// attempt is a login whose callback is changed, and a logout.
func (c *canaries) attempt(t *testing.T, change func(at string) string) {
	t.Helper()
	b := c.browser()
	jar := func() {
		for _, cookie := range b.jar.Cookies(mustParse(t, shop)) {
			c.note(cookie.Value)
		}
	}
	atGoogle := b.start("return_to", shop+"/private-page", "login_hint", "ann@example.com")
	jar()
	c.note(param(t, atGoogle, "state"), param(t, atGoogle, "nonce"), param(t, atGoogle, "code_challenge"))
	at := b.authorize(atGoogle)
	c.note(param(t, at, "code"))
	done := b.get(change(at))
	jar()
	c.bodies = append(c.bodies, done.body)
	if to := done.Header.Get("Location"); to != shop+"/private-page" {
		c.bodies = append(c.bodies, to)
		if strings.HasPrefix(to, "/") {
			c.bodies = append(c.bodies, b.get(shop+to).body)
		}
	}
	c.bodies = append(c.bodies, b.check("caddy").body, b.script(http.MethodPost, shop+"/auth/logout").body)
	if form := c.google.LastForm(googletest.Token); form != nil {
		c.note(form.Get("code_verifier"), form.Get("code"))
	}
}

// app signs in, refreshes, is a thief, and is revoked.
func (c *canaries) app(t *testing.T) {
	t.Helper()
	app := c.client()
	given := func(a answer) tokens {
		got := granted(t, a)
		c.note(got.AccessToken, got.RefreshToken)
		return got
	}
	nonce := app.nonce()
	idToken := c.mint("bob@example.com", nonce)
	c.note(idToken, nonce)
	first := given(app.assertion(idToken))
	c.bodies = append(c.bodies, app.assertion(idToken).body, app.me(first.AccessToken).body)
	given(app.refresh(first.RefreshToken))
	c.clock.advance(refresh.Grace + time.Second)
	c.bodies = append(c.bodies, app.refresh(first.RefreshToken).body, app.refresh("glrt_canary-of-nobody").body)
	other := app.signIn("bob@example.com")
	c.note(other.AccessToken, other.RefreshToken)
	c.bodies = append(c.bodies, app.submit(revokeURL, fields("token", other.RefreshToken, "client_id", googletest.ClientID)).body)
}

// search looks for every secret in every place.
func (c *canaries) search(t *testing.T, places map[string]string) {
	t.Helper()
	for place, content := range places {
		if content == "" {
			t.Errorf("the %s are empty: nothing was searched", place)
		}
		for _, secret := range c.all {
			if len(secret) >= 8 && strings.Contains(content, secret) {
				t.Errorf("the %s hold %q", place, secret)
			}
		}
	}
}

// TestM8_NoSecretLeaks runs logins that succeed and that fail in every stage, renewals and thefts of refresh tokens, and looks for what
// must not be found in any log line, audit event, metric, trace, page, answer or redirect.
func TestM8_NoSecretLeaks(t *testing.T) {
	w, to := traced(t, hostedPages, refreshTokens)
	c := &canaries{world: w}
	same := func(at string) string { return at }
	w.google.Misbehave(c.fromGoogle())
	c.attempt(t, same)
	c.attempt(t, func(at string) string { return with(t, at, "state", strings.Repeat("S", 43)) })
	c.attempt(t, func(at string) string { return with(t, at, "error", "secret-error-text") })
	c.attempt(t, func(at string) string { return at + "&code=canary-code" })
	c.app(t)
	for _, fault := range []googletest.Fault{
		googletest.TokenError(400, "invalid_grant"), googletest.TokenError(401, "invalid_client"), googletest.TokenStatus(500),
		googletest.Reset(googletest.Token), googletest.Claim("nonce", "canary-nonce"), googletest.Claim("hd", "canary.test"),
		googletest.Body(googletest.Token, "application/json", `{"access_token":"canary-access-token"`),
		googletest.Claim("email_verified", false), googletest.Status(googletest.Keys, 500), googletest.Claim("email", "canary@canary@x"),
		googletest.Redirect(googletest.Token, 302, "https://canary-redirect.test/"), googletest.Truncate(googletest.Token, 40),
		googletest.IDToken(func(token string) string { return token + "canary-signature" }),
		googletest.TokenField("error", "canary-error-of-google"),
	} {
		w.google.Behave()
		w.google.Misbehave(c.fromGoogle(), fault)
		c.attempt(t, same)
	}
	w.google.Behave()
	w.store.down.Store(true)
	c.attempt(t, same)
	_, readiness := w.probe("/readyz")
	w.store.down.Store(false)
	for _, path := range []string{w.cfg.Keys.SigningFile, w.cfg.Keys.SealingFile} {
		c.note(privateParts(t, path)...)
		write(t, path, `{"canary-key":`)
	}
	w.app.reloader.loadAll()
	_, notReady := w.probe("/readyz")
	download := filepath.Join(t.TempDir(), "credentials.json")
	write(t, download, `{"web":{"client_secret":"canary-of-the-download",`)
	if _, err := google.LoadCredentials(config.Client{CredentialsFile: download}); err != nil {
		c.bodies = append(c.bodies, err.Error())
	}

	c.note(googletest.ClientSecret, otlpKey, "canary-code", "canary-nonce", "canary-access-token", "canary@", "secret-error-text",
		"canary-redirect", "canary-signature", "canary-error-of-google", "canary-key", "canary-of-nobody", "canary-of-the-download", "ann@example.com", "private-page")
	_, metrics := w.probe("/metrics")
	w.spans(to)
	if len(c.all) < 120 || len(w.logs.String()) < 10_000 {
		t.Fatalf("%d secrets and a log of %d bytes: too little was tried", len(c.all), len(w.logs.String()))
	}
	c.search(t, map[string]string{
		"log": w.logs.String(), "metrics": metrics, "readyz": readiness + notReady, "pages": strings.Join(c.bodies, "\n"), "traces": to.Raw(),
	})
}

// TestM8_EachFileWithASecretHasACanary makes whoever adds a file to the configuration say whether a secret is in it, and plant it.
func TestM8_EachFileWithASecretHasACanary(t *testing.T) {
	want := []string{
		// None is secret.
		"Client.IDFile", "Storage.CAFile", "InternalAPI.KeysFile",
		// Planted by TestM8_NoSecretLeaks.
		"Client.SecretFile", "Client.CredentialsFile", "Keys.SealingFile", "Keys.SigningFile",
		// By TestM8_ThePasswordIsInNoErrorAndNoLog of package postgres.
		"Storage.URIFile",
	}
	var got []string
	var collect func(of reflect.Type, path string)
	collect = func(of reflect.Type, path string) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct {
			if strings.HasSuffix(path, "File") {
				got = append(got, path)
			}
			return
		}
		for i := range of.NumField() {
			collect(of.Field(i).Type, strings.TrimPrefix(path+"."+of.Field(i).Name, "."))
		}
	}
	collect(reflect.TypeFor[config.Config](), "")
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files of the configuration (-known +there are):\n%s", diff)
	}
}

// privateParts are the key material in a key file.
func privateParts(t *testing.T, path string) []string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var signing struct {
		Keys []struct {
			JWK struct {
				D string `json:"d"`
			} `json:"jwk"`
		} `json:"keys"`
		Key []struct {
			KeyData struct {
				Value string `json:"value"`
			} `json:"keyData"`
		} `json:"key"`
	}
	if err := json.Unmarshal(content, &signing); err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, k := range signing.Keys {
		parts = append(parts, k.JWK.D)
	}
	for _, k := range signing.Key {
		parts = append(parts, k.KeyData.Value)
	}
	if len(parts) == 0 {
		t.Fatalf("no key in %s", path)
	}
	return parts
}
