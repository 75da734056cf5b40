//go:build browser

package browser

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const (
	kitSignIn    = ".googlelogin-button"
	kitSignedIn  = `document.querySelector('#status')?.innerText === 'Signed in as Ann Example'`
	kitSignedOut = `document.querySelector('#status')?.innerText === 'You are not signed in.'`
	kitAlert     = `document.querySelector('.alert')?.checkVisibility() === true`
	kitUnknown   = "The sign-in failed. Please try again."
)

// TestKit clicks through the React example of docs/frontend, on top of the module beside it.
func TestKit(t *testing.T) {
	for _, row := range []struct {
		name string
		test func(*testing.T)
	}{
		{"signs in by the button, and comes back to the page", kitSignsIn},
		{"signs out, and another tab learns of it", kitSecondTab},
		{"signs out everywhere", kitEverywhere},
		{"renews in silence once the token has ended", kitSilentRenewal},
		{"renews and tries again when the backend answers 401", kitRetry},
		{"B19 says that the user cancelled", kitCancelled},
		{"says that an account is not allowed, and goes on", kitRefused},
		{"B21 shows unknown for whatever else an address holds", kitHostile},
		{"says that it does not know while the server is away", kitUnavailable},
		{"keeps the user when signing out did not work", kitSignOutFails},
		{"asks again when the back button brings a page back", kitBackButton},
		{"the quick start signs in and out as it stands", kitQuickStartWorks},
		{"can be used by the keyboard alone", kitKeyboard},
	} {
		t.Run(row.name, row.test)
	}
}

// kitTab is a tab at a shop.
type kitTab struct {
	*tab
	shop *kitShop
}

// newKitTab opens a tab in a browser profile of its own.
func newKitTab(t *testing.T, shop *kitShop) *kitTab {
	t.Helper()
	return &kitTab{newProfile(t), shop}
}

// another opens another tab in the same profile.
func (b *kitTab) another() *kitTab {
	b.t.Helper()
	return &kitTab{b.tab.another(), b.shop}
}

// open goes to a path of the shop.
func (b *kitTab) open(path string) {
	b.t.Helper()
	b.tab.open(b.shop.origin + path)
}

func (b *kitTab) signIn() {
	b.t.Helper()
	b.click(kitSignIn)
	b.atGoogle(b.shop.world, ann)
	b.see(kitSignedIn)
}

