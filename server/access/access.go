// Package access decides which Google accounts may use a GoogleLogin. It is pure: the same verified identity and the same
// configuration always give the same answer, at a login and at each renewal of its session.
//
// The rules, all of which must hold:
//
//  1. Google says that the email is verified.
//  2. The email is plainly one address.
//  3. With Restricted, the hosted domain (Google's hd claim, never the end of the email) or the email is on a list. With Any,
//     nothing more.
//
// It does not check that the identity is genuine: hand it only what came from a verified ID token.
package access

import (
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/identity"
)

// Codes of a Denial, as a front end sees them.
const (
	CodeNotAllowed       = "account_not_allowed"
	CodeEmailNotVerified = "email_not_verified"
)

// Denial says that the policy does not admit an account. It names no account, so it may be logged.
type Denial struct {
	// Code is what the front end is told.
	Code string
	// Reason is for the log and for metrics: one of a few constants.
	Reason string
}

// Error implements error.
func (d *Denial) Error() string { return "access denied: " + d.Reason }

// Policy is who may sign in. The zero Policy admits nobody.
type Policy struct {
	any           bool
	hostedDomains map[string]bool
	emails        map[string]bool
	linkByEmail   bool
}

// New makes the policy that a configuration asks for. An entry that is no domain or no address admits nobody.
func New(c config.Access) Policy {
	p := Policy{
		any:           c.Accounts == config.AccountsAny,
		hostedDomains: map[string]bool{},
		emails:        map[string]bool{},
		linkByEmail:   c.LinkByEmail,
	}
	for _, raw := range c.HostedDomains {
		if domain, ok := identity.CanonicalDomain(raw); ok {
			p.hostedDomains[domain] = true
		}
	}
	for _, raw := range c.Emails {
		if email, ok := identity.CanonicalEmail(raw); ok {
			p.emails[email] = true
		}
	}
	return p
}

// Admit returns nil if the account may sign in, else a *Denial.
func (p Policy) Admit(id identity.Identity) error {
	if !id.EmailVerified {
		return &Denial{Code: CodeEmailNotVerified, Reason: "email not verified"}
	}
	email, ok := identity.CanonicalEmail(id.Email)
	if !ok {
		return &Denial{Code: CodeNotAllowed, Reason: "malformed email"}
	}
	if p.any || p.admitsDomain(id.HostedDomain) || p.emails[email] {
		return nil
	}
	return &Denial{Code: CodeNotAllowed, Reason: p.reason(id)}
}

func (p Policy) admitsDomain(raw string) bool {
	domain, ok := identity.CanonicalDomain(raw)
	return ok && p.hostedDomains[domain]
}

func (p Policy) reason(id identity.Identity) string {
	switch {
	case len(p.hostedDomains) == 0 && len(p.emails) == 0:
		return "nobody is admitted"
	case id.HostedDomain == "":
		return "personal account not listed"
	default:
		return "hosted domain not listed"
	}
}
