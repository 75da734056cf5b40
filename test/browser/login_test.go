//go:build browser

package browser

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func TestAPersonSignsInSeesTheAccountAndSignsOut(t *testing.T) {
	w := newWorld(t)
	b := newProfile(t)
	b.signIn(w, ann)
	b.open(w.base + "/account")
	b.wantText(".who", ann)
	b.click("button.button")
	b.seeAt(w.base + "/signed-out")
	b.open(w.base + "/account")
	if got := b.location(); got != w.base+"/" {
		t.Errorf("signed out, the account page leads to %s", got)
	}
	if left := b.cookies(w); len(left) != 0 {
		t.Errorf("%d cookies are left", len(left))
	}
}

func TestTheAccountPageEndsASessionElsewhere(t *testing.T) {
	w := newWorld(t)
	desk, phone := newProfile(t), newProfile(t)
	desk.signIn(w, ann)
	phone.signIn(w, ann)
	desk.open(w.base + "/account")
	if got := do(desk, "count sessions", chromedp.Evaluate[int](`document.querySelectorAll('.sessions li').length`)); got != 2 {
		t.Errorf("%d sessions listed", got)
	}
	desk.click(".sessions li:not(:has(.mark)) button")
	desk.see(`document.querySelectorAll('.sessions li').length === 1`)
	phone.open(w.base + "/account")
	if got := phone.location(); got != w.base+"/" {
		t.Errorf("the phone is still at %s", got)
	}
	phone.click(".google")
	phone.atGoogle(w, ann)
	phone.seeAt(w.base + "/account")
}

func TestAPersonWithoutAMouseSignsIn(t *testing.T) {
	w := newWorld(t)
	b := newProfile(t)
	b.open(w.base + "/")
	b.press("\t")
	if !b.holds(`document.activeElement.matches('a.google:focus-visible') && getComputedStyle(document.activeElement).outlineStyle === 'solid' && parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2`) {
		t.Fatal("the first Tab does not show that the button has the focus")
	}
	b.picture("keyboard-sign-in")
	b.press("\r")
	b.see(visible("button.account"))
	b.press("\t", "\r")
	b.see(visible(`button[value="allow"]`))
	for range 10 {
		b.press("\t")
		if b.holds(`document.activeElement.value === 'allow'`) {
			break
		}
	}
	b.press("\r")
	b.seeAt(w.home)

	b.open(w.base + "/account")
	for range 10 {
		b.press("\t")
		if b.holds(`document.activeElement.matches('button.button:focus-visible')`) {
			break
		}
	}
	b.press("\r")
	b.seeAt(w.base + "/signed-out")
}

func TestABrowserThatRunsNoScriptSignsInAndOut(t *testing.T) {
	w := newWorld(t)
	b := newProfile(t)
	call(b, "turn scripts off", emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open(`data:text/html,<title>off</title><script>document.title='on'</script>`)
	if title := do(b, "read the title", chromedp.Title()); title != "off" {
		t.Fatal("scripts run")
	}
	b.signIn(w, ann)
	b.open(w.base + "/account")
	b.click("button.button")
	b.seeAt(w.base + "/signed-out")
	b.click("a.button")
	b.seeAt(w.base + "/")
}

func TestTheBackButtonAfterALoginDoesNoHarm(t *testing.T) {
	w := newWorld(t)
	b := newProfile(t)
	// Twice, since at the second login Google asks no consent: the page before home is the account chooser.
	b.signIn(w, ann)
	b.open(w.base + "/account")
	b.click("button.button")
	b.seeAt(w.base + "/signed-out")
	b.signIn(w, ann)
	before := b.cookies(w)
	do(b, "go back", chromedp.NavigateBack())
	b.picture("back-button")
	b.click(`button.account[value="` + ann + `"]`)
	b.seeAt(w.home)
	b.open(w.base + "/account")
	b.wantText(".who", ann)
	after := b.cookies(w)
	if len(after) != len(before) || after["__Host-shop-session"].Value != before["__Host-shop-session"].Value {
		t.Errorf("going back changed the session: %d cookies, then %d", len(before), len(after))
	}
	if got := do(b, "count sessions", chromedp.Evaluate[int](`document.querySelectorAll('.sessions li').length`)); got != 1 {
		t.Errorf("%d sessions", got)
	}
}

func TestARestoredTabWhoseFlowIsGoneGoesHome(t *testing.T) {
	w := newWorld(t)
	old := newProfile(t)
	old.open(w.base + "/login")
	old.see(visible("button.account"))
	fresh := old.another()
	fresh.signIn(w, ann)
	for name := range old.cookies(w) {
		if name != "__Host-shop" && name != "__Host-shop-session" {
			old.forget(w, name)
		}
	}
	old.atGoogle(w, ann)
	old.seeAt(w.home)

	stranger := newProfile(t)
	stranger.open(w.base + "/login")
	stranger.see(visible("button.account"))
	for name := range stranger.cookies(w) {
		stranger.forget(w, name)
	}
	stranger.atGoogle(w, ann)
	stranger.wantText("h1", "Signing in did not work")
	if left := stranger.cookies(w); len(left) != 0 {
		t.Errorf("a login without its flow left %d cookies", len(left))
	}
}
