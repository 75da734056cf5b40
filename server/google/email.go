package google

import "github.com/googlelogin/operator/server/identity"

// canonicalEmail is identity.CanonicalEmail for what Google said: an address that has no canonical form spoils the token.
func canonicalEmail(raw string) (string, error) {
	email, ok := identity.CanonicalEmail(raw)
	if !ok {
		return "", invalid("email is not plainly one address")
	}
	return email, nil
}

// canonicalDomain is identity.CanonicalDomain, in the same way.
func canonicalDomain(raw string) (string, error) {
	domain, ok := identity.CanonicalDomain(raw)
	if !ok {
		return "", invalid("hosted domain is not plainly one domain")
	}
	return domain, nil
}
