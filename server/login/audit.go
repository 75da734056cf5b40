package login

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
