package google

import (
	"strings"

	"golang.org/x/net/idna"
)

const (
	maxEmail = 254
	maxLocal = 64
)

// domains is strict IDNA: lower case, bidi and length rules, letters, digits and hyphens alone.
var domains = idna.New(
	idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true), idna.CheckHyphens(true),
	idna.ValidateLabels(true), idna.CheckJoiners(true), idna.Transitional(false),
)

// canonicalEmail is the one form in which an email is compared from here on: lower case, the domain in ASCII. It mends nothing
// else. What Google never sends is refused: a second "@" has passed for a domain rule before, and an invisible character makes
// two addresses look like one.
func canonicalEmail(raw string) (string, error) {
	local, domain, ok := strings.Cut(raw, "@")
	if !ok || strings.Contains(domain, "@") || len(raw) > maxEmail {
		return "", invalid("email has not exactly one @, or is too long")
	}
	if !dotAtom(local) {
		return "", invalid("email's local part has a character that is not allowed")
	}
	domain, err := canonicalDomain(domain)
	if err != nil {
		return "", err
	}
	return strings.ToLower(local) + "@" + domain, nil
}

// dotAtom reports an RFC 5322 dot-atom: no quotes, spaces, comments, empty labels, nothing beyond ASCII.
func dotAtom(s string) bool {
	if s == "" || len(s) > maxLocal || strings.HasPrefix(s, ".") || strings.HasSuffix(s, ".") || strings.Contains(s, "..") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		alphanumeric := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !alphanumeric && !strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r)
	})
}

// canonicalDomain is a domain in lower-case ASCII. A domain that the IDNA mapping would change in more than case is refused:
// full-width letters and soft hyphens are spellings of another name.
func canonicalDomain(raw string) (string, error) {
	ascii, err := domains.ToASCII(raw)
	if err != nil || !strings.Contains(ascii, ".") || strings.HasSuffix(ascii, ".") {
		return "", invalid("not a domain name")
	}
	if strings.EqualFold(raw, ascii) {
		return ascii, nil
	}
	unicode, err := domains.ToUnicode(ascii)
	if err != nil || unicode != strings.ToLower(raw) { //nolint:gocritic // EqualFold folds more than case: the Kelvin sign is a k to it.
		return "", invalid("not a domain name in its own spelling")
	}
	return ascii, nil
}
