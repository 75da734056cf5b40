package server

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/token"
)

const (
	tokenURL      = shop + "/auth/token"
	androidClient = "android.apps.googleusercontent.com"
	appOrigin     = "https://app.example.com"
	spaRedirect   = "https://other.example.com/cb/done"
	verifier      = "a-code-verifier-of-at-least-forty-three-characters"
)

var challenge = oauth2.S256ChallengeFromVerifier(verifier)

func tokenEndpoint(c *config.Config) {
	c.TokenEndpoint = config.TokenEndpoint{Enabled: true, ClientIDs: []string{androidClient}}
}

// client is an app: no cookies, no browser.
type client struct{ *browser }

func (w *world) client() *client {
	b := w.browser()
	b.jar, b.client.Jar = nil, nil
	return &client{b}
}

func (c *client) nonce(query ...string) string {
	c.w.t.Helper()
	a := c.do(http.MethodGet, shop+"/auth/nonce?"+pairs(append([]string{"for", "token"}, query...)).Encode(), "Accept", "application/json")
	if len(a.Cookies()) > 0 {
		c.w.t.Errorf("an app gets cookies: %v", a.Cookies())
	}
	return nonceOf(c.w.t, a)
}

func (c *client) token(pairs ...string) answer {
	c.w.t.Helper()
	return c.submit(tokenURL, fields(pairs...), "Accept", "application/json")
}

