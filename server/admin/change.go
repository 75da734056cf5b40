package admin

import (
	"context"
	"net/http"

	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/identity"
)

// Events of the audit log.
const (
	eventAdminRequest  = "admin_request"
	eventUserBlocked   = "user.blocked"
	eventUserUnblocked = "user.unblocked"
	eventUserRelinked  = "user.relinked"
	eventUserDeleted   = "user.deleted"
	eventUserExported  = "user.exported"
	eventUserRead      = "user.read"
	eventUsersListed   = "users.listed"
)

// record writes the audit event of what a caller did, or tried to do, and returns err.
func (a *api) record(r request, e audit.Entry, err error) error {
	e.Caller, e.Outcome = r.caller.String(), audit.OutcomeSuccess
	if err != nil {
		p := problemOf(err)
		e.Outcome, e.Code, e.OtherUserID = p.outcome(), string(p.code), p.otherUserID
	}
	a.audit.Record(r.Request, e)
	return err
}

// existingTarget is target, once it is known that there is such a user: the sessions of nobody end without a trace.
func (a *api) existingTarget(r request) (string, error) {
	id, err := r.target()
	if err != nil {
		return "", err
	}
	_, err = a.Users.User(r.Context(), id)
	return id, err
}

// ended makes known what a change of the store's ended.
func (a *api) ended(ids []string) {
	a.Sessions.Ended(ids...)
	if len(ids) > 0 {
		a.Metrics.SessionEnded(true)
	}
}

func (a *api) block(w http.ResponseWriter, r request) error {
	return a.change(w, r, eventUserBlocked, a.Users.Block)
}

func (a *api) unblock(w http.ResponseWriter, r request) error {
	return a.change(w, r, eventUserUnblocked, func(ctx context.Context, id string) (identity.User, []string, error) {
		changed, err := a.Users.Unblock(ctx, id)
		return changed, nil, err
	})
}

// change does what a user's ID is enough for.
func (a *api) change(
	w http.ResponseWriter, r request, event string, do func(context.Context, string) (identity.User, []string, error),
) error {
	var (
		changed identity.User
		ended   []string
	)
	id, err := r.target()
	if err == nil {
		changed, ended, err = do(r.Context(), id)
	}
	a.ended(ended)
	if err := a.record(r, audit.Entry{Event: event, UserID: id}, err); err != nil {
		return err
	}
	httperr.WriteJSON(w, http.StatusOK, changeAnswer{userOf(changed), len(ended)})
	return nil
}

// relinkBody names the Google account that a user gets. The issuer is not for the caller to choose: nobody could sign in by another.
type relinkBody struct {
	Subject string `json:"subject"`
}

func (a *api) relink(w http.ResponseWriter, r request) error {
	id, subject, err := parseRelink(r)
	var (
		changed identity.User
		ended   []string
	)
	if err == nil {
		changed, ended, err = a.Users.Relink(r.Context(), id, a.Issuer, subject)
	}
	a.ended(ended)
	if err := a.record(r, audit.Entry{Event: eventUserRelinked, UserID: id, Subject: subject}, err); err != nil {
		return err
	}
	httperr.WriteJSON(w, http.StatusOK, changeAnswer{userOf(changed), len(ended)})
	return nil
}

func parseRelink(r request) (id, subject string, err error) {
	if err := r.noQuery(); err != nil {
		return "", "", err
	}
	var body relinkBody
	if err := r.readJSON(&body); err != nil {
		return "", "", err
	}
	if !isSubject(body.Subject) {
		return "", "", invalid("subject", "must be the sub of a Google account: 1 to 255 printable ASCII characters")
	}
	id, err = r.userID()
	return id, body.Subject, err
}

// remove deletes a user.
func (a *api) remove(w http.ResponseWriter, r request) error {
	id, err := r.target()
	var ended []string
	if err == nil {
		ended, err = a.Users.Delete(r.Context(), id)
	}
	a.ended(ended)
	if err := a.record(r, audit.Entry{Event: eventUserDeleted, UserID: id}, err); err != nil {
		return err
	}
	httperr.WriteJSON(w, http.StatusOK, endAnswer{len(ended)})
	return nil
}

// signOut ends all sessions of a user, and with them their refresh tokens.
func (a *api) signOut(w http.ResponseWriter, r request) error {
	id, err := a.existingTarget(r)
	ended := 0
	if err == nil {
		ended, err = a.Sessions.EndUser(r.Context(), id)
	}
	if err := a.record(r, audit.Entry{Event: audit.EventLogout, UserID: id, Everywhere: true}, err); err != nil {
		return err
	}
	a.Metrics.SessionEnded(true)
	httperr.WriteJSON(w, http.StatusOK, endAnswer{ended})
	return nil
}

// endSession ends one session. One that is over, unknown or another user's is not told apart.
func (a *api) endSession(w http.ResponseWriter, r request) error {
	id, err := a.existingTarget(r)
	e := audit.Entry{Event: audit.EventLogout, UserID: id}
	if err == nil {
		e.SID, err = a.endOne(r, id)
	}
	if err := a.record(r, e, err); err != nil {
		return err
	}
	a.Metrics.SessionEnded(false)
	httperr.WriteJSON(w, http.StatusOK, endAnswer{1})
	return nil
}

func (a *api) endOne(r request, userID string) (sid string, err error) {
	sid, ended := r.PathValue("sid"), false
	if idPattern.MatchString(sid) {
		ended, err = a.Sessions.EndOne(r.Context(), userID, sid)
	}
	if err == nil && !ended {
		err = &problem{status: http.StatusNotFound, code: CodeSessionNotFound, detail: "the user has no live session with this id"}
	}
	if err != nil {
		return "", err
	}
	return sid, nil
}
