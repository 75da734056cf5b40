package identity

import "strings"

// maxEmail is the longest address that SMTP can carry (RFC 5321, 4.5.3.1.3, less the angle brackets).
const maxEmail = 254

// CanonicalEmail returns the one form in which an address is compared and kept: surrounding spaces gone, ASCII lower case.
//
// It refuses what is not plainly one address, because two readers of such a string may see two different people: more than one
// "@", a trailing dot, control characters, quoted local parts, and anything outside ASCII, which rules out look-alike letters and
// marks that turn the text around. A domain in another script is accepted in its xn-- form. It does not fold dots or "+tags":
// whether those are the same mailbox is the mail provider's affair.
func CanonicalEmail(raw string) (email string, ok bool) {
	email = strings.Trim(raw, " ")
	local, domain, found := strings.Cut(email, "@")
	if !found || len(email) > maxEmail || !isLocalPart(local) {
		return "", false
	}
	domain, ok = CanonicalDomain(domain)
	if !ok {
		return "", false
	}
	return lowerASCII(local) + "@" + domain, true
}

// CanonicalDomain returns a domain in lower case. It refuses what is not at least two labels of ASCII letters, digits and inner
// hyphens.
func CanonicalDomain(raw string) (domain string, ok bool) {
	if len(raw) > 253 {
		return "", false
	}
	labels := strings.Split(lowerASCII(raw), ".")
	for _, label := range labels {
		if !isLabel(label) {
			return "", false
		}
	}
	return strings.Join(labels, "."), len(labels) > 1
}

// isLocalPart accepts a dot-atom (RFC 5322, 3.2.3). The quoted form is left out: Google issues none.
func isLocalPart(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' || strings.IndexByte("\"(),:;<>@[\\]", c) >= 0 {
			return false
		}
	}
	return true
}

func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// lowerASCII leaves every other letter alone: strings.ToLower would turn the Kelvin sign into a plain k, and so make two
// addresses one.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}
