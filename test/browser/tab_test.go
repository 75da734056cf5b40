//go:build browser

package browser

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// tab is one tab of one browser profile.
type tab struct {
	t   *testing.T
	ctx context.Context
	end context.CancelFunc
}

// newProfile opens a tab in a browser profile that knows nothing yet. If the test fails, a picture shows where it ended.
func newProfile(t *testing.T) *tab {
	t.Helper()
	return openTab(t, profiles, chromedp.WithNewBrowserContext())
}

// another opens another tab of the same profile.
func (b *tab) another() *tab {
	b.t.Helper()
	return openTab(b.t, b.ctx)
}

func openTab(t *testing.T, parent context.Context, options ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(parent, options...)
	b := &tab{t: t, ctx: ctx, end: end}
	t.Cleanup(end)
	// The first use opens the tab, and binds it to the context of that use.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	call(b, "watch the network", network.Enable, network.EnableParams{})
	t.Cleanup(func() {
		if t.Failed() && ctx.Err() == nil {
			b.picture("failed-" + strings.ReplaceAll(t.Name(), "/", "-"))
			t.Logf("the tab was at %s", b.location())
		}
	})
	return b
}

// call calls a command of the browser's protocol and ends the test if it cannot be.
func call[P, R any](b *tab, what string, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
	return result
}

// do carries an action out and ends the test if it cannot be.
func do[T any](b *tab, what string, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
	return result
}

func (b *tab) open(address string) {
	b.t.Helper()
	do(b, "open "+address, chromedp.Navigate(address))
}

// click clicks the first element that the CSS selector finds, once it can be seen.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.see(visible(selector))
	do(b, "click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// press presses keys, one after the other.
func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		do(b, "press a key", chromedp.KeyEvent(key))
	}
}

// visible is a script that is true once the CSS selector finds something that a user can see.
func visible(selector string) string {
	return `(() => { const e = document.querySelector('` + selector + `'); return Boolean(e) && e.checkVisibility(); })()`
}

// see waits until the script is true of the page. A page that is being replaced answers with an error, which only means "not yet".
func (b *tab) see(script string) {
	b.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !b.holds(script) {
		select {
		case <-again.C:
		case <-deadline.C:
			b.t.Fatalf("waited in vain for %s at %s; the page says:\n%s", script, b.location(), b.text("body"))
		}
	}
}

// holds says whether the script is true of the page right now.
func (b *tab) holds(script string) bool {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	seen, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script))
	return err == nil && seen
}

// seeAt waits until the tab has loaded this address.
func (b *tab) seeAt(address string) {
	b.t.Helper()
	b.see(`location.href === '` + address + `' && document.readyState === 'complete'`)
}

// text is what the element shows.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return do(b, "read "+selector, chromedp.Evaluate[string](`document.querySelector('`+selector+`')?.innerText ?? ''`))
}

func (b *tab) wantText(selector, want string) {
	b.t.Helper()
	if got := b.text(selector); !strings.Contains(got, want) {
		b.t.Errorf("%s says %q, want %q", selector, got, want)
	}
}

func (b *tab) address() string {
	b.t.Helper()
	return do(b, "read the address", chromedp.Location())
}

// location is the address without its query, where a code or a state could be.
func (b *tab) location() string {
	b.t.Helper()
	u, err := url.Parse(b.address())
	if err != nil {
		return "an address that cannot be parsed"
	}
	u.RawQuery = ""
	return u.String()
}

// cookies are the names of the cookies that the browser would send to the callback server, HttpOnly ones included.
func (b *tab) cookies(w *world) map[string]*network.Cookie {
	b.t.Helper()
	found := map[string]*network.Cookie{}
	for _, cookie := range call(b, "read the cookies", network.GetCookies, network.GetCookiesParams{URLs: []string{w.origin}}).Cookies {
		found[cookie.Name] = cookie
	}
	return found
}

// forget deletes a cookie of the callback server.
func (b *tab) forget(w *world, name string) {
	b.t.Helper()
	call(b, "delete a cookie", network.DeleteCookies, network.DeleteCookiesParams{Name: name, URL: w.origin})
}

// speak makes the tab ask for pages in this language.
func (b *tab) speak(language string) {
	b.t.Helper()
	call(b, "choose a language", network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
		Headers: network.Headers{"Accept-Language": language},
	})
}

// look makes the tab prefer a colour scheme, at a width.
func (b *tab) look(scheme string, width int64) {
	b.t.Helper()
	call(b, "choose a colour scheme", emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	do(b, "choose a width", chromedp.EmulateViewport(width, 640))
}

// picture leaves a PNG of the whole page in the folder out.
func (b *tab) picture(name string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Logf("take picture %s: %v", name, err)
		return
	}
	if err := os.WriteFile(filepath.Join("out", name+".png"), png, 0o644); err != nil {
		b.t.Logf("keep picture %s: %v", name, err)
	}
}

// atGoogle lets a person choose an account on the stand-in's pages, and consent if asked. It ends when the browser is elsewhere.
func (b *tab) atGoogle(w *world, email string) {
	b.t.Helper()
	b.click(`button.account[value="` + email + `"]`)
	b.see(visible(`button[value="allow"]`) + ` || location.origin !== '` + w.google.URL + `'`)
	if b.holds(visible(`button[value="allow"]`)) {
		b.click(`button[value="allow"]`)
	}
	b.see(`location.origin !== '` + w.google.URL + `' && document.readyState === 'complete'`)
}

// signIn signs in from the hosted sign-in page.
func (b *tab) signIn(w *world, email string) {
	b.t.Helper()
	b.open(w.base + "/")
	b.click(".google")
	b.atGoogle(w, email)
	b.seeAt(w.home)
}
