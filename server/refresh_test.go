package server

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/session"
)

const revokeURL = tokenURL + "/revoke"

func refreshTokens(c *config.Config) {
	tokenEndpoint(c)
	c.TokenEndpoint.RefreshTokens = true
	c.RateLimits = config.RateLimits{PerAddress: 100_000, PerAccount: 10_000}
}

// signIn gets the first tokens, as the web client's app does.
func (c *client) signIn(email string) tokens {
	c.w.t.Helper()
	got := granted(c.w.t, c.assertion(c.w.mint(email, c.nonce())))
	if !strings.HasPrefix(got.RefreshToken, "glrt_") || len(got.RefreshToken) != 75 {
		c.w.t.Fatalf("a refresh token of %d characters", len(got.RefreshToken))
	}
	return got
}

func (c *client) refresh(token string, more ...string) answer {
	c.w.t.Helper()
	return c.token(append([]string{"grant_type", "refresh_token", "refresh_token", token, "client_id", googletest.ClientID}, more...)...)
}

func (c *client) wantMe(token string, want int) {
	c.w.t.Helper()
	if a := c.me(token); a.StatusCode != want {
		c.w.t.Errorf("me: status %d, want %d", a.StatusCode, want)
	}
}

// deniedRefresh checks an error that the client's author has to read.
func deniedRefresh(t *testing.T, a answer, want string) {
	t.Helper()
	if code, _ := oauthError(t, a); a.StatusCode != http.StatusBadRequest || code != want {
		t.Errorf("status %d, error %q, want 400 %q", a.StatusCode, code, want)
	}
}

func lastAudit(w *world) string {
	all := w.audits()
	return all[len(all)-1]
}

func TestRefresh_RotatesWithinTheSession(t *testing.T) {
	w := newWorld(t, refreshTokens)
	c := w.client()
	first := c.signIn("ann@example.com")
	seen := map[string]bool{first.RefreshToken: true, first.AccessToken: true}
	got := first
	for range 5 {
		w.clock.advance(11 * time.Minute)
		c.wantMe(got.AccessToken, http.StatusUnauthorized)
		got = granted(t, c.refresh(got.RefreshToken))
		if seen[got.RefreshToken] || seen[got.AccessToken] {
			t.Fatal("a token came twice")
		}
		seen[got.RefreshToken], seen[got.AccessToken] = true, true
		c.wantMe(got.AccessToken, http.StatusOK)
		if sidOf(t, got.AccessToken) != sidOf(t, first.AccessToken) {
			t.Error("the session is another one")
		}
	}
}

// sidOf reads the session ID of an access token, which others have verified.
func sidOf(t *testing.T, accessToken string) string {
	t.Helper()
	var claims session.Claims
	if _, _, err := jwt.NewParser().ParseUnverified(accessToken, &claims); err != nil || claims.SessionID == "" {
		t.Fatalf("no session ID: %v", err)
	}
	return claims.SessionID
}

func TestRefresh_IsNotThereUnlessEnabled(t *testing.T) {
	w := newWorld(t, tokenEndpoint)
	c := w.client()
	if got := granted(t, c.assertion(w.mint("ann@example.com", c.nonce()))); got.RefreshToken != "" {
		t.Error("a refresh token all the same")
	}
	deniedRefresh(t, c.refresh("glrt_"+strings.Repeat("A", 70)), "unsupported_grant_type")
	if a := c.submit(revokeURL, fields("token", "x"), "Accept", "application/json"); a.StatusCode != http.StatusNotFound {
		t.Errorf("revoke: status %d", a.StatusCode)
	}
}

func TestG88_RefreshTokensEndWithTheSession(t *testing.T) {
	for name, row := range map[string]struct {
		every time.Duration
		times int
	}{"idle": {24 * time.Hour, 1}, "lifetime": {23 * time.Hour, 32}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, refreshTokens)
			c := w.client()
			got := c.signIn("ann@example.com")
			for i := range row.times {
				w.clock.advance(row.every)
				a := c.refresh(got.RefreshToken)
				if i == row.times-1 {
					deniedRefresh(t, a, "invalid_grant")
					return
				}
				got = granted(t, a)
			}
		})
	}
}

