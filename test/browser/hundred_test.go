//go:build browser

package browser

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// A2: a browser with a hundred tabs at the login, as after a restart with all of them restored.
func TestA2_OfAHundredTabsAnyOfTheNewestEightFinishes(t *testing.T) {
	w := newWorld(t)
	tabs := []*tab{newProfile(t)}
	for len(tabs) < 100 {
		tabs = append(tabs, tabs[0].another())
	}
	for i, b := range tabs {
		b.open(fmt.Sprintf("%s/login?return_to=%s", w.base, w.page(i)))
	}
	flows := 0
	for name := range tabs[0].cookies(w) {
		if strings.Contains(name, "-flow-") {
			flows++
		}
	}
	if flows != 8 {
		t.Errorf("%d flows are kept, want 8", flows)
	}
	tabs[91].atGoogle(w, ann)
	tabs[91].wantText("h1", "Signing in did not work")

	for _, i := range rand.Perm(8) {
		tabs[92+i].atGoogle(w, ann)
		tabs[92+i].seeAt(w.page(92 + i))
	}
	// Somebody is signed in now: what is too old goes home.
	tabs[0].atGoogle(w, ann)
	tabs[0].seeAt(w.home)
}

func (w *world) page(i int) string { return fmt.Sprintf("%spage-%d", w.home, i) }
