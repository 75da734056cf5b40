package login

import (
	"fmt"
	"net/http"

	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
)

// bearerMe is me for a client that sends its access token itself. Nothing is renewed, and no cookie is read or set.
func (h *Handler) bearerMe(w http.ResponseWriter, r *http.Request) error {
	current, err := h.Sessions.Bearer(r)
	if err != nil {
		return h.withoutBearer(w, r, err)
	}
	user, err := h.stillAdmitted(r, current)
	if err != nil {
		return h.withoutBearer(w, r, err)
	}
	record, err := h.listed(r, current)
	if err != nil {
		return h.withoutBearer(w, r, err)
	}
	httperr.WriteJSON(w, http.StatusOK, profileOf(user, current, record))
	return nil
}

// listed is the store's record of a session that is known by its token alone.
func (h *Handler) listed(r *http.Request, current session.Current) (identity.Session, error) {
	sessions, err := h.Sessions.List(r.Context(), current.Claims.Subject)
	if err != nil {
		return identity.Session{}, err
	}
	for _, s := range sessions {
		if s.ID == current.Claims.SessionID {
			return s, nil
		}
	}
	return identity.Session{}, nil
}

// bearerLogout ends the session of the request's token.
func (h *Handler) bearerLogout(w http.ResponseWriter, r *http.Request, everywhere bool) error {
	who, err := h.Sessions.Bearer(r)
	if err == nil {
		err = h.Sessions.EndBearer(r.Context(), r, everywhere)
	}
	if isNobody(err) {
		return h.withoutBearer(w, r, err)
	}
	done := audit.Entry{
		Event: audit.EventLogout, Outcome: audit.OutcomeSuccess, UserID: who.Claims.Subject, SID: who.Claims.SessionID, Everywhere: everywhere,
	}
	if err != nil {
		done.Outcome, done.Code = audit.OutcomeFailed, string(httperr.TemporarilyUnavailable)
		h.audit.Record(r, done)
		return httperr.Unavailable(fmt.Errorf("log out: %w", err))
	}
	h.audit.Record(r, done)
	h.Metrics.SessionEnded(everywhere)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// withoutBearer is withoutSession, in the words that RFC 6750, 3.1 has for a token that is not good.
func (h *Handler) withoutBearer(w http.ResponseWriter, r *http.Request, err error) error {
	if isNobody(err) {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	return h.withoutSession(w, r, err)
}