func TestH96_ATokenUsedAgainAfterTheGraceEndsTheFamily(t *testing.T) {
	for name, generations := range map[string]int{"the one before": 1, "two before": 2, "the very first of many": 6} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, refreshTokens)
			c := w.client()
			stolen := c.signIn("ann@example.com")
			other := c.signIn("ann@example.com")
			got := stolen
			for range generations {
				got = granted(t, c.refresh(got.RefreshToken))
				w.clock.advance(refresh.Grace)
			}
			if code, _ := oauthError(t, c.refresh(stolen.RefreshToken)); code != "invalid_grant" {
				t.Errorf("error %q", code)
			}
			if audits := strings.Join(w.audits(), "\n"); strings.Count(audits, "token.reuse_detected denied") != 1 {
				t.Errorf("audit:\n%s", audits)
			}
			c.wantMe(got.AccessToken, http.StatusUnauthorized)
			deniedRefresh(t, c.refresh(got.RefreshToken), "invalid_grant")
			c.wantMe(other.AccessToken, http.StatusOK)
			granted(t, c.refresh(other.RefreshToken))
		})
	}
}

func TestH97_ATokenUsedAgainWithinTheGraceGetsTheSameSuccessor(t *testing.T) {
	w := newWorld(t, refreshTokens)
	c := w.client()
	first := c.signIn("ann@example.com")
	second := granted(t, c.refresh(first.RefreshToken))
	w.clock.advance(refresh.Grace - time.Second)
	again := granted(t, c.refresh(first.RefreshToken))
	if again.RefreshToken != second.RefreshToken {
		t.Error("another successor")
	}
	c.wantMe(again.AccessToken, http.StatusOK)
	granted(t, c.refresh(again.RefreshToken))
}

func TestH97_APageThatIsReloadedAtOnceEndsNoSessionOfAnotherTab(t *testing.T) {
	w := newWorld(t, refreshTokens)
	c := w.client()
	first := c.signIn("ann@example.com")
	second := granted(t, c.refresh(first.RefreshToken))
	w.clock.advance(5 * time.Second)
	reloaded := granted(t, c.refresh(second.RefreshToken))
	if reloaded.RefreshToken != second.RefreshToken || reloaded.AccessToken == second.AccessToken {
		t.Error("the chain moved twice within the grace, or there is no new access token")
	}
	w.clock.advance(5 * time.Second)
	if slow := granted(t, c.refresh(first.RefreshToken)); slow.RefreshToken != second.RefreshToken {
		t.Error("the other tab gets another successor")
	}
	w.clock.advance(refresh.Grace)
	third := granted(t, c.refresh(second.RefreshToken))
	if third.RefreshToken == second.RefreshToken {
		t.Error("the chain stands still")
	}
	deniedRefresh(t, c.refresh(first.RefreshToken), "invalid_grant")
	c.wantMe(third.AccessToken, http.StatusUnauthorized)
}

func TestH99_ATokenIsGoodForItsOwnClientAndServiceAlone(t *testing.T) {
	w := newWorld(t, refreshTokens)
	c := w.client()
	web := c.signIn("ann@example.com")
	android := granted(t, c.assertion(w.mint("ann@example.com", c.nonce(), googletest.IssuedTo(androidClient))))
	elsewhere := newWorld(t, refreshTokens).client().signIn("ann@example.com")
	b := w.browser()
	b.login()
	for name, a := range map[string]answer{
		"H99 of another GoogleLogin":           c.refresh(elsewhere.RefreshToken),
		"H99 the web client's, by the app":     c.token("grant_type", "refresh_token", "refresh_token", web.RefreshToken, "client_id", androidClient),
		"H99 the app's, by the web client":     c.refresh(android.RefreshToken),
		"H99 the right bits under another sid": c.refresh(android.RefreshToken[:27] + web.RefreshToken[27:]),
		"H99 the handle of a browser":          c.refresh(b.cookie("__Host-shop-session")),
		"H99 the handle as a token":            c.refresh("glrt_" + b.cookie("__Host-shop-session")),
		"H99 an access token":                  c.refresh(web.AccessToken),
	} {
		if code, _ := oauthError(t, a); a.StatusCode != http.StatusBadRequest || code != "invalid_grant" {
			t.Errorf("%s: status %d, %s", name, a.StatusCode, code)
		}
	}
	// None of that has used anything up, or ended anybody's session.
	granted(t, c.refresh(web.RefreshToken))
	granted(t, c.token("grant_type", "refresh_token", "refresh_token", android.RefreshToken, "client_id", androidClient))
}

