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

const (
	credentialURL = shop + "/auth/google"
	formType      = "application/x-www-form-urlencoded"
)

func signInWithGoogle(c *config.Config) { c.Google.SignInWithGoogle = true }

// fields are a form, as name and value in turn. One name may come twice.
func fields(pairs ...string) string {
	var parts []string
	for i := 0; i < len(pairs); i += 2 {
		parts = append(parts, url.QueryEscape(pairs[i])+"="+url.QueryEscape(pairs[i+1]))
	}
	return strings.Join(parts, "&")
}

// submit sends a body, with more headers in pairs. An empty value removes a header.
func (b *browser) submit(target, body string, headers ...string) answer {
	b.w.t.Helper()
	request, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		b.w.t.Fatal(err)
	}
	request.Header.Set("Content-Type", formType)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			request.Header.Del(headers[i])
		}
	}
	return b.send(request)
}

// fromGoogle are the headers of the form that Google's page posts.
func fromGoogle(more ...string) []string {
	return append([]string{
		"Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "Origin", "https://accounts.google.com",
		"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document",
	}, more...)
}

// pageNonce is what a page asks for that renders Google's button by itself.
func (b *browser) pageNonce(query ...string) string {
	b.w.t.Helper()
	a := b.script(http.MethodGet, shop+"/auth/nonce?"+pairs(query).Encode())
	return nonceOf(b.w.t, a)
}

func nonceOf(t testing.TB, a answer) string {
	t.Helper()
	var got struct {
		Nonce     string
		ExpiresAt time.Time `json:"expires_at"`
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || got.Nonce == "" || got.ExpiresAt.IsZero() || a.StatusCode != 200 {
		t.Fatalf("nonce: status %d: %s", a.StatusCode, a.body)
	}
	return got.Nonce
}

// csrf sets the cookie that Google's script sets, and returns its value.
func (b *browser) csrf() string {
	b.jar.SetCookies(mustParse(b.w.t, shop), secured([]*http.Cookie{{Name: "g_csrf_token", Value: "c5f"}}))
	return "c5f"
}

func (w *world) mint(email, nonce string, alter ...func(map[string]any)) string {
	w.t.Helper()
	token, err := w.google.MintIDToken(googletest.ClientID, email, nonce, alter...)
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// credential posts what Google's page posts after a click of this account.
func (b *browser) credential(email, nonce string) answer {
	b.w.t.Helper()
	return b.submit(credentialURL, fields("credential", b.w.mint(email, nonce), "g_csrf_token", b.csrf(),
		"client_id", googletest.ClientID, "clientId", googletest.ClientID, "select_by", "btn"), fromGoogle()...)
}

// deniedCredential checks what a denial is: a 4xx page, no session, one audit event.
func deniedCredential(t *testing.T, w *world, b *browser, a answer) {
	t.Helper()
	if a.StatusCode < 400 || a.StatusCode > 499 || a.Header.Get("Location") != "" {
		t.Errorf("status %d to %q, want a 4xx page", a.StatusCode, a.Header.Get("Location"))
	}
	if got := w.audits(); len(got) == 0 || got[len(got)-1] != "credential refused unknown" {
		t.Errorf("audit %v", got)
	}
	if b.signedIn() {
		t.Error("signed in after a denial")
	}
}

func TestCredential_SignsInAndReturns(t *testing.T) {
	for name, row := range map[string]struct{ returnTo, want string }{
		"home":                              {"", home},
		"where the page wanted to":          {shop + "/cart?x=1", shop + "/cart?x=1"},
		"not where nobody may go":           {"https://evil.test/", home},
		"not to a page of ours":             {shop + "/auth/login", home},
		"home, if it does not fit a cookie": {shop + "/" + strings.Repeat("a", 4000), home},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, signInWithGoogle)
			b := w.browser()
			a := b.credential("ann@example.com", b.pageNonce("return_to", row.returnTo))
			if got := a.redirected(t); got != row.want {
				t.Errorf("ends at %q, want %q", got, row.want)
			}
			if !b.signedIn() {
				t.Error("not signed in")
			}
			if diff := cmp.Diff([]string{"login success"}, w.audits()); diff != "" {
				t.Error(diff)
			}
			if w.google.Calls(googletest.Token) != 0 {
				t.Error("the token endpoint was called")
			}
			if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("headers %v", a.Header)
			}
		})
	}
}

