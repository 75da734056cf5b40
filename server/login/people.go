package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/users"
)

// allowAccount bounds how often one Google account may sign in. It comes after the proof of who it is, so that nobody can use up
// another's budget, and before the store, so that a browser in a loop costs no write.
func (h *Handler) allowAccount(id identity.Identity) error {
	// Neither an issuer nor a subject can hold a NUL.
	allowed, wait := h.Accounts.Allow(id.Issuer + "\x00" + id.Subject)
	if allowed {
		return nil
	}
	h.Metrics.RateLimited("account")
	return tooMany(wait, errors.New("account signs in too often"))
}

// TooMany refuses the request of a client address that asks too often.
func (h *Handler) TooMany(r *http.Request, wait time.Duration) error {
	h.flood.Record(r, audit.Entry{Event: eventRateLimit, Outcome: audit.OutcomeRefused, Code: string(httperr.TooManyRequests)})
	h.Metrics.RateLimited("address")
	return tooMany(wait, errors.New("client address asks too often"))
}

func tooMany(wait time.Duration, cause error) error {
	e := httperr.Login(httperr.TooManyRequests, cause)
	// Up to the next second: one who waits exactly as told must get through.
	e.RetryAfter = max(wait+time.Second-1, time.Second).Truncate(time.Second)
	return e
}

// noteConflict puts on record that two Google accounts lay claim to one email, so that an administrator can decide between them.
// The newcomer may have no id of ours yet; its subject at Google is the only name it has.
func (h *Handler) noteConflict(r *http.Request, id identity.Identity, err error) {
	var conflict *users.Conflict
	if !errors.As(err, &conflict) {
		return
	}
	h.audit.Record(r, audit.Entry{
		Event: eventUserConflict, Outcome: audit.OutcomeDenied, Code: string(httperr.AccountConflict),
		UserID: conflict.UserID, OtherUserID: conflict.OtherUserID, Subject: id.Subject,
	})
}

// noteChanges puts on record what a sign-in changed about a user, and lets nobody in with a session that it ended.
func (h *Handler) noteChanges(r *http.Request, in users.SignedIn) {
	if in.Linked {
		h.Sessions.Ended(in.EndedSessions...)
		h.audit.Record(r, audit.Entry{Event: eventUserLinked, Outcome: audit.OutcomeSuccess, UserID: in.ID, Subject: in.Subject})
	}
	if in.EmailChanged {
		h.audit.Record(r, audit.Entry{Event: eventUserEmailChanged, Outcome: audit.OutcomeSuccess, UserID: in.ID})
	}
}
