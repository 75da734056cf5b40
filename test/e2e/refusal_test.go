//go:build e2e

package e2e

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"
)

// askAgain starts a login that brings the consent page up even for somebody who agreed before.
const askAgain = issuer + "/login?prompt=consent%20select_account"

var errorID = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)

func TestE67_AnAccountOutsideTheHostedDomainIsRefused(t *testing.T) {
	ready(t)
	b := newProfile(t)
	b.open(shopURL)
	b.pressSignIn()
	b.pick(stranger)
	b.consentIfAsked(visible("#alert"))
	b.picture("08-stranger-refused")
	b.wantRefusal("account_not_allowed", "This Google account has no access here")
}

func TestB19_CancellingAtGoogleIsExplainedByTheFrontEnd(t *testing.T) {
	ready(t)
	b := newProfile(t)
	b.open(askAgain)
	b.pick(ann)
	b.see(visible(`button[value="cancel"]`))
	b.picture("09-stand-in-consent")
	b.click(`button[value="cancel"]`)
	b.see(visible("#alert"))
	b.picture("10-cancelled")
	b.wantRefusal("access_denied", "You did not allow the sign-in")
	b.click(".googlelogin-button")
	b.pick(ann)
	b.consentIfAsked(signedIn)
}

// wantRefusal checks that the shop's own sign-in page shows why nobody is signed in.
func (b *tab) wantRefusal(code, words string) {
	b.t.Helper()
	if got := b.location(); got != shopLogin {
		b.t.Errorf("the refusal is shown at %s, want %s", got, shopLogin)
	}
	query := b.query()
	if got := query.Get("error"); got != code {
		b.t.Errorf("error is %q, want %q", got, code)
	}
	id := query.Get("error_id")
	if !errorID.MatchString(id) {
		b.t.Errorf("error_id is %q", id)
	}
	b.wantText("#alert-text", words)
	b.wantText("#alert-id", id)
	if got := b.me().Status; got != http.StatusUnauthorized {
		b.t.Errorf("me answers %d", got)
	}
	if b.cookies()[cookieName] != nil {
		b.t.Error("a refused login left a session cookie")
	}
}

func TestF78_AReturnToElsewhereEndsAtHome(t *testing.T) {
	ready(t)
	for _, wanted := range []string{"https://evil.example/", "//evil.example/", "https://shop.localhost:8443@evil.example/", "javascript:alert(1)"} {
		t.Run(wanted, func(t *testing.T) {
			b := newProfile(t)
			b.open(shopLogin + "?return_to=" + url.QueryEscape(wanted))
			b.click(".googlelogin-button")
			b.pick(ann)
			b.consentIfAsked(signedIn)
			if got := b.address(); got != shopURL {
				t.Errorf("the login ended at %s", got)
			}
		})
	}
}

func TestB15_ACallbackInAnotherBrowserSignsNobodyIn(t *testing.T) {
	ready(t)
	attacker, victim := newProfile(t), newProfile(t)
	// The attacker gets as far as a code for an account of theirs and keeps the browser from redeeming it.
	attacker.hold(issuer + "/callback*")
	attacker.open(askAgain)
	attacker.pick(bob)
	attacker.click(`button[value="allow"]`)
	stolen := attacker.held()

	victim.open(stolen)
	victim.picture("11-foreign-callback")
	if victim.cookies()[cookieName] != nil {
		t.Error("the victim's browser has a session")
	}
	victim.open(shopURL)
	victim.see(signedOut)
}