func TestCredential_EndsAsAFailedLoginDoes(t *testing.T) {
	for name, row := range map[string]struct {
		email  string
		broken func(w *world)
		code   string
	}{
		"account not allowed": {"stranger@gmail.test", func(*world) {}, "account_not_allowed"},
		"E68 other domain": {"ann@example.com", func(w *world) {
			w.google.Misbehave(googletest.Claim("hd", "evil.com"))
		}, "account_not_allowed"},
		"D60 email not verified": {"ann@example.com", func(w *world) {
			w.google.Misbehave(googletest.Claim("email_verified", false))
		}, "email_not_verified"},
		"G93 store down": {"ann@example.com", func(w *world) { w.store.down.Store(true) }, "temporarily_unavailable"},
		"Google's keys away": {"ann@example.com", func(w *world) {
			w.google.Misbehave(googletest.Status(googletest.Keys, 500))
		}, "google_unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, signInWithGoogle)
			b := w.browser()
			nonce := b.pageNonce()
			row.broken(w)
			to := b.credential(row.email, nonce).redirected(t)
			if !strings.HasPrefix(to, shop+"/login?from=auth&error="+row.code+"&error_id=") {
				t.Errorf("ends at %q", to)
			}
			w.store.down.Store(false)
			if b.signedIn() {
				t.Error("signed in")
			}
		})
	}
}

func TestJ1_CredentialFieldsBesideTheTokenAreIgnored(t *testing.T) {
	w := newWorld(t, signInWithGoogle)
	b := w.browser()
	a := b.submit(credentialURL, fields("credential", w.mint("ann@example.com", b.pageNonce()), "g_csrf_token", b.csrf(),
		"email", "bob@example.com", "sub", "110000000000000000002", "client_id", "another", "return_to", "https://evil.test/"), fromGoogle()...)
	if got := a.redirected(t); got != home {
		t.Errorf("ends at %q", got)
	}
	if me := b.script(http.MethodGet, shop+"/auth/me"); !strings.Contains(me.body, `"email":"ann@example.com"`) {
		t.Errorf("me: %s", me.body)
	}
}

func TestJ2_CSRFTokenOfFormAndCookie(t *testing.T) {
	long := strings.Repeat("a", 300)
	for name, row := range map[string]struct {
		cookies []string
		form    []string
	}{
		"J2 neither":              {nil, nil},
		"J2 no cookie":            {nil, []string{"g_csrf_token", "c5f"}},
		"J2 no field":             {[]string{"c5f"}, nil},
		"J2 both empty":           {[]string{""}, []string{"g_csrf_token", ""}},
		"J2 unequal":              {[]string{"c5f"}, []string{"g_csrf_token", "c5g"}},
		"J2 field with a tail":    {[]string{"c5f"}, []string{"g_csrf_token", "c5f "}},
		"J2 two equal cookies":    {[]string{"c5f", "c5f"}, []string{"g_csrf_token", "c5f"}},
		"J2 two cookies":          {[]string{"c5f", "evil"}, []string{"g_csrf_token", "c5f"}},
		"J2 two fields":           {[]string{"c5f"}, []string{"g_csrf_token", "c5f", "g_csrf_token", "c5f"}},
		"J2 longer than Google's": {[]string{long}, []string{"g_csrf_token", long}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, signInWithGoogle)
			b := w.browser()
			nonce := b.pageNonce()
			cookies := []string{"__Host-shop-nonce=" + b.cookie("__Host-shop-nonce")}
			for _, value := range row.cookies {
				cookies = append(cookies, "g_csrf_token="+value)
			}
			body := fields(append([]string{"credential", w.mint("ann@example.com", nonce)}, row.form...)...)
			// Without a jar, so that a cookie can come twice.
			stranger := w.browser()
			a := stranger.submit(credentialURL, body, fromGoogle("Cookie", strings.Join(cookies, "; "))...)
			if a.StatusCode != http.StatusBadRequest {
				t.Errorf("status %d, want 400", a.StatusCode)
			}
			deniedCredential(t, w, stranger, a)
			if w.google.Calls(googletest.Keys) != 0 {
				t.Error("Google was asked")
			}
		})
	}
}