// eval returns the text that a script comes to, sooner or later.
func (b *kitTab) eval(script string) string {
	b.t.Helper()
	return do(b.tab, "evaluate "+script, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
}

// mark leaves a mark on the page that is gone once it is loaded again.
func (b *kitTab) mark() {
	b.t.Helper()
	b.eval(`window.kitMark = 'here'`)
}

func (b *kitTab) wantMark() {
	b.t.Helper()
	if !b.holds(`window.kitMark === 'here'`) {
		b.t.Error("the page was loaded again")
	}
}

// inspectBoth looks at the page as it is, narrow and dark, then wide and light.
func (b *kitTab) inspectBoth(name string) {
	b.t.Helper()
	b.look("dark", 320)
	b.inspect(name + "-dark-320")
	b.look("light", 1100)
	b.inspect(name + "-light-1100")
}

// accessToken is the one that the browser has.
func (b *kitTab) accessToken() string {
	b.t.Helper()
	if cookie := b.cookies(b.shop.world)[kitCookie]; cookie != nil {
		return cookie.Value
	}
	return ""
}

func kitSignsIn(t *testing.T) {
	shop := newKitShop(t)
	b := newKitTab(t, shop)
	b.open("/orders/42?tab=items#top")
	b.see(kitSignedOut)
	b.inspectBoth("kit-signed-out")
	b.signIn()
	b.inspectBoth("kit-signed-in")
	if got, want := b.eval("location.href"), shop.origin+"/orders/42?tab=items#top"; got != want {
		t.Errorf("the login ended at %s, want %s", got, want)
	}
	b.wantText("dl", "ann@example.com")
	b.wantText("dl", "example.com")
	if got := b.eval("document.cookie"); got != "" {
		t.Error("a script can read a cookie")
	}
	do(b.tab, "reload", chromedp.Reload())
	b.see(kitSignedIn)
}

func kitSecondTab(t *testing.T) {
	first := newKitTab(t, newKitShop(t))
	first.open("/")
	second := first.another()
	second.open("/")
	second.see(kitSignedOut)
	second.mark()
	first.signIn()
	second.see(kitSignedIn)
	first.click("section button")
	first.see(kitSignedOut)
	second.see(kitSignedOut)
	second.wantMark()
	if first.accessToken() != "" {
		t.Error("the access token is still there")
	}
}

func kitEverywhere(t *testing.T) {
	shop := newKitShop(t)
	desk, phone := newKitTab(t, shop), newKitTab(t, shop)
	for _, b := range []*kitTab{desk, phone} {
		b.open("/")
		b.signIn()
	}
	desk.click("button.quiet")
	desk.see(kitSignedOut)
	phone.open("/")
	phone.see(kitSignedOut)
}

// kitTimers replaces a page's timers by ones that skip can bring forward. Everything else is as the browser has it.
const kitTimers = `
	const timers = new Map(), began = Date.now.bind(Date);
	let skipped = 0, last = 0;
	Date.now = () => began() + skipped;
	window.setTimeout = (callback, wait = 0) => { timers.set(++last, { callback, due: Date.now() + wait }); return last; };
	window.clearTimeout = (id) => timers.delete(id);
	window.skip = (time) => { skipped += time; };
	setInterval(() => {
		for (const [id, { callback, due }] of timers) {
			if (due <= Date.now() && timers.delete(id)) callback();
		}
	}, 20);`

func kitSilentRenewal(t *testing.T) {
	shop := newKitShop(t)
	b := newKitTab(t, shop)
	call(b.tab, "replace the timers", page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: kitTimers})
	b.open("/")
	b.signIn()
	b.mark()
	before := b.accessToken()
	shop.clock.skip(time.Minute + time.Second)
	b.eval(`skip(61_000), ''`)
	shop.waitForRenewal()
	b.see(kitSignedIn)
	b.wantMark()
	if after := b.accessToken(); after == "" || after == before {
		t.Error("the browser has no new access token")
	}
}

func kitRetry(t *testing.T) {
	shop := newKitShop(t)
	b := newKitTab(t, shop)
	b.open("/")
	b.signIn()
	b.mark()
	shop.clock.skip(2 * time.Minute)
	b.click("section:last-of-type button")
	b.see(`document.querySelector('#greeting')?.innerText === 'Hello ann@example.com'`)
	b.wantMark()
	if got, want := shop.backendStatuses(), []int{http.StatusUnauthorized, http.StatusOK}; !slices.Equal(got, want) {
		t.Errorf("the backend answered %v, want %v", got, want)
	}
}

func kitCancelled(t *testing.T) {
	b := newKitTab(t, newKitShop(t))
	b.open("/")
	b.click(kitSignIn)
	b.click(`button.account[value="` + ann + `"]`)
	b.click(`button[value="cancel"]`)
	b.see(kitAlert)
	b.wantText(".alert", "You did not allow the sign-in. Nothing was shared.")
	b.wantText(".alert", "name this id")
	b.inspectBoth("kit-cancelled")
	if !b.holds(`document.activeElement === document.querySelector('.alert')`) {
		t.Error("the alert does not have the focus")
	}
	if got := b.eval("location.search"); got != "" {
		t.Errorf("the address still has %s", got)
	}
	b.signIn()
	if b.holds(kitAlert) {
		t.Error("the error is still there after a login that worked")
	}
}

func kitRefused(t *testing.T) {
	b := newKitTab(t, newKitShop(t))
	b.open("/")
	b.click(kitSignIn)
	b.atGoogle(b.shop.world, "stranger@gmail.test")
	b.see(kitAlert)
	b.wantText(".alert", "This Google account has no access here.")
	b.see(kitSignedOut)
	b.signIn()
}

