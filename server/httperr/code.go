package httperr

import "net/http"

// Code says what went wrong, to a front end (?error=), to a script (the JSON's "error") and to the catalogue of texts.
type Code string

// The codes that a front end's login page can get as ?error=. The list is closed: whatever else happens arrives as Unknown.
const (
	// AccessDenied: the user said no on Google's page.
	AccessDenied Code = "access_denied"
	// AccountNotAllowed: the access policy does not admit this Google account.
	AccountNotAllowed Code = "account_not_allowed"
	// EmailNotVerified: Google does not vouch for the account's email.
	EmailNotVerified Code = "email_not_verified"
	// AccountBlocked: an administrator blocked the user.
	AccountBlocked Code = "account_blocked"
	// AccountConflict: another user has the same email.
	AccountConflict Code = "account_conflict"
	// LoginExpired: the user took too long, or the code was spent. Starting again helps.
	LoginExpired Code = "login_expired"
	// LoginFailed: what Google answered cannot be trusted or used.
	LoginFailed Code = "login_failed"
	// GoogleUnavailable: Google did not answer, or said that it cannot.
	GoogleUnavailable Code = "google_unavailable"
	// TemporarilyUnavailable: this server cannot sign anyone in at the moment.
	TemporarilyUnavailable Code = "temporarily_unavailable"
	// InteractionRequired, LoginRequired and ConsentRequired: the answers to prompt=none.
	InteractionRequired Code = "interaction_required"
	LoginRequired       Code = "login_required"
	ConsentRequired     Code = "consent_required"
	// TooManyRequests: slow down.
	TooManyRequests Code = "too_many_requests"
	// ServerError: our fault, or the fault of our configuration.
	ServerError Code = "server_error"
	// Unknown: an error that is none of these.
	Unknown Code = "unknown"
)

// The codes of requests that fail outside a login; a front end never gets them as ?error=.
const (
	// InvalidRequest: a parameter cannot be accepted.
	InvalidRequest Code = "invalid_request"
	// Unauthenticated: no session.
	Unauthenticated Code = "unauthenticated"
	// Forbidden: a request from a site that may not make it.
	Forbidden Code = "forbidden"
	// NotFound: nothing here.
	NotFound Code = "not_found"
	// MethodNotAllowed: not with this method.
	MethodNotAllowed Code = "method_not_allowed"
	// Misdirected: this server does not serve the host that was asked for.
	Misdirected Code = "misdirected_request"
	// HeaderTooLarge: more header than a login needs.
	HeaderTooLarge Code = "header_too_large"
	// UnsupportedGrantType is OAuth's word for a token request that this server does not serve.
	UnsupportedGrantType Code = "unsupported_grant_type"
)

// loginStatus has the status of the hosted page for each code of the closed list.
var loginStatus = map[Code]int{
	AccessDenied:           http.StatusForbidden,
	AccountNotAllowed:      http.StatusForbidden,
	EmailNotVerified:       http.StatusForbidden,
	AccountBlocked:         http.StatusForbidden,
	AccountConflict:        http.StatusConflict,
	LoginExpired:           http.StatusBadRequest,
	LoginFailed:            http.StatusBadRequest,
	GoogleUnavailable:      http.StatusBadGateway,
	TemporarilyUnavailable: http.StatusServiceUnavailable,
	InteractionRequired:    http.StatusForbidden,
	LoginRequired:          http.StatusForbidden,
	ConsentRequired:        http.StatusForbidden,
	TooManyRequests:        http.StatusTooManyRequests,
	ServerError:            http.StatusInternalServerError,
	Unknown:                http.StatusBadRequest,
}

// LoginCode returns the code of the closed list that s is, or Unknown.
func LoginCode(s string) Code {
	if _, listed := loginStatus[Code(s)]; listed {
		return Code(s)
	}
	return Unknown
}

// Status returns the HTTP status of a code of the closed list, and 500 for any other.
func (c Code) Status() int {
	if status, listed := loginStatus[c]; listed {
		return status
	}
	return http.StatusInternalServerError
}

// LoginCodes returns the closed list, in no order.
func LoginCodes() []Code {
	codes := make([]Code, 0, len(loginStatus))
	for code := range loginStatus {
		codes = append(codes, code)
	}
	return codes
}
