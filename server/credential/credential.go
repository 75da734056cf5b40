package credential

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/googlelogin/operator/server/form"
	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/login"
	"github.com/googlelogin/operator/server/nonce"
)

// csrfName is the field and the cookie that must be equal.
const csrfName = "g_csrf_token"

// maxCSRF is several times what Google's script makes.
const maxCSRF = 256

// Provider is Google.
type Provider interface {
	VerifyCredential(ctx context.Context, c google.Credential) (google.Grant, error)
}

// Pages are the pages with a button that the browser was shown.
type Pages interface {
	Open(r *http.Request) []nonce.Page
	Forget(w http.ResponseWriter, r *http.Request, nonce string) error
}

// Used remembers nonces that came back.
type Used interface {
	Claim(ctx context.Context, nonce string, until time.Time) error
}

// Logins is what every login has in common.
type Logins interface {
	Finish(w http.ResponseWriter, r *http.Request, grant google.Grant, returnTo string) error
	Fail(w http.ResponseWriter, r *http.Request, cause error) error
	Refused(r *http.Request, event string)
}

// Handler takes credentials. None of its fields may be nil.
type Handler struct {
	Provider Provider
	Pages    Pages
	Used     Used
	Logins   Logins
	Now      func() time.Time
}

// Post signs in whoever the form's credential is about. The package comment has its steps.
func (h *Handler) Post(w http.ResponseWriter, r *http.Request) error {
	fields, err := form.Read(r)
	if err != nil {
		return h.misshapen(r, err)
	}
	if !sameCSRF(r, fields.Get(csrfName)) {
		return h.refuse(r, errors.New("g_csrf_token of form and cookie differ"))
	}
	pages := h.Pages.Open(r)
	if len(pages) == 0 {
		return h.refuse(r, errors.New("no nonce in this browser"))
	}
	var page nonce.Page
	grant, err := h.Provider.VerifyCredential(r.Context(), google.Credential{
		IDToken: fields.Get("credential"),
		Nonce: func(got string) bool {
			i := slices.IndexFunc(pages, func(p nonce.Page) bool {
				return subtle.ConstantTimeCompare([]byte(p.Nonce), []byte(got)) == 1
			})
			if i >= 0 {
				page = pages[i]
			}
			return i >= 0
		},
	})
	if errors.Is(err, google.ErrTokenInvalid) {
		return h.refuse(r, err)
	}
	if err != nil {
		return h.Logins.Fail(w, r, err)
	}
	return h.finish(w, r, grant, page)
}

// finish signs a proven identity in, if its page is not too old and the first to come back.
func (h *Handler) finish(w http.ResponseWriter, r *http.Request, grant google.Grant, page nonce.Page) error {
	if err := h.Pages.Forget(w, r, page.Nonce); err != nil {
		return fmt.Errorf("forget nonce: %w", err)
	}
	if page.Expired(h.Now()) {
		return h.Logins.Fail(w, r, httperr.Login(httperr.LoginExpired, nonce.ErrExpired))
	}
	switch err := h.Used.Claim(r.Context(), page.Nonce, page.ExpiresAt); {
	case errors.Is(err, nonce.ErrUsed):
		return h.refuse(r, err)
	case err != nil:
		return h.Logins.Fail(w, r, httperr.Unavailable(err))
	}
	return h.Logins.Finish(w, r, grant, page.ReturnTo)
}

// sameCSRF compares the form's token with the cookie's. Two cookies of that name are ambiguous: another host has set one of them.
func sameCSRF(r *http.Request, token string) bool {
	found := r.CookiesNamed(csrfName)
	if token == "" || len(token) > maxCSRF || len(found) != 1 {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(found[0].Value), []byte(token)) == 1
}

// refuse answers a request that proves nothing, and does not say why.
func (h *Handler) refuse(r *http.Request, cause error) error {
	h.Logins.Refused(r, login.EventCredential)
	return httperr.Login(httperr.Unknown, cause)
}

// misshapen answers what is not Google's form at all.
func (h *Handler) misshapen(r *http.Request, cause error) error {
	h.Logins.Refused(r, login.EventCredential)
	return httperr.New(form.Status(cause), httperr.InvalidRequest, cause)
}
