package access

import (
	"strings"

	"github.com/googlelogin/operator/server/identity"
)

// gmail is the one domain of which Google says that it never gives an address to a second account.
const gmail = "@gmail.com"

// MayLink tells whether a new Google account with the email of a known user is that user: an account that was deleted and made
// again. It is true only if the configuration says so and Google is authoritative for the email on both sides, today and when it
// was last used here: a verified gmail.com address, or a verified address of an account with the same hosted domain as then.
//
// The hosted domain keeps out who gets hold of a mailbox or of an alias domain: their account has another hosted domain, or none.
// It does not keep out whoever runs the Workspace of that very domain now: if the organization gave the address to somebody else,
// or the domain to another organization, that person is linked. Link only what you would let that organization reset.
//
// Like Admit it does not check that the identity is genuine.
func (p Policy) MayLink(known identity.User, id identity.Identity) bool {
	return p.linkByEmail && known.Issuer == id.Issuer && known.Email != "" && known.Email == id.Email &&
		known.EmailVerified && id.EmailVerified && known.HostedDomain == id.HostedDomain &&
		(id.HostedDomain != "" || strings.HasSuffix(id.Email, gmail))
}