func (c *client) assertion(token string, more ...string) answer {
	c.w.t.Helper()
	return c.token(append([]string{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion", token}, more...)...)
}

// code runs Google's code flow as a single-page application does, and returns the code.
func (c *client) code(nonce string, changes ...string) string {
	c.w.t.Helper()
	query := url.Values{
		"response_type": {"code"}, "client_id": {googletest.ClientID}, "redirect_uri": {spaRedirect}, "scope": {"openid email profile"},
		"nonce": {nonce}, "code_challenge": {challenge}, "code_challenge_method": {"S256"}, "state": {"the-app's-own"},
	}
	for i := 0; i < len(changes); i += 2 {
		query.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			query.Del(changes[i])
		}
	}
	return param(c.w.t, c.authorize(c.w.google.URL+"/o/oauth2/v2/auth?"+query.Encode()), "code")
}

func (c *client) redeem(code, nonce string, changes ...string) answer {
	c.w.t.Helper()
	form := map[string]string{
		"grant_type": "authorization_code", "code": code, "redirect_uri": spaRedirect, "code_verifier": verifier, "nonce": nonce,
	}
	for i := 0; i < len(changes); i += 2 {
		form[changes[i]] = changes[i+1]
	}
	var list []string
	for name, value := range form {
		if value != "" {
			list = append(list, name, value)
		}
	}
	return c.token(list...)
}

func (c *client) me(token string, more ...string) answer {
	c.w.t.Helper()
	return c.do(http.MethodGet, shop+"/auth/me", append([]string{"Accept", "application/json", "Authorization", "Bearer " + token}, more...)...)
}

// tokens is the good answer of the endpoint.
type tokens struct {
	AccessToken   string         `json:"access_token"`
	TokenType     string         `json:"token_type"`
	ExpiresIn     int            `json:"expires_in"`
	User          map[string]any `json:"user"`
	MissingScopes []string       `json:"missing_scopes"`
	RefreshToken  string         `json:"refresh_token"`
}

func granted(t testing.TB, a answer) tokens {
	t.Helper()
	var got tokens
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != 200 || got.AccessToken == "" {
		t.Fatalf("status %d: %s", a.StatusCode, a.body)
	}
	return got
}

// oauthError is the error of an answer, after a look at what every error of the endpoint is.
func oauthError(t testing.TB, a answer) (code, reason string) {
	t.Helper()
	var got struct {
		Error, Reason string
		Description   string `json:"error_description"`
		ErrorID       string `json:"error_id"`
		AccessToken   string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || got.Description == "" || got.ErrorID != a.Header.Get("X-Request-Id") || got.AccessToken != "" {
		t.Errorf("body: %s", a.body)
	}
	if a.Header.Get("Content-Type") != "application/json" || a.Header.Get("Cache-Control") != "no-store" || len(a.Cookies()) != 0 {
		t.Errorf("headers %v", a.Header)
	}
	return got.Error, got.Reason
}

func refusedToken(t *testing.T, w *world, a answer, status int, code string) {
	t.Helper()
	if got, _ := oauthError(t, a); a.StatusCode != status || got != code {
		t.Errorf("status %d, error %q, want %d %q", a.StatusCode, got, status, code)
	}
	if got := w.audits(); len(got) != 1 || got[0] != "token refused unknown" {
		t.Errorf("audit %v", got)
	}
}

func TestToken_ForAnIDToken(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	a := c.assertion(w.mint("ann@example.com", c.nonce(), googletest.IssuedTo(androidClient)))
	got := granted(t, a)
	if got.TokenType != "Bearer" || got.ExpiresIn < 599 || got.ExpiresIn > 600 || got.User["email"] != "ann@example.com" || got.User["name"] != "Ann Example" ||
		got.User["hd"] != "example.com" || got.User["sub"] == "" {
		t.Errorf("answer %s", a.body)
	}
	if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Content-Type") != "application/json" || len(a.Cookies()) != 0 {
		t.Errorf("headers %v", a.Header)
	}
	if diff := cmp.Diff([]string{"login success"}, w.audits()); diff != "" {
		t.Error(diff)
	}
	me := c.me(got.AccessToken)
	if me.StatusCode != 200 || !strings.Contains(me.body, `"email":"ann@example.com"`) || !strings.Contains(me.body, `"missing_scopes":[]`) ||
		!strings.Contains(me.body, `"expires_at"`) || len(me.Cookies()) != 0 {
		t.Errorf("me: status %d: %s, cookies %v", me.StatusCode, me.body, me.Cookies())
	}
	if strings.Contains(w.logs.String(), got.AccessToken) || strings.Contains(w.logs.String(), "ann@example.com") {
		t.Error("the token or the email is in the log")
	}
	w.clock.advance(10 * time.Minute)
	if late := c.me(got.AccessToken); late.StatusCode != 401 || late.Header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
		t.Errorf("after its end: status %d, WWW-Authenticate %q", late.StatusCode, late.Header.Get("WWW-Authenticate"))
	}
}

func TestToken_ForACode(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	nonce := c.nonce("code_challenge", challenge)
	got := granted(t, c.redeem(c.code(nonce), nonce))
	if got.User["email"] != "ann@example.com" || w.google.Calls(googletest.Token) != 1 {
		t.Errorf("answer %+v", got)
	}
	if c.me(got.AccessToken).StatusCode != 200 {
		t.Error("the token is no good")
	}
}

func TestC39_TokenSaysWhichScopesAreMissing(t *testing.T) {
	calendar := "https://www.googleapis.com/auth/calendar.readonly"
	w := newWorld(t, tokenEndpoint, func(c *config.Config) { c.Google.Scopes = append(c.Google.Scopes, calendar) })
	c := w.client()
	nonce := c.nonce("code_challenge", challenge)
	got := granted(t, c.redeem(c.code(nonce), nonce))
	if diff := cmp.Diff([]string{calendar}, got.MissingScopes); diff != "" {
		t.Error(diff)
	}
	if me := c.me(got.AccessToken); !strings.Contains(me.body, calendar) {
		t.Errorf("me: %s", me.body)
	}
}

func TestJ1_TokenFieldsBesideTheProofAreIgnored(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	got := granted(t, c.assertion(w.mint("ann@example.com", c.nonce()), "email", "bob@example.com", "sub", "1", "username", "bob"))
	if got.User["email"] != "ann@example.com" {
		t.Errorf("user %v", got.User)
	}
}

func TestJ3_TokenNonces(t *testing.T) {
	for name, nonce := range map[string]func(w *world, c *client) string{
		"J3 none":            func(*world, *client) string { return "" },
		"J3 unknown":         func(*world, *client) string { return strings.Repeat("A", 118) },
		"J3 a bit flipped":   func(_ *world, c *client) string { n := c.nonce(); return n[:30] + string(n[30]^1) + n[31:] },
		"J3 a bit more":      func(_ *world, c *client) string { return c.nonce() + "A" },
		"J3 line break":      func(_ *world, c *client) string { return c.nonce() + "\n" },
		"J3 of a page":       func(w *world, _ *client) string { return w.browser().pageNonce() },
		"J3 too long to try": func(*world, *client) string { return strings.Repeat("A", 2000) },
		"J3 of another GoogleLogin": func(w *world, _ *client) string {
			other := newWorld(w.t, tokenEndpoint, func(c *config.Config) { c.Instance = "team/other" })
			write(w.t, other.cfg.Keys.SealingFile, read1(w.t, w.cfg.Keys.SealingFile))
			other.start()
			return other.client().nonce()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tokenEndpoint, signInWithGoogle)
			c := w.client()
			refusedToken(t, w, c.assertion(w.mint("ann@example.com", nonce(w, c))), 400, "invalid_grant")
		})
	}
}

