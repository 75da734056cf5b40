package google

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"
)

// expectation is what an ID token has to say beside being signed and in time.
type expectation struct {
	// clientID is ours.
	clientID string
	// others are clients of the same project whose tokens pass as well.
	others []string
	nonce  func(nonce string) bool
}

// exactly expects one nonce.
func exactly(want string) func(string) bool {
	return func(got string) bool { return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1 }
}

// check is every rule about what a token says (OpenID Connect Core, 3.1.3.7). The nonce is asked last, so that nobody learns from it
// about one that came in a token which is refused anyway.
func (x expectation) check(e *endpoints, c claims, now time.Time) error {
	switch {
	case !e.acceptIss(c.iss):
		return invalid("iss is another issuer")
	case !x.forUs(c):
		return invalid("aud or azp is another client")
	// OpenID Connect Core, section 2: at most 255 ASCII characters. A database would stumble over some of the others.
	case c.sub == "" || len(c.sub) > maxSubject || strings.ContainsFunc(c.sub, func(r rune) bool { return r < ' ' || r > '~' }):
		return invalid("sub is empty, too long or has characters that do not print")
	}
	if err := c.checkTimes(now); err != nil {
		return err
	}
	if c.nonce == "" || !x.nonce(c.nonce) {
		return invalid("nonce differs")
	}
	return nil
}

// forUs is the aud and azp rules of OpenID Connect. An app's token names the app as azp and the server's client as aud, or the app
// as both: then the app must be one of those that are listed. A token for several must say whom it was issued to.
func (x expectation) forUs(c claims) bool {
	if len(c.aud) == 0 || !slices.ContainsFunc(c.aud, x.known) {
		return false
	}
	if c.fields.has("azp") {
		return x.known(c.azp)
	}
	return len(c.aud) == 1
}

func (x expectation) known(clientID string) bool {
	return clientID == x.clientID || slices.Contains(x.others, clientID)
}
