package login

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/session"
)

// Refresh renews the browser's session in place and says who is signed in, as me does. Unlike me it gives a new access JWT at every
// request: for a front end that is about to be idle, or needs claims as they are now. What is refused keeps its cookies: the block
// may be lifted, the store come back.
//
// A bearer client has no session in a cookie. Its way is the token endpoint, and here it is told that it is not signed in.
func (h *Handler) Refresh(w http.ResponseWriter, r *http.Request) error {
	if session.HasBearer(r) {
		return h.withoutBearer(w, r, fmt.Errorf("%w: %w", session.ErrNoSession, errBearerRefresh))
	}
	current, err := h.Sessions.RenewNow(r.Context(), w, r)
	if err != nil {
		return h.withoutSession(w, r, err)
	}
	user, err := h.Users.Get(r.Context(), current.Claims.Subject)
	if err != nil {
		return h.withoutSession(w, r, err)
	}
	httperr.WriteJSON(w, http.StatusOK, profileOf(user, current, current.Session))
	return nil
}

var errBearerRefresh = errors.New("a bearer token is renewed at the token endpoint")
