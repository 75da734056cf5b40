//go:build e2e

package e2e

import (
	"encoding/json"

	"github.com/chromedp/chromedp"
)

const (
	ann      = "ann@example.com"
	bob      = "bob@example.com"
	stranger = "stranger@gmail.test"
)

// pressSignIn goes from the shop's page to the stand-in for Google, by the links that a user has.
func (b *tab) pressSignIn() {
	b.t.Helper()
	b.click("#to-login")
	b.click(".googlelogin-button")
}

// pick chooses an account at the stand-in for Google.
func (b *tab) pick(email string) {
	b.t.Helper()
	b.click(`button.account[value="` + email + `"]`)
}

// consentIfAsked agrees on the consent page, which only comes at the first time, and waits for the page that the script describes.
func (b *tab) consentIfAsked(then string) {
	b.t.Helper()
	const agree = `button[value="allow"]`
	b.see(visible(agree) + " || " + then)
	if b.holds(visible(agree)) {
		b.click(agree)
	}
	b.see(then)
}

// signedIn is a script that is true of the shop's page once it knows who is there.
const signedIn = `location.host === "shop.localhost:8443" && document.querySelector("#signed-in")?.checkVisibility() === true`

// signedOut is a script that is true of the shop's page once it knows that nobody is there.
const signedOut = `location.host === "shop.localhost:8443" && document.querySelector("#signed-out")?.checkVisibility() === true`

// signIn signs in from the page that the tab shows.
func (b *tab) signIn(email string) {
	b.t.Helper()
	b.pressSignIn()
	b.pick(email)
	b.consentIfAsked(signedIn)
}

// profile is what {base}/me says of who is signed in.
type profile struct {
	Status       int
	Subject      string `json:"sub"`
	Email        string `json:"email"`
	Name         string `json:"name"`
	HostedDomain string `json:"hd"`
	Session      struct {
		ID string `json:"id"`
	} `json:"session"`
}

// me asks {base}/me from within the page, as the front end does.
func (b *tab) me() profile {
	b.t.Helper()
	const script = `fetch("/auth/me").then(async (r) => JSON.stringify({Status: r.status, ...await r.json()}))`
	raw := do(b, "ask me", chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	var p profile
	if err := json.Unmarshal([]byte(raw), &p); err != nil {
		b.t.Fatalf("me answered %q: %v", raw, err)
	}
	return p
}
