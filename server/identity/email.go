package identity

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

const (
	// maxEmail is the longest address that SMTP can carry (RFC 5321, 4.5.3.1.3, less the angle brackets), maxLocal the longest local
	// part (4.5.3.1.1), and maxDomain the longest domain name.
	maxEmail, maxLocal, maxDomain = 254, 64, 253
)

// domains is strict IDNA: lower case, bidi and length rules, letters, digits and inner hyphens alone.
var domains = idna.New(
	idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true), idna.CheckHyphens(true),
	idna.ValidateLabels(true), idna.CheckJoiners(true), idna.Transitional(false),
)

// CanonicalEmail returns the one form in which an address is compared and kept: ASCII lower case, a domain of another script in its
// xn-- form. It is the only such function, and is called where an Identity is made and where an access policy is read.
//
// It refuses what is not plainly one address, because two readers of such a string may see two different people: more than one
// "@", a trailing dot, spaces, control characters, quoted local parts, and a local part beyond ASCII, which rules out look-alike
// letters and marks that turn the text around. It does not fold dots or "+tags": whether those are the same mailbox is the mail
// provider's affair.
func CanonicalEmail(raw string) (email string, ok bool) {
	local, domain, found := strings.Cut(raw, "@")
	if !found || len(raw) > maxEmail || !isLocalPart(local) {
		return "", false
	}
	if domain, ok = CanonicalDomain(domain); !ok {
		return "", false
	}
	email = lowerASCII(local) + "@" + domain
	return email, len(email) <= maxEmail
}

// CanonicalDomain returns a domain of at least two labels in lower-case ASCII. A domain that the IDNA mapping would change in more
// than case is refused: full-width letters and soft hyphens are spellings of another name.
func CanonicalDomain(raw string) (domain string, ok bool) {
	if len(raw) > maxDomain {
		return "", false
	}
	domain, err := domains.ToASCII(raw)
	if err != nil || !strings.Contains(domain, ".") || strings.HasSuffix(domain, ".") {
		return "", false
	}
	if lowerASCII(raw) == domain {
		return domain, true
	}
	inScript, err := domains.ToUnicode(domain)
	if err != nil || inScript != strings.ToLower(raw) || strings.ContainsFunc(raw, becomesASCII) {
		return "", false
	}
	return domain, true
}

// becomesASCII finds the letters that lower case turns into ASCII, the Kelvin sign for one: they are spellings of another name.
func becomesASCII(r rune) bool { return r > unicode.MaxASCII && unicode.ToLower(r) <= unicode.MaxASCII }

// isLocalPart accepts a dot-atom (RFC 5322, 3.2.3). The quoted form is left out: Google issues none.
func isLocalPart(s string) bool {
	if s == "" || len(s) > maxLocal || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"(),:;<>@[\\]", r) })
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
