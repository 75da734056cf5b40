package server

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/identity"
)

const account = shop + "/auth/account"

// post sends a form as the account page does.
func (b *browser) post(target string, form url.Values, headers ...string) answer {
	b.w.t.Helper()
	request, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		b.w.t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin",
	} {
		request.Header.Set(name, value)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return b.send(request)
}

// sid is the session that the browser has.
func (b *browser) sid() string {
	b.w.t.Helper()
	_, after, _ := strings.Cut(b.script(http.MethodGet, shop+"/auth/me").body, `"session":{"id":"`)
	sid, _, found := strings.Cut(after, `"`)
	if !found {
		b.w.t.Fatal("nobody is signed in")
	}
	return sid
}

func TestAccount_ShowsWhoIsSignedInAndWhere(t *testing.T) {
	w := newWorld(t, hostedPages)
	first, second, bob := w.browser(), w.browser(), w.browser()
	first.login()
	second.login()
	bob.login("login_hint", "bob@example.com")

	page := first.get(account)
	if page.StatusCode != http.StatusOK || page.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d, %v", page.StatusCode, page.Header)
	}
	for needed, times := range map[string]int{
		"ann@example.com": 1, "Ann Example": 1, `value="` + first.sid() + `"`: 1, `value="` + second.sid() + `"`: 1, `name="sid"`: 2,
		`value="` + bob.sid() + `"`: 0, ">This browser<": 1,
	} {
		if got := strings.Count(page.body, needed); got != times {
			t.Errorf("%s is there %d times, want %d: %s", needed, got, times, page.body)
		}
	}
	if _, mine, _ := strings.Cut(page.body, ">This browser<"); strings.Count(mine, first.sid()) != 1 {
		t.Errorf("another session is marked as this browser's: %s", page.body)
	}
}

func TestAccount_EndsASessionOfTheUser(t *testing.T) {
	w := newWorld(t, hostedPages)
	first, second := w.browser(), w.browser()
	first.login()
	second.login()
	sid := second.sid()

	if to := first.post(account+"/end", url.Values{"sid": {sid}}).redirected(t); to != "/auth/account" {
		t.Errorf("leads to %s", to)
	}
	if second.signedIn() || !first.signedIn() {
		t.Errorf("the ended session lives: %v, the other one: %v", second.signedIn(), first.signedIn())
	}
	if strings.Contains(first.get(account).body, sid) {
		t.Error("the ended session is listed")
	}
	if diff := cmp.Diff([]string{"login success", "login success", "logout success"}, w.audits()); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

func TestAccount_EndsThisBrowsersSessionLikeALogout(t *testing.T) {
	w := newWorld(t, hostedPages)
	b := w.browser()
	b.login()
	if to := b.post(account+"/end", url.Values{"sid": {b.sid()}}).redirected(t); to != "/auth/signed-out" {
		t.Errorf("leads to %s", to)
	}
	if names := b.cookies(); len(names) != 0 {
		t.Errorf("cookies left: %v", names)
	}
}

func TestG91_AccountSignsOutEverywhere(t *testing.T) {
	w := newWorld(t, hostedPages)
	first, second := w.browser(), w.browser()
	first.login()
	second.login()
	if to := first.post(shop+"/auth/logout?everywhere=true", nil).redirected(t); to != "/auth/signed-out" {
		t.Errorf("leads to %s", to)
	}
	if first.signedIn() || second.signedIn() {
		t.Error("somebody is still signed in")
	}
}

func TestAccount_TellsNobodyWhichSessionsThereAre(t *testing.T) {
	w := newWorld(t, hostedPages)
	ann, bob := w.browser(), w.browser()
	ann.login()
	bob.login("login_hint", "bob@example.com")

	foreign := ann.post(account+"/end", url.Values{"sid": {bob.sid()}})
	unknown := ann.post(account+"/end", url.Values{"sid": {"AAAAAAAAAAAAAAAAAAAAAA"}})
	for _, a := range []answer{foreign, unknown} {
		a.Header.Del("X-Request-Id")
		a.Header.Del("Date")
	}
	if diff := cmp.Diff(unknown.Header, foreign.Header); diff != "" || foreign.StatusCode != unknown.StatusCode || foreign.body != unknown.body {
		t.Errorf("another user's session is told from an unknown one: %d and %d\n%s", foreign.StatusCode, unknown.StatusCode, diff)
	}
	if !bob.signedIn() {
		t.Error("ann has signed bob out")
	}
}

func TestAccount_Refuses(t *testing.T) {
	w := newWorld(t, hostedPages)
	b := w.browser()
	b.login()
	sid := b.sid()
	for name, row := range map[string]struct {
		form    url.Values
		headers []string
		status  int
	}{
		"G90 a form on another site":                      {url.Values{"sid": {sid}}, []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		"G90 a form on a site next door":                  {url.Values{"sid": {sid}}, []string{"Sec-Fetch-Site", "same-site", "Origin", "https://evil.shop.example.com"}, 403},
		"no session named":                                {nil, nil, 400},
		"two sessions named":                              {url.Values{"sid": {sid, sid}}, nil, 400},
		"a long session":                                  {url.Values{"sid": {strings.Repeat("a", 65)}}, nil, 400},
		"a body that is not a form":                       {url.Values{"sid": {sid}}, []string{"Content-Type", "text/plain"}, 400},
		"a form larger than the server reads":             {url.Values{"sid": {sid}, "x": {strings.Repeat("a", 70<<10)}}, nil, 400},
		"a session named in the address, not in the form": {url.Values{}, nil, 400},
	} {
		target := account + "/end"
		if strings.Contains(name, "in the address") {
			target += "?sid=" + sid
		}
		if a := b.post(target, row.form, row.headers...); a.StatusCode != row.status {
			t.Errorf("%s: status %d, want %d", name, a.StatusCode, row.status)
		}
	}
	if a := b.get(account + "/end"); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: status %d", a.StatusCode)
	}
	if !b.signedIn() {
		t.Error("the session is over")
	}
}

func TestAccount_SendsStrangersToTheSignInPageAndBack(t *testing.T) {
	w := newWorld(t, hostedPages)
	b := w.browser()
	for name, a := range map[string]answer{
		"page": b.get(account), "form": b.post(account+"/end", url.Values{"sid": {"AAAA"}}),
	} {
		if to := a.redirected(t); to != "/auth/?return_to="+url.QueryEscape(account) {
			t.Errorf("%s leads to %s", name, to)
		}
	}
	page := b.get(shop + "/auth/?return_to=" + url.QueryEscape(account))
	if !strings.Contains(page.body, `href="/auth/login?return_to=`+url.QueryEscape(account)+`"`) {
		t.Fatalf("the sign-in page does not lead back: %s", page.body)
	}
	if to := b.login("return_to", account).redirected(t); to != account {
		t.Errorf("the login ends at %s", to)
	}
}

// The account page is the one page of ours that a login may end at, and only under the host that the login is on.
func TestF82_NoOtherPageOfOurs(t *testing.T) {
	w := newWorld(t, hostedPages)
	for _, target := range []string{
		shop + "/auth/account/end", shop + "/auth/account/", shop + "/auth/account?x", shop + "/auth/account#x", shop + "/auth/login",
		shop + "/auth/", "https://other.example.com/auth/account", "/auth/account", "http://shop.example.com/auth/account",
		"https://shop.example.com:443/auth/account", shop + "/auth/logout",
	} {
		if to := w.browser().login("return_to", target).redirected(t); to != home {
			t.Errorf("%s: the login ends at %s", target, to)
		}
	}
}

func TestE72_AccountOfSomebodyBlockedSaysSo(t *testing.T) {
	w := newWorld(t, hostedPages)
	b := w.browser()
	b.login()
	w.store.SaveUser(t.Context(), w.google.URL, "110000000000000000001", func(u identity.User) (identity.User, error) {
		u.BlockedAt = w.clock.Now()
		return u, nil
	})
	for name, a := range map[string]answer{"page": b.get(account), "form": b.post(account+"/end", url.Values{"sid": {"AAAA"}})} {
		if a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, "This account is blocked") {
			t.Errorf("%s: status %d: %s", name, a.StatusCode, a.body)
		}
	}
	if got := w.audits(); got[len(got)-1] != "session denied account_blocked" {
		t.Errorf("audit %v", got)
	}
}