func TestH99_AnAppThatIsNotListedAnyMoreGetsNoTokens(t *testing.T) {
	w := newWorld(t, refreshTokens)
	c := w.client()
	web := c.signIn("ann@example.com")
	android := granted(t, c.assertion(w.mint("ann@example.com", c.nonce(), googletest.IssuedTo(androidClient))))
	refresh := func(token string) answer {
		return c.token("grant_type", "refresh_token", "refresh_token", token, "client_id", androidClient)
	}
	w.changed(func(c *config.Config) { c.TokenEndpoint.ClientIDs = []string{"other.apps.googleusercontent.com"} })

	deniedRefresh(t, refresh(android.RefreshToken), "invalid_client")
	if got := lastAudit(w); got != "token refused unknown" {
		t.Errorf("audit %q", got)
	}
	granted(t, c.refresh(web.RefreshToken))
	// The session of an app that is no longer listed can be ended all the same, and what is not its token tells it nothing.
	deniedRefresh(t, refresh(web.RefreshToken), "invalid_grant")
	deniedRefresh(t, refresh("glrt_"+strings.Repeat("A", 70)), "invalid_grant")

	w.changed(func(c *config.Config) { c.TokenEndpoint.ClientIDs = []string{androidClient} })
	again := granted(t, refresh(android.RefreshToken))

	w.changed(func(c *config.Config) { c.TokenEndpoint.ClientIDs = nil })
	revoked := c.submit(revokeURL, fields("token", again.RefreshToken, "client_id", androidClient), "Accept", "application/json")
	if revoked.StatusCode != http.StatusOK {
		t.Errorf("revoke: status %d", revoked.StatusCode)
	}
	c.wantMe(again.AccessToken, http.StatusUnauthorized)
}

// TestH99_AnotherGoogleClient is a GoogleLogin that moves to another client at Google. Browsers stay signed in; the tokens that the
// old client was given are good for as long as it is listed.
func TestH99_AnotherGoogleClient(t *testing.T) {
	w := newWorld(t, refreshTokens)
	b, c := w.browser(), w.client()
	b.login()
	web := c.signIn("ann@example.com")
	write(t, w.cfg.Client.IDFile, "moved.apps.googleusercontent.com")
	w.app.reloader.loadAll()

	deniedRefresh(t, c.refresh(web.RefreshToken), "invalid_client")
	w.clock.advance(11 * time.Minute)
	if a := b.script(http.MethodPost, shop+"/auth/refresh"); a.StatusCode != http.StatusOK {
		t.Errorf("a browser: status %d", a.StatusCode)
	}
	w.changed(func(c *config.Config) { c.TokenEndpoint.ClientIDs = []string{googletest.ClientID} })
	granted(t, c.refresh(web.RefreshToken))
}

func TestH99_ARefreshTokenIsNothingElse(t *testing.T) {
	w := newWorld(t, refreshTokens)
	c := w.client()
	got := c.signIn("ann@example.com")
	c.wantMe(got.RefreshToken, http.StatusUnauthorized)
	b := w.browser()
	secret := strings.TrimPrefix(got.RefreshToken, "glrt_")
	for _, value := range []string{got.RefreshToken, secret, secret[len(secret)-43:]} {
		b.jar.SetCookies(mustParse(t, shop), secured([]*http.Cookie{{Name: "__Host-shop-session", Value: value}}))
		if b.signedIn() {
			t.Error("a refresh token passes for a handle")
		}
	}
}

