package login

import (
	"net/http"
	"net/url"

	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/middleware"
)

// SignInPage is for teams without a login page of their own. A return_to that is not allowed does not reach the page.
func (h *Handler) SignInPage(w http.ResponseWriter, r *http.Request) error {
	target := h.paths.login
	if to := h.returnTo(r, r.URL.Query().Get("return_to")); to != "" {
		target += "?" + url.Values{"return_to": {to}}.Encode()
	}
	h.Pages.SignIn(w, r, target)
	return nil
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
