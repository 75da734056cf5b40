package config

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const (
	// maxTTL is the longest life of an access JWT. The stores remember a revoked session for a little longer.
	maxTTL = 24 * time.Hour
	// maxLifetime is a year.
	maxLifetime = 8760 * time.Hour
	// maxFixedClaims bounds what issuer and audiences take of the access JWT, so that it fits a cookie with any user in it.
	maxFixedClaims = 1200
)

// cookieName leaves no character that a cookie's name cannot have.
var cookieName = regexp.MustCompile(`^__(Host|Secure)-[a-zA-Z0-9_-]+$`)

func (s Session) validate(p *problems) {
	p.check(between(s.AccessTokenTTL, time.Minute, maxTTL), "session.accessTokenTTL", "%s must be between 1m and 24h", s.AccessTokenTTL.Std())
	p.check(between(s.IdleTimeout, time.Minute, maxLifetime), "session.idleTimeout", "%s must be between 1m and 8760h", s.IdleTimeout.Std())
	p.check(between(s.Lifetime, time.Minute, maxLifetime), "session.lifetime", "%s must be between 1m and 8760h", s.Lifetime.Std())
	p.check(s.AccessTokenTTL <= s.IdleTimeout, "session.accessTokenTTL", "must not be longer than session.idleTimeout")
	p.check(s.IdleTimeout <= s.Lifetime, "session.idleTimeout", "must not be longer than session.lifetime")
	p.check(len(s.Audiences) > 0, "session.audiences", "name at least one service that may accept the access token")
	for _, audience := range s.Audiences {
		p.check(audience != "", "session.audiences", "must not hold an empty string")
	}
}

func (c Config) validateCookie(p *problems) {
	cookie := c.Session.Cookie
	p.check(len(cookie.Name) <= 64 && cookieName.MatchString(cookie.Name), "session.cookie.name",
		`%q must be __Host- or __Secure- and letters, digits, "-" or "_", 64 characters at most`, cookie.Name)
	// A browser drops a __Host- cookie that has a domain, and a __Secure- one without is weaker for nothing.
	prefix := "__Host-"
	if cookie.Domain != "" {
		prefix = "__Secure-"
		p.check(len(cookie.Domain) <= 253 && domainPattern.MatchString(cookie.Domain), "session.cookie.domain",
			"%q must be a domain in lower case without a leading dot", cookie.Domain)
	}
	p.check(strings.HasPrefix(cookie.Name, prefix), "session.cookie.name", "%q must begin with %s, since session.cookie.domain is %q",
		cookie.Name, prefix, cookie.Domain)
	p.check(cookie.SameSite == "Lax" || cookie.SameSite == "None", "session.cookie.sameSite", `%q must be "Lax" or "None"`, cookie.SameSite)
	for _, raw := range c.RedirectURIs {
		p.check(cookie.Domain == "" || covers(cookie.Domain, raw), "session.cookie.domain",
			"%q does not cover the host of %s, where the browser would refuse the cookie", cookie.Domain, raw)
	}
}

func covers(domain, raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Hostname() == domain || strings.HasSuffix(u.Hostname(), "."+domain))
}

func (c Config) validateSize(p *problems) {
	audiences, err := json.Marshal(c.Session.Audiences)
	p.check(err == nil && len(audiences)+len(c.Issuer) <= maxFixedClaims, "session.audiences",
		"together with the issuer they take more than %d bytes, and the access token would not fit a cookie: name fewer", maxFixedClaims)
}