// cookie is the value of a cookie in the jar.
func (b *browser) cookie(name string) string {
	for _, c := range b.jar.Cookies(mustParse(b.w.t, shop)) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func TestJ3_NoncesThatAreNotThisBrowsers(t *testing.T) {
	for name, send := range map[string]func(w *world, b *browser) answer{
		"J3 no nonce in the token": func(_ *world, b *browser) answer { b.pageNonce(); return b.credential("ann@example.com", "") },
		"J3 nonce that nobody issued": func(_ *world, b *browser) answer {
			b.pageNonce()
			return b.credential("ann@example.com", strings.Repeat("A", 43))
		},
		"J3 no page was shown": func(_ *world, b *browser) answer { return b.credential("ann@example.com", "n") },
		"J3 nonce of another browser (login CSRF)": func(w *world, b *browser) answer {
			b.pageNonce()
			return b.credential("ann@example.com", w.browser().pageNonce())
		},
		"J3 nonce for an app": func(_ *world, b *browser) answer {
			b.pageNonce()
			return b.credential("ann@example.com", b.pageNonce("for", "token"))
		},
		"J3 nonce of a login by redirect": func(w *world, b *browser) answer {
			b.pageNonce()
			return b.credential("ann@example.com", param(w.t, b.start(), "nonce"))
		},
		"J3 the cookie itself as nonce": func(_ *world, b *browser) answer {
			b.pageNonce()
			return b.credential("ann@example.com", b.cookie("__Host-shop-nonce"))
		},
		"J3 cookie of another GoogleLogin": func(w *world, b *browser) answer {
			other := newWorld(w.t, signInWithGoogle, func(c *config.Config) { c.Instance = "team/other" })
			write(w.t, other.cfg.Keys.SealingFile, read1(w.t, w.cfg.Keys.SealingFile))
			other.start()
			stranger := other.browser()
			nonce := stranger.pageNonce()
			b.jar.SetCookies(mustParse(w.t, shop), secured([]*http.Cookie{{Name: "__Host-shop-nonce", Value: stranger.cookie("__Host-shop-nonce")}}))
			return b.credential("ann@example.com", nonce)
		},
		"J3 cookie with a bit flipped": func(w *world, b *browser) answer {
			nonce := b.pageNonce()
			value := b.cookie("__Host-shop-nonce")
			flipped := map[bool]string{true: "B", false: "A"}[value[40] == 'A']
			b.jar.SetCookies(mustParse(w.t, shop), secured([]*http.Cookie{{Name: "__Host-shop-nonce", Value: value[:40] + flipped + value[41:]}}))
			return b.credential("ann@example.com", nonce)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, signInWithGoogle, tokenEndpoint)
			b := w.browser()
			deniedCredential(t, w, b, send(w, b))
		})
	}
}

func TestJ3_StaleNonceLeadsBackToTheSignInPage(t *testing.T) {
	w := newWorld(t, signInWithGoogle)
	b := w.browser()
	nonce := b.pageNonce()
	w.clock.advance(time.Hour - time.Second)
	late := b.pageNonce()
	w.clock.advance(time.Second)
	to := b.credential("ann@example.com", nonce).redirected(t)
	if !strings.HasPrefix(to, shop+"/login?from=auth&error=login_expired&") || b.signedIn() {
		t.Errorf("ends at %q", to)
	}
	if got := b.credential("ann@example.com", late).redirected(t); got != home || !b.signedIn() {
		t.Errorf("a fresh page ends at %q", got)
	}
}

func TestJ5_ReplayOfACredential(t *testing.T) {
	w := newWorld(t, signInWithGoogle)
	b := w.browser()
	nonce := b.pageNonce()
	copied := b.jar.Cookies(mustParse(t, shop))
	b.credential("ann@example.com", nonce).redirected(t)
	if b.cookie("__Host-shop-nonce") != "" {
		t.Error("the cookie of a finished nonce is still there")
	}
	b.script(http.MethodPost, shop+"/auth/logout")
	deniedCredential(t, w, b, b.credential("ann@example.com", nonce))
	// Somebody who kept a copy of the cookie.
	thief := w.browser()
	thief.jar.SetCookies(mustParse(t, shop), secured(copied))
	deniedCredential(t, w, thief, thief.credential("ann@example.com", nonce))
}

func TestJ5_NonceIsSpentByADenialToo(t *testing.T) {
	w := newWorld(t, signInWithGoogle)
	b := w.browser()
	nonce := b.pageNonce()
	copied := secured(b.jar.Cookies(mustParse(t, shop)))
	b.credential("stranger@gmail.test", nonce).redirected(t)
	b.jar.SetCookies(mustParse(t, shop), copied)
	deniedCredential(t, w, b, b.credential("ann@example.com", nonce))
}