func TestJ3_TokenNonceExpires(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	nonce, bound := c.nonce(), c.nonce("code_challenge", challenge)
	code := c.code(bound)
	w.clock.advance(10 * time.Minute)
	for name, a := range map[string]answer{"ID token": c.assertion(w.mint("ann@example.com", nonce)), "code": c.redeem(code, bound)} {
		if code, reason := oauthError(t, a); a.StatusCode != 400 || code != "invalid_grant" || reason != "login_expired" {
			t.Errorf("%s: status %d: %s", name, a.StatusCode, a.body)
		}
	}
	if w.google.Calls(googletest.Token) != 0 {
		t.Error("the code was sent")
	}
}

func TestJ4_TokensOfOtherClients(t *testing.T) {
	for name, row := range map[string]struct {
		client string
		azp    string
		listed []string
		want   int
	}{
		"J4 another client of the project":    {"other.apps.googleusercontent.com", "", []string{androidClient}, 400},
		"J4 an app that is not listed":        {androidClient, "", nil, 400},
		"J4 for us, by an app not listed":     {googletest.ClientID, androidClient, nil, 400},
		"J4 a listed app":                     {androidClient, "", []string{androidClient}, 200},
		"J4 for us, by a listed app":          {googletest.ClientID, androidClient, []string{androidClient}, 200},
		"J4 for a listed app, by another one": {androidClient, "other", []string{androidClient}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *config.Config) {
				c.TokenEndpoint = config.TokenEndpoint{Enabled: true, ClientIDs: row.listed}
			})
			c := w.client()
			var alter []func(map[string]any)
			if row.azp != "" {
				alter = append(alter, googletest.IssuedTo(row.azp))
			}
			token, err := w.google.MintIDToken(row.client, "ann@example.com", c.nonce(), alter...)
			if err != nil {
				t.Fatal(err)
			}
			a := c.assertion(token)
			if row.want == 200 {
				granted(t, a)
				return
			}
			refusedToken(t, w, a, 400, "invalid_grant")
		})
	}
}

func TestJ5_ReplayOfAnAssertion(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	nonce := c.nonce()
	first, second := w.mint("ann@example.com", nonce), w.mint("bob@example.com", nonce)
	granted(t, c.assertion(first))
	for name, token := range map[string]string{"same token": first, "another token of the nonce": second} {
		if code, _ := oauthError(t, c.assertion(token)); code != "invalid_grant" {
			t.Errorf("%s: error %q", name, code)
		}
	}
	if got := w.audits(); len(got) != 3 || got[2] != "token refused unknown" {
		t.Errorf("audit %v", got)
	}
}

