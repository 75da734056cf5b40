//go:build browser

package browser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/googlelogin/operator/server/config"
)

var languages = []string{"en", "de", "fr", "es", "ja", "bg"}

// hostedPage is a page in one of its states.
type hostedPage struct {
	name string
	// path is where it is, below the base.
	path string
}

var hosted = []hostedPage{
	{"sign-in", "/"},
	{"signed-out", "/signed-out"},
	{"error-cancelled", "/error?error=access_denied&error_id=0123456789abcdef0123456789abcdef"},
	{"error-conflict", "/error?error=account_conflict&error_id=0123456789abcdef0123456789abcdef"},
	{"error-parameter", "/login?prompt=login"},
	{"error-not-found", "/nothing-here"},
	{"account", "/account"},
}

// view is how a page is looked at.
type view struct {
	scheme string
	width  int64
}

var views = []view{{"light", 1100}, {"light", 320}, {"dark", 1100}, {"dark", 320}}

// TestHostedPages holds every page in every language, colour scheme and width against axe-core, and takes a picture of each.
func TestHostedPages(t *testing.T) {
	worlds := map[string]*world{"plain": newWorld(t), "styled": newWorld(t, styled), "button": newWorld(t, signInWithGoogle)}
	for name, w := range worlds {
		b := newProfile(t)
		signInTwice(w, b)
		for _, p := range hosted {
			if name == "button" && p.name != "sign-in" {
				continue
			}
			t.Run(name+" "+p.name, func(t *testing.T) {
				b.t = t
				w.inspectAll(b, name+"-"+p.name, p)
			})
		}
	}
}

// signInTwice leaves two sessions, one of them the tab's.
func signInTwice(w *world, b *tab) {
	w.t.Helper()
	phone := newProfile(w.t)
	call(phone, "pretend to be a phone", emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{
		UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
	})
	for _, tab := range []*tab{phone, b} {
		tab.open(w.base + "/login")
		tab.atGoogle(w, ann)
		tab.seeAt(w.home)
	}
}

func (w *world) inspectAll(b *tab, name string, p hostedPage) {
	b.t.Helper()
	for _, language := range languages {
		b.speak(language)
		for _, v := range views {
			b.look(v.scheme, v.width)
			b.open(w.base + p.path)
			if !b.holds(`document.documentElement.lang === '` + language + `'`) {
				b.t.Errorf("%s is not in %s", p.name, language)
			}
			b.inspect(fmt.Sprintf("%s-%s-%s-%d", name, language, v.scheme, v.width))
		}
	}
	// No language of the catalogue runs from right to left yet; its page would be one whose root says so.
	b.speak("en")
	b.look("light", 320)
	b.open(w.base + p.path)
	b.holds(`document.documentElement.dir = 'rtl', document.documentElement.lang = 'ar', true`)
	b.inspect(name + "-rtl-light-320")
}

// inspect looks at the page as it is, and keeps a picture of it.
func (b *tab) inspect(name string) {
	b.t.Helper()
	b.picture(name)
	for _, problem := range b.axe() {
		b.t.Errorf("%s: %s", name, problem)
	}
	if overflow := do(b, "measure the page", chromedp.Evaluate[int](
		`document.documentElement.scrollWidth - document.documentElement.clientWidth`)); overflow > 0 {
		b.t.Errorf("%s is %d pixels wider than its window", name, overflow)
	}
	if small := do(b, "measure targets", chromedp.Evaluate[string](`[...document.querySelectorAll('.actions a, button')]
		.filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 24).map(e => e.innerText).join()`)); small != "" {
		b.t.Errorf("%s has targets lower than 24 pixels: %s", name, small)
	}
}

// axeRun answers the rules that the page breaks, with their elements, and those of which axe cannot tell.
const axeRun = `axe.run(document, {resultTypes: ['violations', 'incomplete']}).then(r => JSON.stringify(
	[...r.violations.map(v => ['breaks', v]), ...r.incomplete.map(v => ['may break', v])]
		.map(([how, v]) => how + ' ' + v.id + ' (' + v.help + '): ' + v.nodes.map(n => n.html + ' ' + n.any.map(a => a.message).join(' ')).join('; '))))`

func (b *tab) axe() []string {
	b.t.Helper()
	source, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		b.t.Fatalf("axe-core is missing, run `npm ci` in test/browser: %v", err)
	}
	do(b, "load axe", chromedp.Evaluate[bool](string(source)+";true"))
	found := do(b, "run axe", chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise))
	var problems []string
	if err := json.Unmarshal([]byte(found), &problems); err != nil {
		b.t.Fatalf("axe said %s: %v", found, err)
	}
	return problems
}

func TestAxeFindsWhatIsWrong(t *testing.T) {
	b := newProfile(t)
	b.open(`data:text/html,` + url.PathEscape(`<html lang="en"><title>x</title><main><h1>x</h1><img src="data:,"><p style="color:#999">far too pale</p></main>`))
	found := strings.Join(b.axe(), "\n")
	for _, rule := range []string{"breaks image-alt", "breaks color-contrast"} {
		if !strings.Contains(found, rule) {
			t.Errorf("axe does not say that the page %s, but: %s", rule, found)
		}
	}
}

// styled sets all that can be set, with a colour that nobody can read on white, and long words.
func styled(c *config.Config) {
	c.Pages = config.Pages{
		Title: "Donaudampfschifffahrtsgesellschaft & Söhne", AccentColor: "#ffeb3b",
		SignInText: "Use the account of your work, not the one at home. שלום! Abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
		SupportURL: "https://help.example.com/", Logo: &config.Logo{MediaType: "image/png", Data: logo(), Alt: "A red sun"},
	}
}

// logo is a picture larger than the page has room for.
func logo() []byte {
	const width, height = 600, 160
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		for y := range height {
			if dx, dy := x-width/2, (y-height/2)*2; dx*dx+dy*dy < height*height {
				picture.Set(x, y, color.NRGBA{R: 0xd3, G: 0x2f, B: 0x2f, A: 0xff})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		panic(err)
	}
	return out.Bytes()
}
