package login

import (
	"context"
	"net/http"
	"net/url"

	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/middleware"
	"github.com/googlelogin/operator/server/pages"
)

// Nonces are what a credential that Google's button posts must bear. One is bound to the browser that w answers.
type Nonces interface {
	IssueNonce(w http.ResponseWriter, r *http.Request) (string, error)
}

// Button is what a page needs to know of Google to show Google's own button.
type Button interface {
	ClientID() (string, error)
	ScriptURL(ctx context.Context) (string, error)
}

// SignInPage is for teams without a login page of their own. A return_to that is not allowed does not reach the page.
func (h *Handler) SignInPage(w http.ResponseWriter, r *http.Request) error {
	target := h.paths.login
	if to := h.returnTo(r, r.URL.Query().Get("return_to")); to != "" {
		target += "?" + url.Values{"return_to": {to}}.Encode()
	}
	h.Pages.SignIn(w, r, pages.SignIn{LoginURL: target, Button: h.button(w, r)})
	return nil
}

// button is what the page needs for Google's own button; nil if it does without. The plain link always works, so a button that
// cannot be shown is no reason to show an error.
func (h *Handler) button(w http.ResponseWriter, r *http.Request) *pages.Button {
	host, ok := h.Hosts.Find(r.Host)
	if !ok || !h.Config.Google.SignInWithGoogle || h.Nonces == nil || h.Button == nil {
		return nil
	}
	made, err := h.makeButton(w, r)
	if err != nil {
		h.Log.WarnContext(r.Context(), "cannot show the button of Google's script, showing the plain link",
			"requestID", middleware.From(r.Context()).ID, "err", err)
		return nil
	}
	made.LoginURI = host.Origin + Base(h.Config) + "/google"
	return made
}

func (h *Handler) makeButton(w http.ResponseWriter, r *http.Request) (*pages.Button, error) {
	clientID, err := h.Button.ClientID()
	if err != nil {
		return nil, err
	}
	script, err := h.Button.ScriptURL(r.Context())
	if err != nil {
		return nil, err
	}
	// Last, since it sets a cookie.
	nonce, err := h.Nonces.IssueNonce(w, r)
	if err != nil {
		return nil, err
	}
	return &pages.Button{ClientID: clientID, ScriptURL: script, Nonce: nonce}, nil
}

// FailedPage is where failed logins end if the front end has no login page. Anybody can link to it with any parameters: it shows
// texts of ours, picked by a code of the closed list.
func (h *Handler) FailedPage(w http.ResponseWriter, r *http.Request) error {
	code := httperr.LoginCode(r.URL.Query().Get("error"))
	id := r.URL.Query().Get("error_id")
	if !middleware.ValidID(id) {
		id = ""
	}
	h.Pages.ErrorPage(w, r, httperr.Page{Status: code.Status(), Code: code, RequestID: id})
	return nil
}

// SignedOutPage is where a logout ends.
func (h *Handler) SignedOutPage(w http.ResponseWriter, r *http.Request) error {
	h.Pages.SignedOut(w, r)
	return nil
}