func TestJ5_OneOfManyAtOnce(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	token := w.mint("ann@example.com", c.nonce())
	var mu sync.Mutex
	var all sync.WaitGroup
	statuses := map[int]int{}
	for range 20 {
		all.Go(func() {
			a := w.client().assertion(token)
			mu.Lock()
			defer mu.Unlock()
			statuses[a.StatusCode]++
		})
	}
	all.Wait()
	if diff := cmp.Diff(map[int]int{200: 1, 400: 19}, statuses); diff != "" {
		t.Error(diff)
	}
}

func TestJ6_TokenContentTypes(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	for contentType, want := range map[string]int{
		formType + ";charset=UTF-8": 200, "application/json": 415, "text/plain": 415, "": 415, "multipart/form-data; boundary=x": 415,
	} {
		body := fields("grant_type", token.GrantJWTBearer, "assertion", w.mint("ann@example.com", c.nonce()))
		a := c.submit(tokenURL, body, "Content-Type", contentType)
		if a.StatusCode != want {
			t.Errorf("%q: status %d, want %d", contentType, a.StatusCode, want)
		}
		if code, _ := oauthErrorIf(t, a); want == 415 && code != "invalid_request" {
			t.Errorf("%q: error %q", contentType, code)
		}
	}
}

func oauthErrorIf(t *testing.T, a answer) (string, string) {
	t.Helper()
	if a.StatusCode == 200 {
		return "", ""
	}
	return oauthError(t, a)
}

func TestJ7_CodeWithoutPKCE(t *testing.T) {
	for name, row := range map[string]struct {
		challenge string
		atGoogle  []string
		form      []string
		code      string
	}{
		"J7 no verifier":                         {challenge, nil, []string{"code_verifier", ""}, "invalid_request"},
		"J7 short verifier":                      {challenge, nil, []string{"code_verifier", "short"}, "invalid_request"},
		"J7 verifier of wrong characters":        {challenge, nil, []string{"code_verifier", strings.Repeat("ä", 50)}, "invalid_request"},
		"J7 another verifier":                    {challenge, nil, []string{"code_verifier", strings.Repeat("b", 43)}, "invalid_grant"},
		"J7 nonce bound to nothing":              {"", nil, nil, "invalid_grant"},
		"J7 neither nonce nor Google know of it": {"", []string{"code_challenge", "", "code_challenge_method", ""}, nil, "invalid_grant"},
		"no nonce":                               {challenge, nil, []string{"nonce", ""}, "invalid_request"},
		"no code":                                {challenge, nil, []string{"code", ""}, "invalid_request"},
		"no redirect URI":                        {challenge, nil, []string{"redirect_uri", ""}, "invalid_request"},
		"redirect URI that is not ours":          {challenge, nil, []string{"redirect_uri", "https://evil.test/cb"}, "invalid_grant"},
		"postmessage":                            {challenge, nil, []string{"redirect_uri", "postmessage"}, "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tokenEndpoint)
			c := w.client()
			nonce := c.nonce("code_challenge", row.challenge)
			refusedToken(t, w, c.redeem(c.code(nonce, row.atGoogle...), nonce, row.form...), 400, row.code)
			if w.google.Calls(googletest.Token) != 0 {
				t.Error("the code was sent")
			}
		})
	}
}

func TestJ7_GoogleChecksTheVerifierToo(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	nonce := c.nonce("code_challenge", challenge)
	stolen := c.code(nonce, "code_challenge", oauth2.S256ChallengeFromVerifier(strings.Repeat("v", 43)))
	if code, reason := oauthError(t, c.redeem(stolen, nonce)); code != "invalid_grant" || reason != "login_expired" {
		t.Errorf("error %q, reason %q", code, reason)
	}
}

func TestJ7_AssertionOfABoundNonceNeedsItsVerifier(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	stolen := w.mint("ann@example.com", c.nonce("code_challenge", challenge))
	for _, form := range [][]string{nil, {"code_verifier", ""}, {"code_verifier", strings.Repeat("b", 43)}, {"code_verifier", challenge}} {
		if code, _ := oauthError(t, c.assertion(stolen, form...)); code != "invalid_grant" {
			t.Errorf("%v: error %q", form, code)
		}
	}
	granted(t, c.assertion(stolen, "code_verifier", verifier))
}

