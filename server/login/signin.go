package login

import (
	"context"
	"fmt"
	"net/http"

	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/tracing"
)

// Finish ends a login whose identity is proven, whichever way the proof came: it signs the user in and sends the browser to
// returnTo, if that is allowed, else home. If the user may not sign in, the browser goes to the login page with the reason.
func (h *Handler) Finish(w http.ResponseWriter, r *http.Request, grant google.Grant, returnTo string) error {
	user, err := h.Admit(r, grant.Identity)
	if err != nil {
		return h.Fail(w, r, err)
	}
	s, err := h.Sessions.Start(r.Context(), w, r, user, grant.MissingScopes)
	if err != nil {
		return h.Fail(w, r, err)
	}
	h.Succeeded(r, user, s)
	redirect(w, h.destination(r, returnTo))
	return nil
}

// Admit finds the user that a proven identity belongs to, if it may sign in. It is the one way from an identity to a user.
func (h *Handler) Admit(r *http.Request, id identity.Identity) (identity.User, error) {
	if err := h.admits(r.Context(), id); err != nil {
		return identity.User{}, err
	}
	if err := h.allowAccount(id); err != nil {
		return identity.User{}, err
	}
	in, err := h.Users.SignIn(r.Context(), id)
	if err != nil {
		h.noteConflict(r, id, err)
		return identity.User{}, fmt.Errorf("%w: %w", errUsers, err)
	}
	h.noteChanges(r, in)
	return in.User, nil
}

// admits asks the access policy.
func (h *Handler) admits(ctx context.Context, id identity.Identity) error {
	return tracing.Do(ctx, "access policy", func(context.Context) error { return h.Policy.Admit(id) })
}

// Succeeded puts a login on record: the user has a session now.
func (h *Handler) Succeeded(r *http.Request, u identity.User, s identity.Session) {
	h.audit.Record(r, audit.Entry{Event: eventLogin, Outcome: audit.OutcomeSuccess, UserID: u.ID, SID: s.ID})
	h.Metrics.LoginFinished(audit.OutcomeSuccess)
	h.Metrics.SessionStarted()
}

// Fail ends a login whose request is proven: the front end's login page learns a code, the log the cause.
func (h *Handler) Fail(w http.ResponseWriter, r *http.Request, cause error) error {
	return h.fail(w, r, codeOf(cause), cause)
}

// Refuse answers a request that proves nothing, and does not say why. event is one of the audit log's, for what was asked.
func (h *Handler) Refuse(r *http.Request, event string, cause error) error {
	h.Refused(r, event)
	return httperr.Login(httperr.Unknown, cause)
}

// Refused puts on record that a request proved nothing.
func (h *Handler) Refused(r *http.Request, event string) {
	h.audit.Record(r, audit.Entry{Event: event, Outcome: audit.OutcomeRefused, Code: string(httperr.Unknown)})
	h.Metrics.LoginFinished(audit.OutcomeRefused)
}

// destination is checked again: the list may have changed since the login began.
func (h *Handler) destination(r *http.Request, returnTo string) string {
	if to := h.returnTo(r, returnTo); to != "" {
		return to
	}
	return h.Config.Frontend.HomeURL
}

// ReturnTo is raw if a login may end there, else empty.
func (h *Handler) ReturnTo(r *http.Request, raw string) string { return h.returnTo(r, raw) }
