package server

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/identity"
)

// TestCDE_WhatGoogleAnswersBecomesACode has the outcome of every kind of trouble; that the checks themselves are complete is for
// package google's tests.
func TestCDE_WhatGoogleAnswersBecomesACode(t *testing.T) {
	rows := map[string]struct {
		fault googletest.Fault
		want  string
	}{
		"C30 invalid_grant":          {googletest.TokenError(400, "invalid_grant"), "login_expired"},
		"C31 invalid_client":         {googletest.TokenError(401, "invalid_client"), "server_error"},
		"C32 status 500":             {googletest.TokenStatus(500), "google_unavailable"},
		"C32 connection reset":       {googletest.Reset(googletest.Token), "google_unavailable"},
		"C33 HTML":                   {googletest.Body(googletest.Token, "text/html", "<html>"), "login_failed"},
		"C33 10 MB":                  {googletest.Huge(googletest.Token, 10<<20), "login_failed"},
		"C33 wrong content type":     {googletest.ContentType(googletest.Token, "text/plain"), "login_failed"},
		"C34 no id_token":            {googletest.TokenField("id_token", nil), "login_failed"},
		"C35 token_type":             {googletest.TokenField("token_type", "mac"), "login_failed"},
		"C37 redirect":               {googletest.Redirect(googletest.Token, 307, "/token"), "login_failed"},
		"D52 another audience":       {googletest.Claim("aud", "someone-else"), "login_failed"},
		"D57 another nonce":          {googletest.Claim("nonce", "reused"), "login_failed"},
		"D60 email not verified":     {googletest.Claim("email_verified", false), "email_not_verified"},
		"E67 no hosted domain":       {googletest.Claim("hd", nil), "account_not_allowed"},
		"E68 another hosted domain":  {googletest.Claim("hd", "evil.test"), "account_not_allowed"},
		"keys cannot be reached":     {googletest.Status(googletest.Keys, 503), "google_unavailable"},
		"C33 duplicate keys in JSON": {googletest.TokenBody(func(b []byte) []byte { return append([]byte(`{"token_type":"Bearer",`), b[1:]...) }), "login_failed"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.google.Misbehave(row.fault)
			b := w.browser()
			failed := b.login().redirected(t)
			if got := param(t, failed, "error"); got != row.want {
				t.Errorf("error %q, want %s; log: %s", got, row.want, w.logs)
			}
			if got := w.google.Calls(googletest.Token); got != 1 {
				t.Errorf("the code was sent %d times, want once", got)
			}
			if b.flowCookies() != 0 || b.signedIn() {
				t.Errorf("cookies %v", b.cookies())
			}
			if audits := w.audits(); len(audits) != 1 || !strings.HasSuffix(audits[0], " "+row.want) {
				t.Errorf("audit %v", audits)
			}
			metric := `googlelogin_logins_total{outcome="` + row.want + `"} 1`
			if _, body := w.probe("/metrics"); !strings.Contains(body, metric) {
				t.Errorf("no metric %s", metric)
			}
		})
	}
}

func TestC31_RejectedClientIsCountedForAnAlert(t *testing.T) {
	w := newWorld(t, hostedPages)
	w.google.Misbehave(googletest.TokenError(401, "invalid_client"))
	b := w.browser()
	a := b.get(shop + b.login().redirected(t))
	if a.StatusCode != 500 {
		t.Errorf("the page has status %d, want a 5xx", a.StatusCode)
	}
	if _, body := w.probe("/metrics"); !strings.Contains(body, "googlelogin_credentials_rejected_total 1") {
		t.Error("the rejection is not counted")
	}
}

func TestC32_PageOffersAnotherTry(t *testing.T) {
	w := newWorld(t, hostedPages)
	w.google.Misbehave(googletest.TokenStatus(500))
	b := w.browser()
	a := b.get(shop + b.login().redirected(t))
	if a.StatusCode != 502 || !strings.Contains(a.body, `href="/auth/"`) {
		t.Errorf("status %d: %s", a.StatusCode, a.body)
	}
	w.google.Behave()
	if got := b.login().redirected(t); got != home {
		t.Errorf("the next try ends at %s", got)
	}
}

func TestC36_WrongVerifierIsRefusedByGoogle(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	// The browser asks Google with another challenge than the flow's verifier has.
	at := with(t, b.start(), "code_challenge", strings.Repeat("A", 43))
	if got := param(t, b.get(b.authorize(at)).redirected(t), "error"); got != "login_expired" {
		t.Errorf("error %q, want login_expired", got)
	}
}

func TestC39_MissingScopesAreInMe(t *testing.T) {
	const calendar = "https://www.googleapis.com/auth/calendar.readonly"
	w := newWorld(t, func(c *config.Config) { c.Google.Scopes = append(c.Google.Scopes, calendar) })
	w.google.Misbehave(googletest.GrantOnly("openid", "https://www.googleapis.com/auth/userinfo.email", "https://www.googleapis.com/auth/userinfo.profile"))
	b := w.browser()
	if got := b.login("return_to", shop+"/cart").redirected(t); got != shop+"/cart" {
		t.Errorf("ends at %s: return_to must stay as it was", got)
	}
	var me struct {
		MissingScopes []string `json:"missing_scopes"`
	}
	if err := json.Unmarshal([]byte(b.script(http.MethodGet, shop+"/auth/me").body), &me); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{calendar}, me.MissingScopes); diff != "" {
		t.Errorf("missing scopes (-want +got):\n%s", diff)
	}
}

func TestE70_SameEmailNewSubjectIsNotLinked(t *testing.T) {
	w := newWorld(t)
	w.browser().login()
	w.google.Misbehave(googletest.Claim("sub", "999999999999999999999"), googletest.UserInfoField("sub", "999999999999999999999"))
	b := w.browser()
	if got := param(t, b.login().redirected(t), "error"); got != "account_conflict" {
		t.Errorf("error %q, want account_conflict", got)
	}
}

// block does what an administrator would.
func (w *world) block(email string) {
	w.t.Helper()
	var sub string
	for _, a := range googletest.DefaultAccounts() {
		if a.Email == email {
			sub = a.Sub
		}
	}
	_, err := w.store.SaveUser(context.Background(), w.google.URL, sub, func(u identity.User) (identity.User, error) {
		u.BlockedAt = w.clock.Now()
		return u, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestE72_BlockedUserIsDeniedEverywhere(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	w.block("ann@example.com")
	if b.signedIn() {
		t.Error("me still answers")
	}
	w.clock.advance(w.cfg.Session.AccessTokenTTL.Std() + time.Second)
	if b.signedIn() {
		t.Error("the session was renewed")
	}
	if got := param(t, b.login().redirected(t), "error"); got != "account_blocked" {
		t.Errorf("a new login: error %q, want account_blocked", got)
	}
}

func TestE76_PolicyChangeReachesLiveSessions(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	w.cfg.Access.HostedDomains = []string{"elsewhere.test"}
	w.start()
	again := w.browser()
	again.jar.SetCookies(mustParse(t, shop), secured(b.jar.Cookies(mustParse(t, shop))))
	if again.signedIn() {
		t.Error("me admits an account that the policy no longer does")
	}
	w.clock.advance(w.cfg.Session.AccessTokenTTL.Std() + time.Second)
	if again.signedIn() {
		t.Error("the session was renewed against the policy")
	}
}

func TestG93_StoreDownDuringTheCallback(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	at := b.authorize(b.start())
	w.store.down.Store(true)
	if got := param(t, b.get(at).redirected(t), "error"); got != "temporarily_unavailable" {
		t.Errorf("error %q, want temporarily_unavailable", got)
	}
}