func TestG93_AccountWithoutAStoreIsLater(t *testing.T) {
	w := newWorld(t, hostedPages)
	b := w.browser()
	b.login()
	w.store.down.Store(true)
	for name, a := range map[string]answer{"page": b.get(account), "form": b.post(account+"/end", url.Values{"sid": {"AAAA"}})} {
		if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: status %d, %v", name, a.StatusCode, a.Header)
		}
	}
	w.store.down.Store(false)
	if !b.signedIn() {
		t.Error("the session is gone")
	}
}

func TestPages_LookAsConfigured(t *testing.T) {
	w := newWorld(t, hostedPages, func(c *config.Config) {
		c.Pages = config.Pages{
			Title: "Example <Shop>", AccentColor: "#7b1fa2", SignInText: "Use your work account.", SupportURL: "https://example.com/help",
			Logo: &config.Logo{MediaType: "image/png", Data: []byte("\x89PNG\r\n\x1a\n")},
		}
	})
	b := w.browser()
	page := b.get(shop+"/auth/", "Accept-Language", "de")
	for _, needed := range []string{`lang="de"`, "Example &lt;Shop&gt;", "#7b1fa2", "Use your work account.", `src="/auth/logo"`, "Über Google anmelden"} {
		if !strings.Contains(page.body, needed) {
			t.Errorf("the page lacks %s: %s", needed, page.body)
		}
	}
	if failed := b.get(shop + "/auth/error?error=access_denied"); !strings.Contains(failed.body, `href="https://example.com/help"`) {
		t.Errorf("the error page leads nowhere for help: %s", failed.body)
	}
	logo := b.get(shop + "/auth/logo")
	if logo.StatusCode != 200 || logo.Header.Get("Content-Type") != "image/png" || logo.body != "\x89PNG\r\n\x1a\n" ||
		!strings.Contains(logo.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("logo: status %d, %v", logo.StatusCode, logo.Header)
	}
	if plain := newWorld(t, hostedPages).browser().get(shop + "/auth/logo"); plain.StatusCode != http.StatusNotFound {
		t.Errorf("a logo that is not there has status %d", plain.StatusCode)
	}
}

func (s *brokenStore) RevokeUserSession(ctx context.Context, userID, id string, at time.Time) (bool, error) {
	if s.readOnly.Load() {
		return false, errDown
	}
	return s.Store.RevokeUserSession(ctx, userID, id, at)
}

func TestG93_ASessionThatCouldNotBeEndedIsNotSaidToBe(t *testing.T) {
	w := newWorld(t, hostedPages)
	first, second := w.browser(), w.browser()
	first.login()
	second.login()
	sid := second.sid()
	w.store.readOnly.Store(true)
	if a := first.post(account+"/end", url.Values{"sid": {sid}}); a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
		t.Errorf("status %d, %v", a.StatusCode, a.Header)
	}
	if got := w.audits(); got[len(got)-1] != "logout failed temporarily_unavailable" {
		t.Errorf("audit %v", got)
	}
	if !second.signedIn() || !strings.Contains(first.get(account).body, sid) {
		t.Error("the session is gone all the same")
	}
}