func TestJ6_CredentialContentTypes(t *testing.T) {
	for contentType, want := range map[string]int{
		formType: 303, formType + "; charset=UTF-8": 303, "Application/X-WWW-Form-Urlencoded": 303,
		"": 415, "text/plain": 415, "application/json": 415, "multipart/form-data; boundary=x": 415,
		formType + "; boundary=x": 415, formType + "; charset=utf-7": 415, formType + ", text/plain": 415, "x": 415, formType + ";": 303,
	} {
		w := newWorld(t, signInWithGoogle)
		b := w.browser()
		body := fields("credential", w.mint("ann@example.com", b.pageNonce()), "g_csrf_token", b.csrf())
		a := b.submit(credentialURL, body, fromGoogle("Content-Type", contentType)...)
		if a.StatusCode != want {
			t.Errorf("%q: status %d, want %d", contentType, a.StatusCode, want)
		}
		if want != 303 {
			deniedCredential(t, w, b, a)
		}
	}
}

func TestCredential_FormsThatAreNotGoogles(t *testing.T) {
	for name, row := range map[string]struct {
		body string
		want int
	}{
		"empty":              {"", 400},
		"field twice":        {"&credential=x", 400},
		"unread field twice": {"&a=1&a=2", 400},
		"semicolons":         {"&a=1;b=2", 400},
		"percent sign alone": {"&a=%", 400},
		"30 KiB":             {"&a=" + strings.Repeat("a", 30<<10), 413},
		"100 KiB":            {"&a=" + strings.Repeat("a", 100<<10), 413},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, signInWithGoogle)
			b := w.browser()
			body := fields("credential", w.mint("ann@example.com", b.pageNonce()), "g_csrf_token", b.csrf()) + row.body
			if row.body == "" {
				body = ""
			}
			a := b.submit(credentialURL, body, fromGoogle()...)
			if a.StatusCode != row.want {
				t.Errorf("status %d, want %d", a.StatusCode, row.want)
			}
			deniedCredential(t, w, b, a)
		})
	}
}

func TestCredential_TokensThatAreNoGood(t *testing.T) {
	for name, token := range map[string]func(w *world, nonce string) string{
		"none":    func(*world, string) string { return "" },
		"nothing": func(*world, string) string { return "a.b.c" },
		"J4 of another client of the project": func(w *world, nonce string) string {
			token, _ := w.google.MintIDToken("other.apps.googleusercontent.com", "ann@example.com", nonce)
			return token
		},
		"J4 of a listed app: the page's token is ours": func(w *world, nonce string) string {
			return w.mint("ann@example.com", nonce, googletest.IssuedTo(androidClient))
		},
		"J8 an access token": func(*world, string) string { return "ya29." + strings.Repeat("a", 100) },
		"D65 our own session token": func(w *world, _ string) string {
			b := w.browser()
			b.login()
			return b.cookie("__Host-shop")
		},
		"D54 expired": func(w *world, nonce string) string {
			return w.mint("ann@example.com", nonce, func(c map[string]any) { c["exp"] = w.clock.Now().Add(-2 * time.Minute).Unix() })
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, signInWithGoogle, tokenEndpoint)
			b := w.browser()
			nonce := b.pageNonce()
			a := b.submit(credentialURL, fields("credential", token(w, nonce), "g_csrf_token", b.csrf()), fromGoogle()...)
			deniedCredential(t, w, b, a)
			if strings.Contains(w.logs.String(), nonce) {
				t.Error("the nonce is in the log")
			}
			// A request that proves nothing does not spend the page.
			if got := b.credential("ann@example.com", nonce); got.StatusCode != http.StatusSeeOther {
				t.Errorf("the page's own click afterwards: status %d", got.StatusCode)
			}
		})
	}
}

func TestCredential_EightPagesOfOneBrowserDoNotDisturbEachOther(t *testing.T) {
	w := newWorld(t, signInWithGoogle)
	b := w.browser()
	var nonces []string
	for range 9 {
		nonces = append(nonces, b.pageNonce("return_to", shop+"/a"))
	}
	if got := b.credential("ann@example.com", nonces[0]); got.StatusCode != http.StatusBadRequest {
		t.Errorf("the oldest of nine: status %d", got.StatusCode)
	}
	for _, nonce := range nonces[1:] {
		if got := b.credential("ann@example.com", nonce).redirected(t); got != shop+"/a" {
			t.Errorf("ends at %q", got)
		}
	}
}

