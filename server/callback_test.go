package server

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/flow"
	"github.com/googlelogin/operator/server/google/googletest"
)

// denied checks what every denial is: a 4xx without a redirect, no session, one audit event, and no call to the token endpoint.
func denied(t *testing.T, w *world, b *browser, a answer) {
	t.Helper()
	if a.StatusCode < 400 || a.StatusCode > 499 || a.Header.Get("Location") != "" {
		t.Errorf("status %d to %q, want a 4xx page", a.StatusCode, a.Header.Get("Location"))
	}
	for _, c := range a.Cookies() {
		if c.MaxAge >= 0 {
			t.Errorf("a denial sets %s", c.Name)
		}
	}
	if diff := cmp.Diff([]string{"callback refused unknown"}, w.audits()); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
	if got := w.google.Calls(googletest.Token); got != 0 {
		t.Errorf("the token endpoint was called %d times", got)
	}
	if b.signedIn() {
		t.Error("signed in after a denial")
	}
}

func TestB_CallbacksThatProveNothing(t *testing.T) {
	rows := map[string]func(t *testing.T, at string) string{
		"B12 no state":           func(t *testing.T, at string) string { return with(t, at, "state", "") },
		"B13 unknown state":      func(t *testing.T, at string) string { return with(t, at, "state", strings.Repeat("A", 43)) },
		"B13 state with a tail":  func(t *testing.T, at string) string { return with(t, at, "state", param(t, at, "state")+"A") },
		"B20 error and no state": func(_ *testing.T, _ string) string { return callback + "?error=access_denied" },
		"B20 error and a wrong state": func(t *testing.T, at string) string {
			return with(t, at, "state", "x", "code", "", "error", "access_denied")
		},
		"B22 an error without a value": func(_ *testing.T, at string) string { return at + "&error=" },
		"B23 two codes":                func(_ *testing.T, at string) string { return at + "&code=other" },
		"B23 two states":               func(_ *testing.T, at string) string { return at + "&state=other" },
		"B24 code of 100 KB":           func(t *testing.T, at string) string { return with(t, at, "code", strings.Repeat("c", 100<<10)) },
		"B24 code of 3 KB":             func(t *testing.T, at string) string { return with(t, at, "code", strings.Repeat("c", 3<<10)) },
		"B27 iss is not Google":        func(t *testing.T, at string) string { return with(t, at, "iss", "https://accounts.evil.test") },
		"malformed query":              func(_ *testing.T, at string) string { return at + "&x=%zz" },
		"nothing but a path":           func(*testing.T, string) string { return callback },
		"semicolons in the query":      func(_ *testing.T, at string) string { return strings.ReplaceAll(at, "&", ";") },
	}
	for name, change := range rows {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser()
			a := b.get(change(t, b.authorize(b.start())))
			if name == "B24 code of 100 KB" {
				// Refused before it reaches the callback, so there is nothing to audit.
				if a.StatusCode != 400 || w.google.Calls(googletest.Token) != 0 || b.signedIn() {
					t.Errorf("status %d, %d calls", a.StatusCode, w.google.Calls(googletest.Token))
				}
				return
			}
			denied(t, w, b, a)
		})
	}
}

func TestB14_StateOfOneFlowWithTheCookieOfAnother(t *testing.T) {
	w := newWorld(t)
	mine, other := w.browser(), w.browser()
	at := mine.authorize(mine.start())
	other.start()
	// The other flow's cookie under the name that belongs to my state.
	mine.rename(t, other)
	denied(t, w, mine, mine.get(at))
}

// rename puts the value of from's flow cookie into b's flow cookie.
func (b *browser) rename(t *testing.T, from *browser) {
	t.Helper()
	u := mustParse(t, shop)
	cookie, value := b.jar.Cookies(u)[0], from.jar.Cookies(u)[0].Value
	cookie.Value = value
	b.jar.SetCookies(u, secured([]*http.Cookie{cookie}))
}

func TestB15_LoginCSRF(t *testing.T) {
	w := newWorld(t)
	attacker, victim := w.browser(), w.browser()
	denied(t, w, victim, victim.get(attacker.authorize(attacker.start())))
}

func TestB15_SomebodySignedInKeepsTheirOwnSession(t *testing.T) {
	w := newWorld(t)
	attacker, victim := w.browser(), w.browser()
	victim.login("login_hint", "bob@example.com")
	at := attacker.authorize(attacker.start("return_to", shop+"/attack"))
	calls := w.google.Calls(googletest.Token)
	if got := victim.get(at).redirected(t); got != home {
		t.Errorf("the victim ends at %s, want home", got)
	}
	if got := w.google.Calls(googletest.Token); got != calls {
		t.Error("the attacker's code was redeemed")
	}
	if me := victim.script(http.MethodGet, shop+"/auth/me"); !strings.Contains(me.body, "bob@example.com") {
		t.Errorf("the victim is now %s", me.body)
	}
}

