package login

import (
	"log/slog"
	"net/http"

	"github.com/googlelogin/operator/server/middleware"
)

// Events and outcomes of the audit log. Their names are an interface: alerts and dashboards are built on them.
const (
	eventLogin      = "login"
	eventLoginStart = "login_start"
	eventCallback   = "callback"
	eventLogout     = "logout"
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

	outcomeSuccess = "success"
	outcomeDenied  = "denied"
	outcomeRefused = "refused"
	outcomeFailed  = "failed"
)

// audit writes one line for each decision about somebody's access: the message "audit" and a group of that name. What the
// decision was about is named by ids of ours, never by an email, a token or what a stranger sent.
type audit struct{ log *slog.Logger }

type entry struct {
	event, outcome string
	// code is of httperr's lists; empty for a success.
	code        string
	userID, sid string
	everywhere  bool
	// otherUserID and subject are of the second account of a conflict or a link; left out where they are empty.
	otherUserID, subject string
}

func (a audit) record(r *http.Request, e entry) {
	info := middleware.From(r.Context())
	attrs := []any{
		slog.String("event", e.event), slog.String("outcome", e.outcome), slog.String("code", e.code),
		slog.String("userID", e.userID), slog.String("sid", e.sid),
		slog.String("requestID", info.ID), slog.String("clientIP", info.ClientIP.String()),
	}
	if e.event == eventLogout {
		attrs = append(attrs, slog.Bool("everywhere", e.everywhere))
	}
	if e.otherUserID != "" {
		attrs = append(attrs, slog.String("otherUserID", e.otherUserID))
	}
	if e.subject != "" {
		attrs = append(attrs, slog.String("subject", e.subject))
	}
	level := slog.LevelInfo
	if e.outcome != outcomeSuccess {
		level = slog.LevelWarn
	}
	a.log.LogAttrs(r.Context(), level, "audit", slog.Group("audit", attrs...))
}