func TestH100_DamagedTokens(t *testing.T) {
	w := newWorld(t, refreshTokens)
	c := w.client()
	token := c.signIn("ann@example.com").RefreshToken
	damaged := map[string]string{
		"truncated": token[:len(token)-1], "extended": token + "A", "without prefix": token[5:], "in capitals": strings.ToUpper(token),
		"padded": token + "=", "with a space": token + " ", "with a line break": token + "\n", "twice": token + token,
	}
	for i := 5; i < len(token); i += 6 {
		flipped := []byte(token)
		flipped[i] = map[bool]byte{true: 'B', false: 'A'}[flipped[i] == 'A']
		damaged["flipped at "+string(rune('a'+i/6))] = string(flipped)
	}
	for name, text := range damaged {
		if code, _ := oauthError(t, c.refresh(text)); code != "invalid_grant" {
			t.Errorf("H100 %s: %s", name, code)
		}
	}
	granted(t, c.refresh(token))
}

func TestRefresh_NeedsItsFields(t *testing.T) {
	w := newWorld(t, refreshTokens)
	c := w.client()
	token := c.signIn("ann@example.com").RefreshToken
	for name, form := range map[string][]string{
		"no token":     {"grant_type", "refresh_token", "client_id", googletest.ClientID},
		"no client_id": {"grant_type", "refresh_token", "refresh_token", token},
	} {
		if code, _ := oauthError(t, c.token(form...)); code != "invalid_request" {
			t.Errorf("%s: %s", name, code)
		}
	}
	if code, _ := oauthError(t, c.refresh(token, "refresh_token", token)); code != "invalid_request" {
		t.Errorf("a field twice: %s", code)
	}
}