func TestB16_ReplayOfAFinishedCallback(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	at := b.authorize(b.start("return_to", shop+"/cart"))
	before := secured(b.jar.Cookies(mustParse(t, shop)))
	b.get(at)
	if got := b.get(at).redirected(t); got != home {
		t.Errorf("a replay with a live session ends at %s, want home", got)
	}
	// A jar from before: it still has the flow's cookie, and no session.
	stale := w.browser()
	stale.jar.SetCookies(mustParse(t, shop), before)
	a := stale.get(at)
	if a.StatusCode != 400 || stale.signedIn() {
		t.Errorf("a replay of code and cookie: status %d", a.StatusCode)
	}
	if got := w.google.Calls(googletest.Token); got != 1 {
		t.Errorf("the code was sent %d times, want once", got)
	}
}

func TestB16_TwoCallbacksAtOnceExchangeOnce(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	at := b.authorize(b.start())
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { b.get(at) })
	}
	both.Wait()
	if got := w.google.Calls(googletest.Token); got != 1 {
		t.Errorf("the code was sent %d times, want once", got)
	}
}

func TestB17_ExpiredFlowSaysSo(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	at := b.authorize(b.start())
	w.clock.advance(flow.Lifetime)
	if got := param(t, b.get(at).redirected(t), "error"); got != "login_expired" {
		t.Errorf("error %q, want login_expired", got)
	}
	if b.flowCookies() != 0 || w.google.Calls(googletest.Token) != 0 {
		t.Errorf("flow cookies %d, token calls %d", b.flowCookies(), w.google.Calls(googletest.Token))
	}
	if a := b.get(at); a.StatusCode != 400 {
		t.Errorf("the second time: status %d, want 400", a.StatusCode)
	}
}

func TestB18_DamagedFlowCookie(t *testing.T) {
	rows := map[string]func(string) string{
		"B18 bit flipped":  func(v string) string { return string(v[0]^1) + v[1:] },
		"B18 truncated":    func(v string) string { return v[:len(v)/2] },
		"B18 empty":        func(string) string { return "" },
		"B18 of nobody":    func(v string) string { return strings.Repeat("A", len(v)) },
		"B18 not a cookie": func(string) string { return "a b" },
	}
	for name, damage := range rows {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser()
			at := b.authorize(b.start())
			u := mustParse(t, shop)
			cookie := b.jar.Cookies(u)[0]
			cookie.Value = damage(cookie.Value)
			b.jar.SetCookies(u, secured([]*http.Cookie{cookie}))
			denied(t, w, b, b.get(at))
		})
	}
}

func TestB18_FlowOfAnotherGoogleLogin(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	at := b.authorize(b.start())
	// The same keys and the same cookie names, but another instance.
	w.cfg.Instance = "team/other"
	w.start()
	again := w.browser()
	again.jar.SetCookies(mustParse(t, shop), secured(b.jar.Cookies(mustParse(t, shop))))
	denied(t, w, again, again.get(at))
}

func TestB19_AccessDeniedReachesTheLoginPage(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	at := b.authorize(b.start())
	failed := b.get(with(t, at, "code", "", "error", "access_denied")).redirected(t)
	if !strings.HasPrefix(failed, shop+"/login?from=auth&") || param(t, failed, "error") != "access_denied" {
		t.Errorf("ends at %s", failed)
	}
	if b.flowCookies() != 0 {
		t.Error("the flow is still there")
	}
}

func TestB20_ErrorIsNoRedirectEvenForSomebodySignedIn(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	if a := b.get(callback + "?error=access_denied&state=x"); a.StatusCode != 400 || a.Header.Get("Location") != "" {
		t.Errorf("status %d to %q, want a page", a.StatusCode, a.Header.Get("Location"))
	}
	if !b.signedIn() {
		t.Error("a link with an error in it signs people out")
	}
}

func TestB21_ErrorsOfStrangersBecomeUnknown(t *testing.T) {
	for _, problem := range []string{"<script>", strings.Repeat("e", 10<<10), "a\r\nSet-Cookie: x=y", "account_not_allowed"} {
		w := newWorld(t)
		b := w.browser()
		failed := b.get(with(t, b.authorize(b.start()), "code", "", "error", problem)).redirected(t)
		if got := param(t, failed, "error"); got != "unknown" {
			t.Errorf("error %.20q arrives as %q, want unknown", problem, got)
		}
	}
}