func TestJ8_TokensThatAreNoIDToken(t *testing.T) {
	for name, forged := range map[string]func(w *world, c *client) string{
		"J8 an access token of Google's": func(w *world, _ *client) string {
			var token string
			w.google.Misbehave(googletest.TokenResponse(func(body map[string]any) { token = body["access_token"].(string) }))
			w.browser().login()
			return token
		},
		"J8 an access token of ours": func(w *world, c *client) string {
			return granted(w.t, c.assertion(w.mint("ann@example.com", c.nonce()))).AccessToken
		},
		"J8 a code": func(_ *world, c *client) string { return c.code(c.nonce()) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tokenEndpoint)
			c := w.client()
			if code, _ := oauthError(t, c.assertion(forged(w, c))); code != "invalid_grant" {
				t.Errorf("error %q", code)
			}
		})
	}
}

func TestToken_RequestsThatAreNone(t *testing.T) {
	for name, row := range map[string]struct {
		target, body, code string
		status             int
	}{
		"empty":                  {tokenURL, "", "invalid_request", 400},
		"no grant type":          {tokenURL, "assertion=x", "invalid_request", 400},
		"no assertion":           {tokenURL, fields("grant_type", token.GrantJWTBearer), "invalid_request", 400},
		"a grant of ours later":  {tokenURL, "grant_type=refresh_token&refresh_token=x", "unsupported_grant_type", 400},
		"password":               {tokenURL, "grant_type=password&username=a&password=b", "unsupported_grant_type", 400},
		"grant type twice":       {tokenURL, "grant_type=authorization_code&grant_type=authorization_code", "invalid_request", 400},
		"in the query":           {tokenURL + "?grant_type=authorization_code", "", "invalid_request", 400},
		"something in the query": {tokenURL + "?x=y", "grant_type=password", "invalid_request", 400},
		"malformed":              {tokenURL, "a=%zz", "invalid_request", 400},
		"30 KiB":                 {tokenURL, "a=" + strings.Repeat("a", 30<<10), "invalid_request", 413},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tokenEndpoint)
			refusedToken(t, w, w.client().submit(row.target, row.body), row.status, row.code)
		})
	}
	w := newWorld(t, tokenEndpoint)
	if a := w.client().do(http.MethodGet, tokenURL); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: status %d", a.StatusCode)
	}
}

func TestToken_SaysWhyAnAccountMayNotSignIn(t *testing.T) {
	for name, row := range map[string]struct {
		email        string
		broken       func(w *world)
		status       int
		code, reason string
		retry        bool
	}{
		"not allowed": {"stranger@gmail.test", func(*world) {}, 403, "access_denied", "account_not_allowed", false},
		"D60 email not verified": {"ann@example.com", func(w *world) {
			w.google.Misbehave(googletest.Claim("email_verified", false))
		}, 403, "access_denied", "email_not_verified", false},
		"G93 store down":     {"ann@example.com", func(w *world) { w.store.down.Store(true) }, 503, "temporarily_unavailable", "temporarily_unavailable", true},
		"Google's keys away": {"ann@example.com", func(w *world) { w.google.Misbehave(googletest.Status(googletest.Keys, 500)) }, 502, "temporarily_unavailable", "google_unavailable", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tokenEndpoint)
			c := w.client()
			nonce := c.nonce()
			row.broken(w)
			a := c.assertion(w.mint(row.email, nonce))
			if code, reason := oauthError(t, a); a.StatusCode != row.status || code != row.code || reason != row.reason || (a.Header.Get("Retry-After") != "") != row.retry {
				t.Errorf("status %d, Retry-After %q: %s", a.StatusCode, a.Header.Get("Retry-After"), a.body)
			}
			if got := w.audits(); len(got) != 1 || !strings.HasPrefix(got[0], "login ") || !strings.HasSuffix(got[0], row.reason) {
				t.Errorf("audit %v", got)
			}
		})
	}
}

