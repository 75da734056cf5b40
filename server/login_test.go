package server

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
)

func TestLogin_EndsAtReturnToWithASession(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	done := b.login("return_to", shop+"/cart?item=1")
	if got, want := done.redirected(t), shop+"/cart?item=1"; got != want {
		t.Errorf("the login ends at %s, want %s", got, want)
	}
	if done.body != "" {
		t.Errorf("the last redirect has a body: %s", done.body)
	}
	if diff := cmp.Diff([]string{"__Host-shop", "__Host-shop-session"}, b.cookies()); diff != "" {
		t.Errorf("cookies after the login (-want +got):\n%s", diff)
	}
	var me map[string]any
	if err := json.Unmarshal([]byte(b.script(http.MethodGet, shop+"/auth/me").body), &me); err != nil {
		t.Fatal(err)
	}
	session, _ := me["session"].(map[string]any)
	if me["sub"] == "" || session["id"] == "" || session["expires_at"] == nil || session["access_token_expires_at"] == nil {
		t.Errorf("me lacks something: %v", me)
	}
	delete(me, "sub")
	delete(me, "session")
	want := map[string]any{
		"email": "ann@example.com", "email_verified": true, "hd": "example.com", "name": "Ann Example",
		"given_name": "Ann", "family_name": "Example", "missing_scopes": []any{},
	}
	if diff := cmp.Diff(want, me); diff != "" {
		t.Errorf("me (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"login success"}, w.audits()); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

func TestLogin_AsksGoogleForWhatItShould(t *testing.T) {
	w := newWorld(t)
	at, err := url.Parse(w.browser().start("login_hint", "ann@example.com", "scope", "openid email"))
	if err != nil {
		t.Fatal(err)
	}
	query := at.Query()
	for _, secret := range []string{"state", "nonce", "code_challenge"} {
		if len(query.Get(secret)) != 43 {
			t.Errorf("%s has %d characters, want 43", secret, len(query.Get(secret)))
		}
		query.Del(secret)
	}
	want := url.Values{
		"response_type": {"code"}, "client_id": {googletest.ClientID}, "redirect_uri": {callback}, "scope": {"openid email"},
		"code_challenge_method": {"S256"}, "access_type": {"online"}, "prompt": {"select_account"},
		"login_hint": {"ann@example.com"}, "hd": {"example.com"},
	}
	if diff := cmp.Diff(want, query); diff != "" {
		t.Errorf("authorization request (-want +got):\n%s", diff)
	}
}

func TestLogin_SecondAccountIsDeniedAndFirstStaysSignedIn(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	denied := b.login("login_hint", "stranger@gmail.test").redirected(t)
	if got := param(t, denied, "error"); got != "account_not_allowed" {
		t.Errorf("error %q, want account_not_allowed", got)
	}
	if param(t, denied, "from") != "auth" || len(param(t, denied, "error_id")) != 32 {
		t.Errorf("the front end's login page lost its query or the request id: %s", denied)
	}
	if !b.signedIn() {
		t.Error("a denied second account ended the first one's session")
	}
	if diff := cmp.Diff([]string{"login success", "login denied account_not_allowed"}, w.audits()); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

func TestG85_SessionChangesAtLogin(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	before := b.jar.Cookies(mustParse(t, shop))
	b.login()
	stale := w.browser()
	stale.jar.SetCookies(mustParse(t, shop), secured(before))
	if stale.signedIn() {
		t.Error("the cookies from before a login are still good after it")
	}
	if !b.signedIn() {
		t.Error("not signed in after the second login")
	}
}

func TestA1_TwoTabsAtOnce(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	first, second := b.start("return_to", shop+"/first"), b.start("return_to", shop+"/second")
	atFirst, atSecond := b.authorize(first), b.authorize(second)
	if got := b.get(atSecond).redirected(t); got != shop+"/second" {
		t.Errorf("the second tab ends at %s", got)
	}
	if got := b.get(atFirst).redirected(t); got != shop+"/first" {
		t.Errorf("the first tab ends at %s", got)
	}
	if !b.signedIn() {
		t.Error("not signed in after both tabs")
	}
}

func TestA2_FiftyStartsInOneJar(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	var last string
	for range 50 {
		last = b.start()
		w.clock.advance(time.Second)
	}
	if got := b.flowCookies(); got != 8 {
		t.Errorf("%d flow cookies after fifty starts, want 8", got)
	}
	if got := b.get(b.authorize(last)).redirected(t); got != home {
		t.Errorf("the newest login ends at %s, want %s", got, home)
	}
}

func TestA_StartsThatAreRefused(t *testing.T) {
	rows := map[string]struct {
		method  string
		query   string
		headers []string
		want    int
	}{
		"A3 POST":                       {http.MethodPost, "", nil, 405},
		"A3 HEAD":                       {http.MethodHead, "", nil, 405},
		"A3 PUT":                        {http.MethodPut, "", nil, 405},
		"A4 prefetch":                   {http.MethodGet, "", []string{"Sec-Purpose", "prefetch"}, 204},
		"A4 prerender":                  {http.MethodGet, "", []string{"Sec-Purpose", "prefetch;prerender"}, 204},
		"A5 prompt=login":               {http.MethodGet, "prompt=login", nil, 400},
		"A5 prompt=none with another":   {http.MethodGet, "prompt=none+consent", nil, 400},
		"A6 scope that is not listed":   {http.MethodGet, "scope=openid+https://www.googleapis.com/auth/drive", nil, 400},
		"A7 login_hint with CRLF":       {http.MethodGet, "login_hint=a%0d%0aSet-Cookie:x", nil, 400},
		"A7 login_hint of 4 KB":         {http.MethodGet, "login_hint=" + strings.Repeat("a", 4096), nil, 400},
		"A7 login_hint of 255 bytes":    {http.MethodGet, "login_hint=" + strings.Repeat("a", 255), nil, 400},
		"A7 login_hint that is no text": {http.MethodGet, "login_hint=%ff", nil, 400},
		"A8 unknown host":               {http.MethodGet, "", []string{"Host", "evil.example.com"}, 421},
		"A8 host with another port":     {http.MethodGet, "", []string{"Host", "shop.example.com:8443"}, 421},
		"two values of one parameter":   {http.MethodGet, "return_to=a&return_to=b", nil, 400},
		"malformed query":               {http.MethodGet, "return_to=%zz", nil, 400},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser()
			a := b.do(row.method, shop+"/auth/login?"+row.query, row.headers...)
			if a.StatusCode != row.want {
				t.Errorf("status %d, want %d: %s", a.StatusCode, row.want, a.body)
			}
			if b.flowCookies() != 0 || a.Header.Get("Location") != "" {
				t.Errorf("a flow was made: cookies %v, Location %s", b.cookies(), a.Header.Get("Location"))
			}
			if row.want == http.StatusMethodNotAllowed && a.Header.Get("Allow") != "GET" {
				t.Errorf("Allow is %q, want GET", a.Header.Get("Allow"))
			}
			if parameter, _, _ := strings.Cut(row.query, "="); row.want == 400 && name != "malformed query" && !strings.Contains(a.body, parameter) {
				t.Errorf("the page does not name %s", parameter)
			}
		})
	}
}

func TestA7_LoginHintIsEncoded(t *testing.T) {
	w := newWorld(t)
	at := w.browser().start("login_hint", `"><script>`)
	if strings.ContainsAny(at, `"<>`) || param(t, at, "login_hint") != `"><script>` {
		t.Errorf("login_hint is not encoded: %s", at)
	}
}

func TestA8_HostOfEachRedirectURI(t *testing.T) {
	w := newWorld(t)
	rows := map[string]string{
		"shop.example.com": callback, "shop.example.com:443": callback, "SHOP.example.com": callback,
		"localhost:8000":    "http://localhost:8000/auth/callback",
		"other.example.com": "https://other.example.com/cb/done",
	}
	for host, want := range rows {
		at := w.browser().get(shop+"/auth/login", "Host", host).redirected(t)
		if got := param(t, at, "redirect_uri"); got != want {
			t.Errorf("under %s the redirect URI is %s, want %s", host, got, want)
		}
	}
}

func TestA9_ForwardedHostCountsFromTrustedProxiesAlone(t *testing.T) {
	w := newWorld(t)
	at := w.browser().get(shop+"/auth/login", "X-Forwarded-Host", "other.example.com").redirected(t)
	if got := param(t, at, "redirect_uri"); got != callback {
		t.Errorf("an untrusted peer chose the redirect URI %s", got)
	}
	trusting := newWorld(t, func(c *config.Config) { c.TrustedProxies = []string{"127.0.0.0/8"} })
	at = trusting.browser().get(shop+"/auth/login", "X-Forwarded-Host", "other.example.com").redirected(t)
	if got := param(t, at, "redirect_uri"); got != "https://other.example.com/cb/done" {
		t.Errorf("a trusted proxy's host leads to %s", got)
	}
	if a := trusting.browser().get(shop+"/auth/login", "X-Forwarded-Host", "evil.test"); a.StatusCode != 421 {
		t.Errorf("a trusted proxy named an unknown host: status %d, want 421", a.StatusCode)
	}
}

func TestA10_NotReady(t *testing.T) {
	for name, missing := range map[string]func(config.Config) string{
		"A10 no credentials":  func(c config.Config) string { return c.Client.SecretFile },
		"A10 no sealing keys": func(c config.Config) string { return c.Keys.SealingFile },
		"A10 no signing keys": func(c config.Config) string { return c.Keys.SigningFile },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			path := missing(w.cfg)
			w.remove(path)
			w.start()
			b := w.browser()
			a := b.get(shop + "/auth/login")
			if a.StatusCode != 503 || a.Header.Get("Retry-After") == "" || b.flowCookies() != 0 {
				t.Errorf("status %d, Retry-After %q, cookies %v", a.StatusCode, a.Header.Get("Retry-After"), b.cookies())
			}
			if status, body := w.probe("/readyz"); status != 503 || !strings.Contains(body, `"ok":false`) {
				t.Errorf("readyz: %d %s", status, body)
			}
		})
	}
}

