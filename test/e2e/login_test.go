//go:build e2e

package e2e

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestAUserSignsInAndOut(t *testing.T) {
	ready(t)
	b := newProfile(t)
	b.open(shopURL)
	b.see(signedOut)
	b.picture("01-shop-signed-out")
	b.click("#to-login")
	b.see(visible(".googlelogin-button"))
	b.picture("02-shop-login")
	b.click(".googlelogin-button")
	b.see(visible(`button.account[value="` + ann + `"]`))
	b.picture("03-stand-in-accounts")
	b.pick(ann)
	b.consentIfAsked(signedIn)
	b.see(visible("#backend"))
	b.picture("04-shop-signed-in")

	b.wantText("#status", "Signed in as Ann Example")
	b.wantText("#backend", "The shop's backend verified your token. It knows you as ann@example.com.")
	if got := b.address(); got != shopURL {
		t.Errorf("the login ended at %s", got)
	}
	if got := b.me(); got.Status != http.StatusOK || got.Email != ann || got.HostedDomain != "example.com" || got.Subject == "" {
		t.Errorf("me says %+v", got)
	}

	b.reload()
	b.see(signedIn)
	second := b.secondTab()
	second.open(shopURL)
	second.see(signedIn)

	b.click("#sign-out")
	b.see(signedOut)
	b.picture("05-shop-signed-out-again")
	b.wantText("#status", "You are signed out.")
	if got := b.me().Status; got != http.StatusUnauthorized {
		t.Errorf("after signing out me answers %d", got)
	}
	second.reload()
	second.see(signedOut)
	if left := b.cookies(); len(left) != 0 {
		t.Errorf("%d cookies are left after signing out", len(left))
	}
}

func TestSigningOutEverywhereEndsTheOtherBrowsersSession(t *testing.T) {
	ready(t)
	desk, phone, other := newProfile(t), newProfile(t), newProfile(t)
	for _, b := range []*tab{desk, phone} {
		b.open(shopURL)
		b.signIn(ann)
	}
	other.open(shopURL)
	other.signIn(bob)

	desk.click("#sign-out-everywhere")
	desk.see(signedOut)
	phone.reload()
	phone.see(signedOut)
	other.reload()
	other.see(signedIn)
}

func TestTwoTabsSignInAtTheSameTime(t *testing.T) {
	ready(t)
	first := newProfile(t)
	first.open(shopURL)
	first.pressSignIn()
	first.see(visible("button.account"))
	second := first.secondTab()
	second.open(shopURL)
	second.signIn(ann)
	first.pick(ann)
	first.consentIfAsked(signedIn)
}

// The browser loses the access JWT, as it does when the cookie ends, and keeps the session's handle.
func TestAnAccessTokenThatIsGoneIsRenewedInPlace(t *testing.T) {
	ready(t)
	b := newProfile(t)
	b.open(shopURL)
	b.signIn(ann)
	before := b.cookies()[cookieName].Value
	b.forget(cookieName)
	b.reload()
	b.see(signedIn)
	b.see(visible(`#backend[data-verified="true"]`))
	if after := b.cookies()[cookieName]; after == nil || after.Value == before {
		t.Error("no new access token came")
	}
}

func TestALoginComesBackToThePageItBeganAt(t *testing.T) {
	ready(t)
	b := newProfile(t)
	b.open(shopURL + "orders/42")
	b.signIn(ann)
	if got, want := b.address(), shopURL+"orders/42"; got != want {
		t.Errorf("the login ended at %s, want %s", got, want)
	}
	b.wantText("#order-title", "Order 42")
	b.picture("06-shop-deep-page")
}

func TestTheHostedSignInPageSignsIn(t *testing.T) {
	ready(t)
	b := newProfile(t)
	b.open(issuer + "/")
	b.see(visible("a.google"))
	b.wantText("a.google", "Sign in with Google")
	b.picture("07-hosted-sign-in")
	b.click("a.google")
	b.pick(ann)
	b.consentIfAsked(signedIn)
}

func TestPagesFitANarrowScreen(t *testing.T) {
	ready(t)
	for name, address := range map[string]string{
		"shop":    shopURL,
		"login":   shopLogin + "?error=account_not_allowed&error_id=0123456789abcdef0123456789abcdef",
		"sign-in": issuer + "/",
		"error":   issuer + "/error?error=account_not_allowed&error_id=0123456789abcdef0123456789abcdef",
		"goodbye": issuer + "/signed-out",
	} {
		t.Run(name, func(t *testing.T) {
			b := newProfile(t)
			do(b, "narrow the window", chromedp.EmulateViewport(320, 640))
			b.open(address)
			b.see(visible("h1"))
			b.picture("12-narrow-" + name)
			if !b.holds("document.documentElement.scrollWidth <= 320") {
				t.Error("the page has to be scrolled sideways")
			}
		})
	}
}
