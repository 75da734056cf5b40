package token

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/session"
)

// refresh answers a refresh token with an access token and its successor. The configuration is asked first whether the client is one
// of ours still, then the session: its limits, its user, the access policy. Only then is the token used
// up, so that whatever failed before, the client can come again with it.
func (h *Handler) refresh(r *http.Request, fields url.Values) (granted, error) {
	for _, name := range []string{"refresh_token", "client_id"} {
		if fields.Get(name) == "" {
			return granted{}, invalidRequest(name + " is missing")
		}
	}
	use, err := h.checkRefresh(r, fields.Get("refresh_token"), fields.Get("client_id"))
	if err != nil {
		return granted{}, err
	}
	if err := h.mayRefresh(fields.Get("client_id")); err != nil {
		return granted{}, err
	}
	current, user, err := h.Sessions.Renew(r.Context(), use.Session)
	switch {
	case errors.Is(err, session.ErrStoreUnavailable):
		return granted{}, unavailable(err)
	case err != nil:
		return granted{}, h.turnedAway(r, err)
	}
	successor, err := h.Refresh.Rotate(r.Context(), use)
	if errors.Is(err, refresh.ErrInvalid) {
		return granted{}, invalidGrant(err)
	}
	if err != nil {
		return granted{}, unavailable(err)
	}
	return granted{current, user, successor}, nil
}

// Outcomes of a use of a refresh token, beside those of package session.
const (
	// RefreshInvalid is a token that opens nothing, or a request without one.
	RefreshInvalid = "invalid"
	// RefreshReused is a token that had its turn: its session was ended for it.
	RefreshReused = "reused"
)

// refreshOutcome names what became of a use.
func refreshOutcome(err error) string {
	var failed *denial
	var refused *refusal
	switch {
	case errors.Is(err, refresh.ErrReused):
		return RefreshReused
	case errors.As(err, &failed) && failed.reason == httperr.TemporarilyUnavailable:
		return session.RenewalFailed
	case errors.As(err, &failed):
		return session.RenewalDenied
	case errors.Is(err, session.ErrNoSession), errors.Is(err, session.ErrExpired):
		return session.RenewalOver
	case errors.As(err, &refused):
		return RefreshInvalid
	}
	return session.RenewalOutcome(err)
}

// checkRefresh ends the family of a token that had its turn: somebody has stolen a token of it, and nobody knows who.
func (h *Handler) checkRefresh(r *http.Request, text, clientID string) (refresh.Use, error) {
	use, err := h.Refresh.Check(r.Context(), text, clientID)
	switch {
	case errors.Is(err, refresh.ErrReused):
		if endErr := h.Sessions.EndSession(r.Context(), use.Session.ID); endErr != nil {
			return refresh.Use{}, unavailable(endErr)
		}
		h.Logins.Reused(r, use.Session)
		return refresh.Use{}, invalidGrant(err)
	case errors.Is(err, refresh.ErrInvalid):
		return refresh.Use{}, invalidGrant(err)
	case err != nil:
		return refresh.Use{}, unavailable(err)
	}
	return use, nil
}

// mayRefresh refuses a client that the configuration no longer lists. It ends nothing: whoever left a line out by mistake puts it
// back, and nobody has to sign in again.
func (h *Handler) mayRefresh(clientID string) error {
	known, err := h.Provider.Knows(clientID, h.ClientIDs)
	switch {
	case err != nil:
		return unavailable(err)
	case !known:
		return &refusal{http.StatusBadRequest, "invalid_client", errors.New("the client is not listed")}
	}
	return nil
}

// turnedAway tells a user who may no longer sign in from a session that is over, which a new sign-in mends.
func (h *Handler) turnedAway(r *http.Request, cause error) error {
	reason, denied := h.Logins.TurnedAway(r, cause)
	switch {
	case denied:
		return &denial{reason, cause}
	case errors.Is(cause, session.ErrNoSession), errors.Is(cause, session.ErrExpired):
		return invalidGrant(cause)
	}
	return fmt.Errorf("renew session: %w", cause)
}

// denial is the error of a user who was signed in and may be so no longer. It is on record already.
type denial struct {
	reason httperr.Code
	err    error
}

func (e *denial) Error() string { return string(e.reason) + ": " + e.err.Error() }

func (e *denial) Unwrap() error { return e.err }

// unavailable is the store's failure. The client comes again with the same token.
func unavailable(err error) error { return &denial{httperr.TemporarilyUnavailable, err} }

// Revoke ends the session of a refresh token (RFC 7009). A token that opens nothing is revoked already, whoever's it was; one in the
// hands of another client is left alone, since its own may be at work with it.
func (h *Handler) Revoke(w http.ResponseWriter, r *http.Request) {
	if err := h.revoke(r); err != nil {
		h.judge(r, err).write(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

func (h *Handler) revoke(r *http.Request) error {
	fields, err := h.read(r)
	if err != nil {
		return err
	}
	for _, name := range []string{"token", "client_id"} {
		if fields.Get(name) == "" {
			return invalidRequest(name + " is missing")
		}
	}
	if _, ok := refresh.Parse(fields.Get("token")); !ok {
		// Of another kind, for all that anybody can see: an access token ends at logout.
		return &refusal{http.StatusBadRequest, "unsupported_token_type", nil}
	}
	use, err := h.checkRefresh(r, fields.Get("token"), fields.Get("client_id"))
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		return nil
	case err != nil:
		return err
	}
	if err := h.Sessions.EndSession(r.Context(), use.Session.ID); err != nil {
		return unavailable(err)
	}
	h.Logins.Ended(r, use.Session)
	return nil
}