func TestA11_ParametersThatAreNobodysBusiness(t *testing.T) {
	w := newWorld(t)
	evil := []string{"redirect_uri", "https://evil.test/", "state", "chosen", "nonce", "chosen", "client_id", "evil", "response_type", "token", "code_challenge", "chosen"}
	at := w.browser().start(evil...)
	for i := 0; i < len(evil); i += 2 {
		if got := param(t, at, evil[i]); got == evil[i+1] {
			t.Errorf("the request chose %s", evil[i])
		}
	}
}

func TestF78_ReturnToElsewhereComesHome(t *testing.T) {
	w := newWorld(t)
	for _, to := range []string{
		"//evil.test", `/\evil.test`, "https://evil.test/", "http://shop.example.com/", "https://shop.example.com@evil.test/",
		"javascript:alert(1)", "/relative", shop + "/auth/login", callback, shop + "/" + strings.Repeat("a", 2100),
	} {
		if got := w.browser().login("return_to", to).redirected(t); got != home {
			t.Errorf("return_to %.60q ends at %s, want %s", to, got, home)
		}
	}
}

func TestF83_ReturnToIsCheckedAgain(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	at := b.authorize(b.start("return_to", "https://app.example.com/x"))
	w.cfg.Frontend.ReturnURLs = []string{shop + "/*"}
	w.start()
	again := w.browser()
	again.jar.SetCookies(mustParse(t, shop), secured(b.jar.Cookies(mustParse(t, shop))))
	if got := again.get(at).redirected(t); got != home {
		t.Errorf("a page that is no longer allowed is still where the login ends: %s", got)
	}
}
