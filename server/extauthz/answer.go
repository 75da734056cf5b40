package extauthz

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// identity begins the names of our headers.
const identity = "x-auth-request-"

// others are names under which other sign-in proxies tell who it is. Nobody but a client sends them to us.
var others = []string{
	"x-forwarded-user", "x-forwarded-email", "x-forwarded-groups", "x-forwarded-preferred-username", "x-forwarded-access-token",
}

// The fields of Envoy's external_auth.proto and base.proto that are written here.
const (
	responseStatus, responseDenied, responseOK   = 1, 2, 3
	statusCode                                   = 1
	okHeaders, okRemove, okAddToAnswer           = 2, 5, 6
	deniedStatus, deniedHeaders, deniedBody      = 1, 2, 3
	optionHeader, optionAction                   = 1, 3
	headerKey, headerValue                       = 1, 2
	addBeside, overwrite                         = 0, 2
	codeOK, codeDenied, codeUnavailable, codeWho = 0, 7, 14, 16
)

// allowed tells the application who it is. What the client sent under such names is written over or removed, in every spelling that an
// application might take for it.
func allowed(asked, answered http.Header) []byte {
	var ok []byte
	written, remove := map[string]bool{}, map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(answered)) {
		lower, value := strings.ToLower(name), answered.Get(name)
		switch {
		case lower == "set-cookie":
			ok = appendEach(ok, okAddToAnswer, lower, answered[name])
		case lower != "authorization" && !strings.HasPrefix(lower, identity):
		case value == "":
			// Envoy drops a header without a value from the answer, and would leave the client's.
			remove[lower] = true
		default:
			written[lower] = true
			ok = appendMessage(ok, okHeaders, option(lower, value, overwrite))
		}
	}
	for name := range asked {
		if lower := strings.ToLower(name); claimsIdentity(lower) && !written[lower] {
			remove[lower] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(remove)) {
		ok = appendText(ok, okRemove, name)
	}
	return appendMessage(status(codeOK), responseOK, ok)
}

// claimsIdentity says whether an application might read from a header who it is. To many, a variable's name is what they read, where all
// that is neither letter nor digit is "_".
func claimsIdentity(lower string) bool {
	name := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, lower)
	return strings.HasPrefix(name, identity) || slices.Contains(others, name)
}

// denied refuses with the answer that was given. Without one, or with one that is no refusal, it is the server that failed.
func denied(code int, answered http.Header, body []byte) []byte {
	if code < http.StatusMultipleChoices || code > 599 {
		code, answered, body = http.StatusInternalServerError, nil, nil
	}
	refused := appendMessage(nil, deniedStatus, appendNumber(nil, 1, code))
	for _, name := range slices.Sorted(maps.Keys(answered)) {
		refused = appendEach(refused, deniedHeaders, strings.ToLower(name), answered[name])
	}
	refused = appendText(refused, deniedBody, string(body))
	return appendMessage(status(grpcCode(code)), responseDenied, refused)
}

func grpcCode(status int) int {
	switch {
	case status >= http.StatusInternalServerError:
		return codeUnavailable
	case status == http.StatusUnauthorized || status < http.StatusBadRequest:
		return codeWho
	}
	return codeDenied
}

// serving is grpc.health.v1.HealthCheckResponse with SERVING.
var serving = appendNumber(nil, 1, 1)

func status(code int) []byte {
	return appendMessage(nil, responseStatus, appendNumber(nil, statusCode, code))
}

// appendEach adds each value, beside what is set under the name.
func appendEach(message []byte, field protowire.Number, name string, values []string) []byte {
	for _, value := range values {
		message = appendMessage(message, field, option(name, value, addBeside))
	}
	return message
}

func option(name, value string, action int) []byte {
	header := appendText(appendText(nil, headerKey, name), headerValue, value)
	return appendNumber(appendMessage(nil, optionHeader, header), optionAction, action)
}

func appendMessage(to []byte, field protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, field, protowire.BytesType), message)
}

func appendText(to []byte, field protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(to, field, protowire.BytesType), text)
}

func appendNumber(to []byte, field protowire.Number, n int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, field, protowire.VarintType), uint64(n)) // #nosec G115 -- none is negative
}