func TestE72_RefreshAsksThePolicyAgain(t *testing.T) {
	w := newWorld(t, refreshTokens)
	c := w.client()
	got := c.signIn("ann@example.com")
	block := func(at time.Time) {
		if _, err := w.store.SaveUser(t.Context(), w.google.URL, "110000000000000000001", func(u identity.User) (identity.User, error) {
			u.BlockedAt = at
			return u, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	block(w.clock.Now())
	a := c.refresh(got.RefreshToken)
	if code, reason := oauthError(t, a); a.StatusCode != http.StatusForbidden || code != "access_denied" || reason != "account_blocked" {
		t.Errorf("status %d: %s", a.StatusCode, a.body)
	}
	if got := lastAudit(w); got != "session denied account_blocked" {
		t.Errorf("audit %q", got)
	}
	// Nothing was used up: an administrator who lifts the block gives the user back what they had.
	block(time.Time{})
	granted(t, c.refresh(got.RefreshToken))
}

func TestG93_RefreshWithoutAStoreLosesNothing(t *testing.T) {
	w := newWorld(t, refreshTokens)
	c := w.client()
	got := c.signIn("ann@example.com")
	w.store.down.Store(true)
	a := c.refresh(got.RefreshToken)
	if code, _ := oauthError(t, a); a.StatusCode != http.StatusServiceUnavailable || code != "temporarily_unavailable" || a.Header.Get("Retry-After") == "" {
		t.Errorf("status %d: %s", a.StatusCode, a.body)
	}
	w.store.down.Store(false)
	granted(t, c.refresh(got.RefreshToken))
}

func TestH101_RevocationEndsTheSessionOrSaysThatItDidNot(t *testing.T) {
	w := newWorld(t, refreshTokens)
	c := w.client()
	got := c.signIn("ann@example.com")
	revoke := func(token, clientID string) answer {
		return c.submit(revokeURL, fields("token", token, "token_type_hint", "refresh_token", "client_id", clientID), "Accept", "application/json")
	}
	w.store.down.Store(true)
	if a := revoke(got.RefreshToken, googletest.ClientID); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("while the store is away: status %d", a.StatusCode)
	}
	w.store.down.Store(false)
	c.wantMe(got.AccessToken, http.StatusOK)
	if a := revoke(got.RefreshToken, androidClient); a.StatusCode != http.StatusOK {
		t.Errorf("by another client: status %d", a.StatusCode)
	}
	c.wantMe(got.AccessToken, http.StatusOK)
	for range 2 {
		if a := revoke(got.RefreshToken, googletest.ClientID); a.StatusCode != http.StatusOK || a.body != "" {
			t.Errorf("status %d: %s", a.StatusCode, a.body)
		}
	}
	c.wantMe(got.AccessToken, http.StatusUnauthorized)
	deniedRefresh(t, c.refresh(got.RefreshToken), "invalid_grant")
	if a := revoke(got.AccessToken, googletest.ClientID); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.body, "unsupported_token_type") {
		t.Errorf("an access token: status %d: %s", a.StatusCode, a.body)
	}
	if all := strings.Join(w.audits(), "\n"); strings.Count(all, "logout success") != 1 {
		t.Errorf("audit:\n%s", all)
	}
}

func TestG89_LogoutEndsTheRefreshToken(t *testing.T) {
	w := newWorld(t, refreshTokens)
	c := w.client()
	got, other := c.signIn("ann@example.com"), c.signIn("ann@example.com")
	c.do(http.MethodPost, shop+"/auth/logout", "Authorization", "Bearer "+got.AccessToken)
	deniedRefresh(t, c.refresh(got.RefreshToken), "invalid_grant")
	c.do(http.MethodPost, shop+"/auth/logout?everywhere=true", "Authorization", "Bearer "+other.AccessToken)
	deniedRefresh(t, c.refresh(other.RefreshToken), "invalid_grant")
}

func TestH98_AHundredRefreshesAtTwoServersHaveOneSuccessor(t *testing.T) {
	r := newReplicas(t, refreshTokens)
	token := r.refreshToken(t)
	for round := range 3 {
		var (
			group sync.WaitGroup
			mu    sync.Mutex
			next  = map[string]int{}
		)
		for i := range 100 {
			group.Go(func() {
				got, status := []*process{r.one, r.two}[i%2].refresh(t, token)
				mu.Lock()
				defer mu.Unlock()
				if status != http.StatusOK {
					t.Errorf("status %d", status)
				}
				next[got]++
			})
		}
		group.Wait()
		if len(next) != 1 {
			t.Fatalf("round %d: %d successors", round, len(next))
		}
		for token = range next {
		}
		// The grace of this round is over.
		r.database.Exec(r.uri, "UPDATE googlelogin.refresh_families SET rotated_at = rotated_at - interval '1 minute'")
	}
	conn := r.database.Connect(r.uri)
	defer conn.Close(context.Background())
	var number, revoked int
	err := conn.QueryRow(t.Context(), `SELECT (SELECT sum(number) FROM googlelogin.refresh_families),
		(SELECT count(*) FROM googlelogin.sessions WHERE revoked_at IS NOT NULL)`).Scan(&number, &revoked)
	if err != nil || number != 4 || revoked != 0 {
		t.Errorf("token %d is current and %d sessions were ended (%v), want 4 and none", number, revoked, err)
	}
}

func TestRefresh_OfTheBrowsersSession(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	if a := b.script(http.MethodPost, shop+"/auth/refresh"); a.StatusCode != http.StatusUnauthorized || len(a.Cookies()) != 0 {
		t.Errorf("nobody: status %d", a.StatusCode)
	}
	b.login()
	before := b.cookie("__Host-shop")
	w.clock.advance(time.Minute)
	a := b.script(http.MethodPost, shop+"/auth/refresh")
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, `"email":"ann@example.com"`) || len(a.Cookies()) != 1 || b.cookie("__Host-shop") == before {
		t.Errorf("status %d, cookies %v: %s", a.StatusCode, a.Cookies(), a.body)
	}
	w.store.down.Store(true)
	if a := b.script(http.MethodPost, shop+"/auth/refresh"); a.StatusCode != http.StatusServiceUnavailable || len(a.Cookies()) != 0 {
		t.Errorf("G93 without a store: status %d, cookies %v", a.StatusCode, a.Cookies())
	}
	w.store.down.Store(false)
	if a := b.do(http.MethodPost, shop+"/auth/refresh", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example.net"); a.StatusCode != http.StatusForbidden {
		t.Errorf("G90 from another site: status %d", a.StatusCode)
	}
	b.script(http.MethodPost, shop+"/auth/logout")
	if a := b.script(http.MethodPost, shop+"/auth/refresh"); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("after the logout: status %d", a.StatusCode)
	}
}
