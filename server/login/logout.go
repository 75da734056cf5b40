package login

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
)

// Logout ends this browser's session, or all of its user's. It is local: Google has no end of session to call, and the user stays
// signed in there. A request with an Authorization header is about the session of the token in it, and leaves the cookies alone.
func (h *Handler) Logout(w http.ResponseWriter, r *http.Request) error {
	everywhere, err := everywhere(r)
	if err != nil {
		return err
	}
	if session.HasBearer(r) {
		return h.bearerLogout(w, r, everywhere)
	}
	// Who it is, for the audit; a session that cannot be read is ended all the same.
	who, _ := h.Sessions.Check(r)
	done := audit.Entry{Event: audit.EventLogout, Outcome: audit.OutcomeSuccess, UserID: who.Subject, SID: who.SessionID, Everywhere: everywhere}
	err = h.Sessions.End(r.Context(), w, r, everywhere)
	switch {
	case errors.Is(err, session.ErrNoSession):
		// Whose sessions to end everywhere is not known. For this browser there is nothing left to do.
		if everywhere {
			return h.withoutSession(w, r, err)
		}
	case err != nil:
		done.Outcome, done.Code = audit.OutcomeFailed, string(httperr.TemporarilyUnavailable)
		h.audit.Record(r, done)
		return httperr.Unavailable(fmt.Errorf("log out: %w", err))
	}
	h.audit.Record(r, done)
	h.Metrics.SessionEnded(everywhere)
	if httperr.WantsPage(r) {
		redirect(w, h.paths.signedOut)
		return nil
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func everywhere(r *http.Request) (bool, error) {
	switch values := r.URL.Query()["everywhere"]; {
	case len(values) == 0, len(values) == 1 && values[0] == "false":
		return false, nil
	case len(values) == 1 && values[0] == "true":
		return true, nil
	}
	return false, httperr.BadParam("everywhere", errors.New(`neither "true" nor "false"`))
}

// Ended puts on record that a client revoked its refresh token, and with it ended its session.
func (h *Handler) Ended(r *http.Request, s identity.Session) {
	h.audit.Record(r, audit.Entry{Event: audit.EventLogout, Outcome: audit.OutcomeSuccess, UserID: s.UserID, SID: s.ID})
	h.Metrics.SessionEnded(false)
}

// Reused puts on record that a refresh token came a second time, for which its session was ended: one of its holders has stolen it.
func (h *Handler) Reused(r *http.Request, s identity.Session) {
	h.audit.Record(r, audit.Entry{Event: eventTokenReuse, Outcome: audit.OutcomeDenied, UserID: s.UserID, SID: s.ID})
	h.Metrics.SessionEnded(false)
}