func TestToken_OneAccountAsksTooOften(t *testing.T) {
	w := newWorld(t, tokenEndpoint, func(c *config.Config) { c.RateLimits.PerAccount = 1 })
	c := w.client()
	granted(t, c.assertion(w.mint("ann@example.com", c.nonce())))
	a := c.assertion(w.mint("ann@example.com", c.nonce()))
	if code, reason := oauthError(t, a); a.StatusCode != 429 || code != "slow_down" || reason != "too_many_requests" || a.Header.Get("Retry-After") == "" {
		t.Errorf("status %d, Retry-After %q: %s", a.StatusCode, a.Header.Get("Retry-After"), a.body)
	}
	granted(t, c.assertion(w.mint("bob@example.com", c.nonce())))
}

func TestToken_OneAddressAsksTooOften(t *testing.T) {
	w := newWorld(t, tokenEndpoint, tenPerAddress)
	c := w.client()
	var a answer
	for range 11 {
		a = c.token("grant_type", "authorization_code")
	}
	refusedByRate(t, a)
	if code, reason := oauthError(t, a); code != "slow_down" || reason != "too_many_requests" {
		t.Errorf("an OAuth client is told %s", a.body)
	}
	if got := w.audits(); got[len(got)-1] != "rate_limit refused too_many_requests" {
		t.Errorf("audit %v", got)
	}
}

func TestToken_NotReadyIssuesNothing(t *testing.T) {
	for name, file := range map[string]func(c config.Config) string{
		"client secret": func(c config.Config) string { return c.Client.SecretFile },
		"signing keys":  func(c config.Config) string { return c.Keys.SigningFile },
		"sealing keys":  func(c config.Config) string { return c.Keys.SealingFile },
	} {
		w := newWorld(t, tokenEndpoint, signInWithGoogle)
		w.remove(file(w.cfg))
		w.start()
		c := w.client()
		if a := c.assertion("x"); a.StatusCode != 503 || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s, token: status %d", name, a.StatusCode)
		}
		for _, query := range []string{"", "?for=token"} {
			if a := c.do(http.MethodGet, shop+"/auth/nonce"+query); a.StatusCode != 503 || a.Header.Get("Retry-After") == "" || len(a.Cookies()) > 0 {
				t.Errorf("%s, nonce%s: status %d", name, query, a.StatusCode)
			}
		}
	}
}

func TestNonce_Requests(t *testing.T) {
	all := newWorld(t, tokenEndpoint, signInWithGoogle)
	apps, pages := newWorld(t, tokenEndpoint), newWorld(t, signInWithGoogle)
	for name, row := range map[string]struct {
		w     *world
		query string
		want  int
	}{
		"page": {all, "", 200}, "app": {all, "?for=token", 200}, "app with a challenge": {all, "?for=token&code_challenge=" + challenge, 200},
		"app where only pages are": {pages, "?for=token", 404}, "page where only apps are": {apps, "", 404},
		"another kind": {all, "?for=tea", 400}, "kind twice": {all, "?for=token&for=token", 400},
		"short challenge": {all, "?for=token&code_challenge=abc", 400}, "challenge in other base64": {all, "?for=token&code_challenge=" + challenge[:42] + "=", 400},
		"challenge twice": {all, "?for=token&code_challenge=a&code_challenge=b", 400}, "malformed": {all, "?a=%zz", 400},
	} {
		if a := row.w.client().do(http.MethodGet, shop+"/auth/nonce"+row.query, "Accept", "application/json"); a.StatusCode != row.want {
			t.Errorf("%s: status %d, want %d", name, a.StatusCode, row.want)
		}
	}
}

