//go:build e2e

package e2e

import "testing"

func TestAUserEndsTheSessionOfAnotherBrowser(t *testing.T) {
	ready(t)
	desk, phone := newProfile(t), newProfile(t)
	for _, b := range []*tab{phone, desk} {
		b.open(shopURL)
		b.signIn(ann)
	}
	desk.open(issuer + "/account")
	desk.see(visible("h1"))
	desk.picture("13-account")
	desk.wantText("main", "Ann Example")
	desk.wantText("main", ann)

	end := `button[name="sid"][value="` + phone.me().Session.ID + `"]`
	desk.click(end)
	desk.see(`document.querySelector("h1") && !document.querySelector('` + end + `')`)
	phone.reload()
	phone.see(signedOut)
	desk.reload()
	desk.see(visible(`.mark`))

	desk.click("form.actions button")
	desk.see(`location.pathname === "/auth/signed-out"`)
	desk.picture("14-signed-out")
	desk.open(shopURL)
	desk.see(signedOut)
}

func TestTheAccountPageAsksToSignInFirst(t *testing.T) {
	ready(t)
	b := newProfile(t)
	b.open(issuer + "/account")
	b.click("a.google")
	b.pick(ann)
	b.consentIfAsked(`location.pathname === "/auth/account"`)
	b.wantText("main", ann)
}