func TestCredential_LongReturnTosDropTheOldestPages(t *testing.T) {
	w := newWorld(t, signInWithGoogle)
	b := w.browser()
	long := shop + "/" + strings.Repeat("a", 1200)
	var nonces []string
	for range 4 {
		nonces = append(nonces, b.pageNonce("return_to", long))
	}
	if size := len("__Host-shop-nonce") + len(b.cookie("__Host-shop-nonce")); size > 4096 {
		t.Errorf("the cookie has %d bytes", size)
	}
	for i, want := range []int{400, 400, 303, 303} {
		if got := b.credential("ann@example.com", nonces[i]); got.StatusCode != want {
			t.Errorf("page %d: status %d, want %d", i, got.StatusCode, want)
		}
	}
}

func TestNonceCookie_IsForOneHostAndComesFromAnotherSite(t *testing.T) {
	w := newWorld(t, signInWithGoogle)
	b := w.browser()
	a := b.script(http.MethodGet, shop+"/auth/nonce")
	if len(a.Cookies()) != 1 {
		t.Fatalf("cookies %v", a.Cookies())
	}
	c := a.Cookies()[0]
	if c.Name != "__Host-shop-nonce" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteNoneMode || c.Path != "/" || c.Domain != "" ||
		c.MaxAge < 3600 || strings.Contains(c.Value, nonceOf(t, a)) {
		t.Errorf("cookie %v", c)
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", a.Header)
	}
}

func TestCredential_OnlyThisRouteMayBePostedToFromElsewhere(t *testing.T) {
	w := newWorld(t, signInWithGoogle, tokenEndpoint)
	b := w.browser()
	for _, path := range []string{"/auth/logout", "/auth/token", "/auth/account/end", "/auth/google/", "/auth/google/x", "/auth//google", "/auth/./google", "/google"} {
		if a := b.submit(shop+path, "", fromGoogle()...); a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: status %d, want 403", path, a.StatusCode)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodHead} {
		if a := b.do(method, credentialURL); a.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: status %d, want 405", method, a.StatusCode)
		}
	}
}

func TestCredential_IsNotThereUnlessAskedFor(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	if a := b.submit(credentialURL, fields("credential", w.mint("ann@example.com", "n"), "g_csrf_token", b.csrf())); a.StatusCode != http.StatusNotFound {
		t.Errorf("credential: status %d", a.StatusCode)
	}
	if a := b.submit(credentialURL, "", fromGoogle()...); a.StatusCode != http.StatusForbidden {
		t.Errorf("credential from another site: status %d", a.StatusCode)
	}
	if a := b.get(shop + "/auth/nonce"); a.StatusCode != http.StatusNotFound {
		t.Errorf("nonce: status %d", a.StatusCode)
	}
}

func TestHostedPage_IssuesANonceThatTheStandInsButtonUses(t *testing.T) {
	w := newWorld(t, signInWithGoogle, hostedPages)
	b := w.browser()
	page := b.get(shop + "/auth/?return_to=" + url.QueryEscape(shop+"/cart"))
	attribute := func(name string) string {
		_, after, found := strings.Cut(page.body, name+`="`)
		if !found {
			t.Fatalf("the page has no %s: %s", name, page.body)
		}
		value, _, _ := strings.Cut(after, `"`)
		return value
	}
	if got := attribute("data-login_uri"); got != credentialURL {
		t.Errorf("login URI %q", got)
	}
	selecting := w.google.URL + "/gsi/select?" + pairs([]string{
		"client_id", attribute("data-client_id"), "login_uri", credentialURL, "nonce", attribute("data-nonce"), "g_csrf_token", b.csrf(),
	}).Encode()
	form := b.get(selecting).body
	_, after, _ := strings.Cut(form, `name="credential" value="`)
	token, _, _ := strings.Cut(after, `"`)
	if got := b.submit(credentialURL, fields("credential", token, "g_csrf_token", "c5f"), fromGoogle()...).redirected(t); got != shop+"/cart" || !b.signedIn() {
		t.Errorf("ends at %q", got)
	}
}