func kitHostile(t *testing.T) {
	b := newKitTab(t, newKitShop(t))
	for name, query := range map[string]string{
		"markup":               "error=" + url.QueryEscape(`<img src=x onerror="window.hacked=1">`),
		"a script as the id":   "error=nonsense&error_id=" + url.QueryEscape(`<script>window.hacked=1</script>`),
		"a property of Object": "error=__proto__",
		"another case":         "error=ACCESS_DENIED",
		"nothing":              "error=",
		"two of them":          "error=nonsense&error=access_denied",
		"ten kilobytes":        "error=" + strings.Repeat("x", 10_000),
		"a line break":         "error=access_denied%0d%0aSet-Cookie:a=b",
		"text to fool a user":  "error=" + url.QueryEscape("Call 555-0100 to unlock your account"),
	} {
		b.open("/?" + query)
		b.see(kitAlert)
		if got := strings.TrimSpace(b.text(".alert")); got != kitUnknown {
			t.Errorf("%s: the page says %q, want %q", name, got, kitUnknown)
		}
		if b.holds(`window.hacked === 1 || document.querySelector('.alert img, .alert script') !== null`) {
			t.Errorf("%s: what the address holds became part of the page", name)
		}
	}
}

func kitUnavailable(t *testing.T) {
	shop := newKitShop(t)
	shop.setDown("/auth/me", true)
	b := newKitTab(t, shop)
	b.open("/")
	b.see(`document.querySelector('#status')?.innerText.startsWith('The sign-in service cannot be reached')`)
	if b.holds(`document.querySelector('` + kitSignIn + `') !== null`) {
		t.Error("the page offers to sign in, though somebody may be signed in")
	}
	shop.setDown("/auth/me", false)
	b.open("/")
	b.signIn()
}

func kitSignOutFails(t *testing.T) {
	shop := newKitShop(t)
	b := newKitTab(t, shop)
	b.open("/")
	b.signIn()
	shop.setDown("/auth/logout", true)
	b.click("section button")
	b.see(`document.querySelector('section [role=alert]')?.innerText === 'Signing out did not work. Please try again.'`)
	b.see(kitSignedIn)
	shop.setDown("/auth/logout", false)
	b.click("section button")
	b.see(kitSignedOut)
}

func kitBackButton(t *testing.T) {
	b := newKitTab(t, newKitShop(t))
	b.open("/")
	b.signIn()
	b.open("/auth/.well-known/openid-configuration")
	// The session ends and no page of the shop hears of it.
	other := b.another()
	other.open("/")
	if got := other.eval(`fetch('/auth/logout', {method: 'POST'}).then((answer) => String(answer.status))`); got != "204" {
		t.Fatalf("signing out was answered with %s", got)
	}
	b.eval(`history.back(), ''`)
	b.see(kitSignedOut)
}

func kitKeyboard(t *testing.T) {
	b := newKitTab(t, newKitShop(t))
	b.open("/")
	b.see(`document.querySelector('` + kitSignIn + `') !== null`)
	b.press("\t")
	if !b.holds(`document.activeElement === document.querySelector('` + kitSignIn + `')`) {
		t.Fatal("the first stop of the tab key is not the button")
	}
	b.press("\r")
	b.see(visible("button.account"))
}

func kitQuickStartWorks(t *testing.T) {
	shop := newKitShop(t)
	b := newKitTab(t, shop)
	const signedOut = `document.querySelector('#who')?.innerText === 'You are not signed in.'`
	b.open("/quick-start?error=account_not_allowed&error_id=1")
	b.see(signedOut)
	b.wantText("#alert", "This Google account has no access here.")
	b.inspectBoth("kit-quick-start")
	b.click(kitSignIn)
	b.atGoogle(shop.world, ann)
	b.see(`document.querySelector('#who')?.innerText === 'Signed in as Ann Example'`)
	if got := b.address(); got != shop.origin+"/quick-start" {
		t.Errorf("the login ended at %s", got)
	}
	shop.setDown("/auth/logout", true)
	b.click("#sign-out")
	b.see(`document.querySelector('#alert').innerText === 'Signing out did not work. Please try again.'`)
	shop.setDown("/auth/logout", false)
	b.click("#sign-out")
	b.see(signedOut + ` && document.querySelector('#alert').innerText === ''`)
}
