package login

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/pages"
)

// maxSessionID is longer than any session ID of ours.
const maxSessionID = 64

// AccountPage shows users who they are here and where they are signed in.
func (h *Handler) AccountPage(w http.ResponseWriter, r *http.Request) error {
	user, current, err := h.signedIn(w, r)
	if err != nil {
		return h.turnAway(w, r, err)
	}
	sessions, err := h.Sessions.List(r.Context(), user.ID)
	if err != nil {
		return httperr.Unavailable(fmt.Errorf("show account: %w", err))
	}
	h.Pages.Account(w, r, accountOf(user, sessions, current.Claims.SessionID))
	return nil
}

func accountOf(u identity.User, sessions []identity.Session, current string) pages.Account {
	page := pages.Account{Name: u.Name, Email: u.Email}
	for _, s := range sessions {
		page.Sessions = append(page.Sessions, pages.Session{
			ID: s.ID, UserAgent: s.UserAgent, SignedInAt: s.CreatedAt, LastUsedAt: s.LastUsedAt, Current: s.ID == current,
		})
	}
	return page
}

// EndSession ends one of the user's own sessions, whose ID the account page posts as sid. One that is over, unknown or another
// user's gets the same answer: the account page, where it is not listed.
func (h *Handler) EndSession(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return httperr.New(http.StatusBadRequest, httperr.InvalidRequest, fmt.Errorf("read form: %w", err))
	}
	sids := r.PostForm["sid"]
	if len(sids) != 1 || sids[0] == "" || len(sids[0]) > maxSessionID {
		return httperr.BadParam("sid", errors.New("missing, given twice or too long"))
	}
	user, current, err := h.signedIn(w, r)
	if err != nil {
		return h.turnAway(w, r, err)
	}
	if sids[0] == current.Claims.SessionID {
		return h.Logout(w, r)
	}
	done := audit.Entry{Event: audit.EventLogout, Outcome: audit.OutcomeSuccess, UserID: user.ID, SID: sids[0]}
	ended, err := h.Sessions.EndOne(r.Context(), user.ID, sids[0])
	if err != nil {
		// Whose session it is was not found out: the id is what somebody posted.
		done.Outcome, done.Code, done.SID = audit.OutcomeFailed, string(httperr.TemporarilyUnavailable), ""
		h.audit.Record(r, done)
		return httperr.Unavailable(fmt.Errorf("end session: %w", err))
	}
	if ended {
		h.audit.Record(r, done)
		h.Metrics.SessionEnded(false)
	}
	redirect(w, h.paths.account)
	return nil
}

// turnAway sends whoever is not signed in to the sign-in page, and shows those who may not be here why.
func (h *Handler) turnAway(w http.ResponseWriter, r *http.Request, err error) error {
	if !isNobody(err) {
		return httperr.Unavailable(fmt.Errorf("read session: %w", err))
	}
	if code, denied := h.TurnedAway(r, err); denied {
		return httperr.Login(code, err)
	}
	target := h.paths.signIn
	if host, ok := h.Hosts.Find(r.Host); ok {
		target += "?" + url.Values{"return_to": {host.Origin + h.paths.account}}.Encode()
	}
	redirect(w, target)
	return nil
}

// isAccount tells that raw is the account page of the host that the request came to: the one page of ours that a login may end at.
func (h *Handler) isAccount(r *http.Request, raw string) bool {
	host, ok := h.Hosts.Find(r.Host)
	return ok && raw == host.Origin+h.paths.account
}