func TestG95_CORSOfTheTokenEndpoint(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	good := granted(t, c.assertion(w.mint("ann@example.com", c.nonce()))).AccessToken
	for origin, allowed := range map[string]bool{
		shop: true, appOrigin: true, "https://evil.test": false, "null": false, shop + ".evil.test": false, "http://shop.example.com": false,
	} {
		for name, a := range map[string]answer{
			"preflight":      c.do(http.MethodOptions, tokenURL, "Origin", origin, "Access-Control-Request-Method", "POST"),
			"nonce":          c.do(http.MethodGet, shop+"/auth/nonce?for=token", "Origin", origin),
			"refused nonce":  c.do(http.MethodGet, shop+"/auth/nonce?for=tea", "Origin", origin),
			"me with token":  c.me(good, "Origin", origin),
			"me without one": c.me("x", "Origin", origin),
			"me preflight":   c.do(http.MethodOptions, shop+"/auth/me", "Origin", origin, "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization"),
		} {
			got := [2]string{a.Header.Get("Access-Control-Allow-Origin"), a.Header.Get("Access-Control-Allow-Credentials")}
			if want := map[bool][2]string{true: {origin, "true"}, false: {"", ""}}[allowed]; got != want {
				t.Errorf("%s from %s: origin and credentials are %q, want %q", name, origin, got, want)
			}
			if strings.HasSuffix(name, "preflight") && allowed && !strings.Contains(a.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
				t.Errorf("%s: Authorization is not allowed", name)
			}
		}
		a := c.submit(tokenURL, "grant_type=x", "Origin", origin, "Sec-Fetch-Site", "cross-site")
		if want := map[bool]int{true: 400, false: 403}[allowed]; a.StatusCode != want || (a.Header.Get("Access-Control-Allow-Origin") == origin) != allowed {
			t.Errorf("error for %s: status %d, origin %q", origin, a.StatusCode, a.Header.Get("Access-Control-Allow-Origin"))
		}
	}
}

// TestSPA_WholeFlow is a single-page application on another host of the same site, with nothing but fetch.
func TestSPA_WholeFlow(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	fetch := []string{"Accept", "*/*", "Origin", appOrigin, "Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}
	nonce := nonceOf(t, c.do(http.MethodGet, shop+"/auth/nonce?for=token&code_challenge="+challenge, fetch...))
	code := c.code(nonce)
	a := c.submit(tokenURL, fields("grant_type", "authorization_code", "code", code, "redirect_uri", spaRedirect, "code_verifier", verifier, "nonce", nonce),
		append(fetch, "Content-Type", formType+";charset=UTF-8")...)
	token := granted(t, a).AccessToken
	if a.Header.Get("Access-Control-Allow-Origin") != appOrigin {
		t.Errorf("headers %v", a.Header)
	}
	authorized := append([]string{"Authorization", "Bearer " + token}, fetch...)
	if me := c.do(http.MethodGet, shop+"/auth/me", authorized...); me.StatusCode != 200 {
		t.Errorf("me: status %d", me.StatusCode)
	}
	if out := c.do(http.MethodPost, shop+"/auth/logout", authorized...); out.StatusCode != 204 || len(out.Cookies()) != 0 {
		t.Errorf("logout: status %d, cookies %v", out.StatusCode, out.Cookies())
	}
	if me := c.do(http.MethodGet, shop+"/auth/me", authorized...); me.StatusCode != 401 || me.Header.Get("Access-Control-Allow-Origin") != appOrigin {
		t.Errorf("me after logout: status %d, headers %v", me.StatusCode, me.Header)
	}
	again := c.redeem(code, nonce)
	if code, _ := oauthError(t, again); code != "invalid_grant" {
		t.Errorf("the code a second time: %s", again.body)
	}
}

func TestDiscovery_NamesTheGrantsOfAnEnabledTokenEndpoint(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	var got struct {
		Grants []string `json:"grant_types_supported"`
		Token  string   `json:"token_endpoint"`
	}
	if err := json.Unmarshal([]byte(w.browser().get(shop+"/auth/.well-known/openid-configuration").body), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{token.GrantCode, token.GrantJWTBearer}, got.Grants); diff != "" || got.Token != tokenURL {
		t.Error(diff, got.Token)
	}
	for _, grant := range got.Grants {
		if code, _ := oauthError(t, w.client().token("grant_type", grant)); code == "unsupported_grant_type" {
			t.Errorf("%s is not served", grant)
		}
	}
}
