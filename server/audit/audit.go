// Package audit writes one line for each decision about somebody's access: the message "audit" and a group of that name. Refusals of
// clients that ask too often share one, see Flood. What the
// decision was about is named by ids of ours, never by an email, a token or what a stranger sent.
//
// The names of events, outcomes and fields are an interface: alerts and dashboards are built on them.
package audit

import (
	"log/slog"
	"net/http"

	"github.com/googlelogin/operator/server/middleware"
)

// Version is that of the fields and their meaning. It changes if one is removed or means something else, not if one is added.
const Version = 1

// Outcomes of an event.
const (
	// OutcomeSuccess is for what was done.
	OutcomeSuccess = "success"
	// OutcomeDenied is for somebody who is known and may not.
	OutcomeDenied = "denied"
	// OutcomeRefused is for a request that proved nothing, or came too often.
	OutcomeRefused = "refused"
	// OutcomeFailed is for what the server, the store or Google is to blame for.
	OutcomeFailed = "failed"
)

// EventLogout is the end of one session, or of all of a user's.
const EventLogout = "logout"

// Log is where the lines go.
type Log struct{ log *slog.Logger }

// New writes to log.
func New(log *slog.Logger) Log { return Log{log} }

// Entry is what a line says beside the request that it is about.
type Entry struct {
	Event, Outcome string
	// Code is the one that the client got; empty for a success.
	Code string
	// UserID is our id of the user, SID the session's; empty if there is none.
	UserID, SID string
	// Everywhere says that all of the user's sessions ended, for EventLogout alone.
	Everywhere bool
	// Caller is the ServiceAccount that asked, as namespace/name. OtherUserID and Subject are of the second account of a conflict or a
	// link. Each is left out where it is empty.
	Caller, OtherUserID, Subject string
	// Count is how often it was, where one line stands for many. See Flood.
	Count int
}

// Record writes e, and which request it came from.
func (l Log) Record(r *http.Request, e Entry) {
	info := middleware.From(r.Context())
	attrs := []any{
		slog.Int("version", Version),
		slog.String("event", e.Event), slog.String("outcome", e.Outcome), slog.String("code", e.Code),
		slog.String("userID", e.UserID), slog.String("sid", e.SID),
		slog.String("requestID", info.ID), slog.String("clientIP", info.ClientIP.String()),
	}
	if e.Event == EventLogout {
		attrs = append(attrs, slog.Bool("everywhere", e.Everywhere))
	}
	if e.Caller != "" {
		attrs = append(attrs, slog.String("caller", e.Caller))
	}
	if e.OtherUserID != "" {
		attrs = append(attrs, slog.String("otherUserID", e.OtherUserID))
	}
	if e.Subject != "" {
		attrs = append(attrs, slog.String("subject", e.Subject))
	}
	if e.Count > 0 {
		attrs = append(attrs, slog.Int("count", e.Count))
	}
	level := slog.LevelInfo
	if e.Outcome != OutcomeSuccess {
		level = slog.LevelWarn
	}
	l.log.LogAttrs(r.Context(), level, "audit", slog.Group("audit", attrs...))
}
