//go:build browser

package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
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

// snippet is the page of the documentation, with the test's client and stand-in in it.
func snippet(t *testing.T, w *world) string {
	t.Helper()
	doc, err := os.ReadFile("../../docs/sign-in-with-google.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(doc), "```html\n")
	code, _, found := strings.Cut(after, "\n```")
	filled := strings.NewReplacer("YOUR-CLIENT-ID.apps.googleusercontent.com", googletest.ClientID, "https://accounts.google.com", w.google.URL).Replace(code)
	if !found || strings.Count(filled, googletest.ClientID) != 1 || strings.Count(filled, w.google.URL) != 1 {
		t.Fatalf("the documentation has no snippet, or another one:\n%s", filled)
	}
	return filled
}

// newSite is a front end whose pages are the snippet, with the callback server under /auth of the same host.
func newSite(t *testing.T) (w *world, origin string) {
	t.Helper()
	site := httptest.NewUnstartedServer(nil)
	origin = strings.Replace("http://"+site.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	w = newWorld(t, signInWithGoogle, func(c *config.Config) {
		c.RedirectURIs, c.Issuer = []string{origin + "/auth/callback"}, origin+"/auth"
		c.Frontend = config.Frontend{HomeURL: origin + "/", ReturnURLs: []string{origin + "/*"}}
	})
	login, err := url.Parse(w.origin)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/auth/", httputil.NewSingleHostReverseProxy(login))
	page := snippet(t, w)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,">%s`, page)
	})
	site.Config.Handler = mux
	site.Start()
	t.Cleanup(site.Close)
	return w, origin
}

func TestTheSnippetOfTheDocsSignsIn(t *testing.T) {
	_, origin := newSite(t)
	b := newProfile(t)
	b.open(origin + "/cart?x=1")
	b.see(visible("#google-button .gsi-button"))
	b.see(`document.getElementById('google-link').hidden`)
	b.click(".gsi-button")
	b.click(`button.account[value="` + ann + `"]`)
	b.seeAt(origin + "/cart?x=1")
	b.open(origin + "/auth/account")
	b.wantText(".who", ann)
}

func TestTheSnippetOfTheDocsKeepsItsLink(t *testing.T) {
	for name, broken := range map[string]func(*world){
		"no script": func(w *world) { w.google.Misbehave(googletest.Status(googletest.Script, 503)) },
		"another": func(w *world) {
			w.google.Misbehave(googletest.Body(googletest.Script, "text/javascript", "throw new Error('blocked')"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, origin := newSite(t)
			broken(w)
			b := newProfile(t)
			b.open(origin + "/cart")
			b.click("#google-link")
			b.atGoogle(w, ann)
			b.seeAt(origin + "/cart")
		})
	}
}
