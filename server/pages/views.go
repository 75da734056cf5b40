package pages

import (
	"net/http"

	"github.com/googlelogin/operator/server/httperr"
)

// SignIn is the data of the sign-in page.
type SignIn struct {
	// LoginURL starts a login without any script.
	LoginURL string
	// Button is what Google's own button needs; nil shows the plain link alone.
	Button *Button
}

// Button is what Google's script needs to draw its button and One Tap.
type Button struct {
	ClientID string
	// LoginURI is where the credential is posted: an absolute URL.
	LoginURI string
	// Nonce is what the credential must bear.
	Nonce string
	// ScriptURL is Google's script; its folder is what the page may talk to.
	ScriptURL string
}

// SignIn shows the button that starts a login.
func (p *Pages) SignIn(w http.ResponseWriter, r *http.Request, page SignIn) {
	f := p.frame(r, "signin.title")
	view := struct {
		frame
		SignIn
		Notice string
	}{f, page, p.options.Look.SignInText}
	google, ok := page.Button.policy()
	if !ok {
		view.Button = nil
		p.render(w, http.StatusOK, "signin.html", f, view)
		return
	}
	// Google's script has to learn this page's origin, and opens a window of its own.
	w.Header().Set("Referrer-Policy", "strict-origin-when-cross-origin")
	w.Header().Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
	p.render(w, http.StatusOK, "signin.html", f, view, google, formsToSelf)
}

// links lead out of a page; what is empty is left out.
type links struct{ SignInURL, SupportURL, HomeURL string }

func (p *Pages) links() links {
	return links{SignInURL: p.options.Base + "/", SupportURL: p.options.Look.SupportURL, HomeURL: p.options.HomeURL}
}

// SignedOut says goodbye.
func (p *Pages) SignedOut(w http.ResponseWriter, r *http.Request) {
	f := p.frame(r, "signedout.title")
	p.render(w, http.StatusOK, "signedout.html", f, struct {
		frame
		links
	}{f, p.links()})
}

// ErrorPage shows what went wrong, and the way out where there is one.
func (p *Pages) ErrorPage(w http.ResponseWriter, r *http.Request, e httperr.Page) {
	f := p.frame(r, string(e.Code)+".title")
	ways := p.links()
	// Only where signing in again can help. On a host that is not ours the link would lead nowhere, and so would the logo's.
	if httperr.LoginCode(string(e.Code)) != e.Code && e.Code != httperr.Unauthenticated {
		ways.SignInURL = ""
	}
	if e.Code == httperr.Misdirected {
		f.Logo = nil
	}
	text, err := f.T(string(e.Code) + ".text")
	if err != nil {
		// A code without a text would be a page without a meaning.
		f = p.frame(r, string(httperr.Unknown)+".title")
		text = f.texts[string(httperr.Unknown)+".text"]
	}
	p.render(w, e.Status, "error.html", f, struct {
		frame
		links
		Text, Param, ErrorID string
	}{f, ways, text, e.Param, e.RequestID})
}

// Message is the text of a code in the original language, for scripts.
func (p *Pages) Message(code httperr.Code) string { return p.texts.texts[0][string(code)+".text"] }