func TestB22_ErrorWinsOverCode(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	failed := b.get(with(t, b.authorize(b.start()), "error", "access_denied")).redirected(t)
	if param(t, failed, "error") != "access_denied" || w.google.Calls(googletest.Token) != 0 {
		t.Errorf("ends at %s after %d calls", failed, w.google.Calls(googletest.Token))
	}
}

func TestB25_CallbackByPost(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	at := b.authorize(b.start())
	for _, method := range []string{http.MethodPost, http.MethodHead, http.MethodPut} {
		a := b.do(method, at)
		if a.StatusCode != 405 || a.Header.Get("Allow") != "GET" {
			t.Errorf("%s: status %d, Allow %q", method, a.StatusCode, a.Header.Get("Allow"))
		}
	}
	if got := b.get(at).redirected(t); got != home {
		t.Errorf("the flow did not survive: %s", got)
	}
}

func TestB26_CallbackAnywhereElse(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	query := mustParse(t, b.authorize(b.start())).RawQuery
	rows := map[string]struct {
		target string
		host   string
		want   int
	}{
		"B26 another path":             {shop + "/auth/other", "", 404},
		"B26 another case":             {shop + "/auth/Callback", "", 404},
		"B26 trailing slash":           {callback + "/", "", 404},
		"B26 doubled slash":            {shop + "//auth/callback", "", 404},
		"B26 encoded letter":           {shop + "/auth/call%62ack", "", 404},
		"B26 another host's path":      {shop + "/cb/done", "", 404},
		"B26 our path on another host": {callback, "other.example.com", 404},
		"B26 a host that is not ours":  {callback, "evil.example.com", 421},
		"B26 flow of another host":     {callback, "localhost:8000", 400},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			// The flow's cookie goes along whatever the host, so that only host and path are wrong.
			var sent []string
			for _, c := range b.jar.Cookies(mustParse(t, shop)) {
				sent = append(sent, c.Name+"="+c.Value)
			}
			headers := []string{"Cookie", strings.Join(sent, "; ")}
			if row.host != "" {
				headers = append(headers, "Host", row.host)
			}
			other := w.browser()
			if a := other.get(row.target+"?"+query, headers...); a.StatusCode != row.want || other.signedIn() {
				t.Errorf("status %d, want %d", a.StatusCode, row.want)
			}
		})
	}
}

func TestB27_IssOfGoogleIsAccepted(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	if got := b.get(with(t, b.authorize(b.start()), "iss", w.google.URL)).redirected(t); got != home {
		t.Errorf("ends at %s, want %s", got, home)
	}
}

func TestB28_B29_HeadersOfTheLastRedirect(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	at := b.authorize(b.start())
	for name, a := range map[string]answer{"success": b.get(at), "refusal": w.browser().get(at)} {
		if a.StatusCode != 303 && a.StatusCode != 400 {
			t.Errorf("%s: status %d", name, a.StatusCode)
		}
		got := map[string]string{}
		for _, header := range []string{"Referrer-Policy", "Cache-Control", "X-Content-Type-Options", "X-Frame-Options", "Cross-Origin-Opener-Policy"} {
			got[header] = a.Header.Get(header)
		}
		want := map[string]string{
			"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
			"X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		policy := a.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", name, policy)
		}
		if strings.Contains(a.body, "<script") || strings.Contains(a.body, " src=") {
			t.Errorf("%s: the page loads something", name)
		}
	}
}

func TestPromptNone_AnswersReachTheFrontEnd(t *testing.T) {
	for _, problem := range []string{"interaction_required", "login_required", "consent_required"} {
		w := newWorld(t)
		b := w.browser()
		failed := b.get(with(t, b.authorize(b.start("prompt", "none")), "code", "", "error", problem)).redirected(t)
		if got := param(t, failed, "error"); got != problem {
			t.Errorf("%s arrives as %q", problem, got)
		}
	}
}

func TestCallback_HostedErrorPageWithoutALoginPage(t *testing.T) {
	w := newWorld(t, hostedPages)
	b := w.browser()
	failed := b.get(with(t, b.authorize(b.start()), "code", "", "error", "access_denied")).redirected(t)
	to, err := url.Parse(failed)
	if err != nil || to.Path != "/auth/error" || to.Host != "" {
		t.Fatalf("ends at %s", failed)
	}
	a := b.get(shop + failed)
	if a.StatusCode != 403 || !strings.Contains(a.body, "You were not signed in") || !strings.Contains(a.body, to.Query().Get("error_id")) {
		t.Errorf("status %d: %s", a.StatusCode, a.body)
	}
}
