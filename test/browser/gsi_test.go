//go:build browser

package browser

import (
	"net/url"
	"testing"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
)

func signInWithGoogle(c *config.Config) { c.Google.SignInWithGoogle = true }

// ready says that Google's script got all that it needs past the page's content security policy: its style, its frame, its requests.
const ready = `document.documentElement.dataset.gsiStatus === '200' && document.querySelector('.g_id_signin').dataset.gsiFrame === 'loaded' &&
	document.querySelector('link[data-gsi]').sheet !== null`

func TestGooglesOwnButtonSignsIn(t *testing.T) {
	w := newWorld(t, signInWithGoogle)
	b := newProfile(t)
	b.open(w.base + "/?return_to=" + url.QueryEscape(w.home+"cart"))
	b.see(visible(".gsi-button"))
	b.see(ready)
	b.picture("googles-own-button")
	b.click(".gsi-button")
	b.click(`button.account[value="` + ann + `"]`)
	b.seeAt(w.home + "cart")
	b.open(w.base + "/account")
	b.wantText(".who", ann)
}

func TestTwoTabsWithGooglesOwnButton(t *testing.T) {
	w := newWorld(t, signInWithGoogle)
	first := newProfile(t)
	first.open(w.base + "/")
	first.see(visible(".gsi-button"))
	second := first.another()
	second.open(w.base + "/")
	second.see(visible(".gsi-button"))
	for _, tab := range []*tab{first, second} {
		tab.click(".gsi-button")
		tab.click(`button.account[value="` + ann + `"]`)
		tab.seeAt(w.home)
	}
}

func TestGooglesOwnButtonTellsAStrangerWhy(t *testing.T) {
	w := newWorld(t, signInWithGoogle)
	b := newProfile(t)
	b.open(w.base + "/")
	b.click(".gsi-button")
	b.click(`button.account[value="stranger@gmail.test"]`)
	b.see(`location.pathname === '/auth/error' && new URLSearchParams(location.search).get('error') === 'account_not_allowed'`)
}

func TestThePlainLinkSignsInWhereGooglesScriptDoesNotCome(t *testing.T) {
	w := newWorld(t, signInWithGoogle)
	w.google.Misbehave(googletest.Status(googletest.Script, 503))
	b := newProfile(t)
	b.open(w.base + "/")
	b.see(visible("a.google"))
	b.signIn(w, ann)
}
