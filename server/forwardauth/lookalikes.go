package forwardauth

import (
	"slices"
	"strings"
)

// removeHeader asks Envoy to take headers off the request before the application sees it. No other proxy reads it.
const removeHeader = "X-Envoy-Auth-Headers-To-Remove"

// lookalikes are headers by which a client could pass for somebody, since the answer does not write over them: names that other sign-in
// proxies use, and every name spelled as many an application would read it all the same. Envoy does not show them to a check over HTTP;
// by gRPC it does, and package extauthz removes what it sees. A name with "_" and "-" in it is not here: the configuration has to refuse it.
func lookalikes() string {
	written := []string{"x-auth-request-user", "x-auth-request-email", "x-auth-request-name", "x-auth-request-hosted-domain"}
	others := []string{
		"x-auth-request-groups", "x-auth-request-preferred-username", "x-auth-request-access-token", "x-auth-request-login-url",
		"x-forwarded-user", "x-forwarded-email", "x-forwarded-groups", "x-forwarded-preferred-username", "x-forwarded-access-token",
	}
	names := slices.Clone(others)
	for _, name := range slices.Concat(written, others) {
		names = append(names, strings.ReplaceAll(name, "-", "_"), strings.ReplaceAll(name, "-", "."))
	}
	return strings.Join(names, ",")
}
