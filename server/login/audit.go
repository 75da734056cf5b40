package login

import (
	"log/slog"
	"net/http"

	"github.com/googlelogin/operator/server/audit"
)

// Events of the audit log.
const (
	eventLogin      = "login"
	eventLoginStart = "login_start"
	eventCallback   = "callback"
	eventSession    = "session"
	eventRequest    = "request"
	eventRateLimit  = "rate_limit"

	eventTokenReuse = "token.reuse_detected"

	eventUserConflict     = "user.conflict"
	eventUserLinked       = "user.linked"
	eventUserEmailChanged = "user.email_changed"

	// EventCredential and EventToken are for requests to the credential POST and the token endpoint that prove nothing.
	EventCredential = "credential"
	EventToken      = "token"
)

// TurnAway returns what puts on record that somebody with a live session may be here no longer, for proxies' questions.
func TurnAway(log *slog.Logger) func(r *http.Request, cause error) {
	h := &Handler{audit: audit.New(log)}
	return func(r *http.Request, cause error) { h.TurnedAway(r, cause) }
}
