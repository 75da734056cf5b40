package google

import (
	"slices"
	"strings"
)

// maxScopes bounds what a token response can make us keep.
const maxScopes = 256

// longScope is the name that Google gives back for a short one.
func longScope(s string) string {
	switch s {
	case "email":
		return "https://www.googleapis.com/auth/userinfo.email"
	case "profile":
		return "https://www.googleapis.com/auth/userinfo.profile"
	}
	return s
}

// grantedScopes reads the scope field of a token response; where it is absent, what was asked was granted (RFC 6749 section 5.1).
func grantedScopes(field string, asked []string) ([]string, error) {
	granted := strings.Fields(field)
	if len(granted) == 0 {
		granted = asked
	}
	if len(granted) > maxScopes {
		return nil, invalid("over %d scopes granted", maxScopes)
	}
	return slices.Clone(granted), nil
}

// missingScopes are the asked ones that were not granted, in the names in which they were asked. openid is never among them: its
// proof is the ID token.
func missingScopes(asked, granted []string) []string {
	have := map[string]bool{longScope("openid"): true}
	for _, s := range granted {
		have[longScope(s)] = true
	}
	return slices.DeleteFunc(slices.Clone(asked), func(s string) bool { return have[longScope(s)] })
}
