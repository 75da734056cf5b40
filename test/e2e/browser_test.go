//go:build e2e

package e2e

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// tab is one tab of one browser profile.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu sync.Mutex
	// addresses are the documents that the tab asked for, codes and states included.
	addresses []string
	// interrupted is set when the browser dropped a request because the machine's network changed.
	interrupted bool
	// caught receives the address that hold keeps the browser from asking for.
	caught chan string
}

// newProfile opens a tab in a browser profile that knows nothing yet. If the test fails, a picture shows where it ended.
func newProfile(t *testing.T) *tab {
	t.Helper()
	return openTab(t, shared.browser, chromedp.WithNewBrowserContext())
}

// secondTab opens another tab of the same profile.
func (b *tab) secondTab() *tab {
	b.t.Helper()
	return openTab(b.t, b.ctx)
}

func openTab(t *testing.T, parent context.Context, options ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx, caught: make(chan string, 1)}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatalf("watch the network: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			b.picture("failed-" + strings.ReplaceAll(t.Name(), "/", "-"))
			t.Logf("the tab was at %s", b.location())
		}
	})
	return b
}

// networkChanged is why Chromium drops what is under way whenever an interface of the machine comes or goes, as those of pods do.
const networkChanged = "net::ERR_NETWORK_CHANGED"

// wasInterrupted says, once for each time, that a request was dropped that nobody is to blame for.
func (b *tab) wasInterrupted() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.interrupted
	b.interrupted = false
	return was
}

// note keeps the address of every document that is asked for, and of the one that is held.
func (b *tab) note(event any) {
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		if event.Type == network.ResourceTypeDocument {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.addresses = append(b.addresses, event.Request.URL)
		}
	case *network.EventLoadingFailed:
		b.mu.Lock()
		defer b.mu.Unlock()
		b.interrupted = b.interrupted || event.ErrorText == networkChanged
	case *fetch.EventRequestPaused:
		select {
		case b.caught <- event.Request.URL:
		default:
		}
	}
}

// hold keeps the browser from asking for addresses of this pattern.
func (b *tab) hold(pattern string) {
	b.t.Helper()
	params := fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: pattern}}}
	if _, err := chromedp.Call(b.ctx, fetch.Enable, params); err != nil {
		b.t.Fatalf("hold %s: %v", pattern, err)
	}
}

// held waits for the address that was held.
func (b *tab) held() string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	select {
	case address := <-b.caught:
		return address
	case <-ctx.Done():
		b.t.Fatal("the browser never asked for what was to be held")
		return ""
	}
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
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Navigate(address))
	for err != nil && strings.Contains(err.Error(), networkChanged) && ctx.Err() == nil {
		err = chromedp.Do(ctx, chromedp.Navigate(address))
	}
	if err != nil {
		b.t.Fatalf("open %s: %v", address, err)
	}
}

func (b *tab) reload() {
	b.t.Helper()
	do(b, "reload", chromedp.Reload())
}

// click clicks the first element that the CSS selector finds, once it can be seen.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.see(visible(selector))
	do(b, "click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// visible is a script that is true once the CSS selector finds something that a user can see.
func visible(selector string) string {
	return `(() => { const e = document.querySelector('` + selector + `'); return Boolean(e) && e.checkVisibility(); })()`
}

// see waits until the script is true of the page. A page that is being replaced answers with an error, which only means "not yet";
// one that was interrupted is loaded again, as a user would.
func (b *tab) see(script string) {
	b.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		if b.holds(script) {
			return
		}
		if b.wasInterrupted() {
			b.reload()
		}
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

func (b *tab) address() string {
	b.t.Helper()
	return do(b, "read the address", chromedp.Location())
}

func (b *tab) query() url.Values {
	b.t.Helper()
	u, err := url.Parse(b.address())
	if err != nil {
		b.t.Fatal(err)
	}
	return u.Query()
}

// cookies are those that the browser would send to the shop, HttpOnly ones included.
func (b *tab) cookies() map[string]*network.Cookie {
	b.t.Helper()
	result, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{shopURL, issuer + "/callback"}})
	if err != nil {
		b.t.Fatalf("read the cookies: %v", err)
	}
	found := map[string]*network.Cookie{}
	for _, cookie := range result.Cookies {
		found[cookie.Name] = cookie
	}
	return found
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

// script is an action that returns the text which the script evaluates to.
func script(text string) chromedp.Action[string] { return chromedp.Evaluate[string](text) }

// forget deletes a cookie from the profile.
func (b *tab) forget(cookie string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, network.DeleteCookies, network.DeleteCookiesParams{Name: cookie, URL: shopURL}); err != nil {
		b.t.Fatalf("delete cookie %s: %v", cookie, err)
	}
}
