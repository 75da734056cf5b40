package config

import (
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	basePathPattern = regexp.MustCompile(`^(/[a-zA-Z0-9_-][a-zA-Z0-9._-]*)+$`)
	instancePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
	domainPattern   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)
	emailPattern    = regexp.MustCompile(`^[!-?A-~]+@[a-zA-Z0-9-]+([.][a-zA-Z0-9-]+)+$`)
	scopePattern    = regexp.MustCompile(`^[!#-\[\]-~]+$`)
)

// Validate names every problem at once, each with its field and the way out. It reads no file that the configuration names.
func (c Config) Validate() error {
	var p problems
	p.check(c.APIVersion == APIVersion, "apiVersion", "%q is not %q, the one version that this server reads", c.APIVersion, APIVersion)
	p.check(instancePattern.MatchString(c.Instance), "instance", "%q must be namespace/name", c.Instance)
	p.check(len(c.BasePath) <= 128 && basePathPattern.MatchString(c.BasePath), "basePath",
		`%q must begin with "/", must not end with one, and may hold letters, digits, ".", "_" and "-", such as /auth`, c.BasePath)
	c.validateRedirectURIs(&p)
	c.Client.validate(&p)
	c.Google.validate(&p)
	c.Frontend.validate(&p)
	c.Access.validate(&p)
	c.Session.validate(&p)
	c.validateCookie(&p)
	c.validateSize(&p)
	c.validateServer(&p)
	c.Pages.validate(&p)
	c.TokenEndpoint.validate(&p)
	c.RateLimits.validate(&p)
	return p.err()
}

func (c Client) validate(p *problems) {
	p.check(c.SecretFile != "" || c.CredentialsFile != "", "client", "set secretFile, or credentialsFile")
	p.check(c.ID != "" || c.IDFile != "" || c.CredentialsFile != "", "client", "set id, or idFile beside secretFile")
}

func (g Google) validate(p *problems) {
	if g.Issuer != "" {
		checkURL(p, "google.issuer", g.Issuer, anyHTTP)
	}
	for _, needed := range []string{"openid", "email"} {
		p.check(slices.Contains(g.Scopes, needed), "google.scopes", "add %q: without it Google does not say who signs in", needed)
	}
	for _, scope := range g.Scopes {
		p.check(scopePattern.MatchString(scope), "google.scopes", "%q must be one scope, without spaces or quotes", scope)
	}
	p.check(slices.Contains([]string{"", "select_account", "consent"}, g.Prompt), "google.prompt",
		`%q must be "select_account", "consent" or ""`, g.Prompt)
}

func (a Access) validate(p *problems) {
	p.check(a.Accounts == AccountsAny || a.Accounts == AccountsRestricted, "access.accounts",
		"%q must be %q or %q", a.Accounts, AccountsRestricted, AccountsAny)
	p.check(a.Accounts != AccountsAny || len(a.HostedDomains)+len(a.Emails) == 0, "access.accounts",
		"with %q the lists would restrict nothing: remove hostedDomains and emails, or set %q", AccountsAny, AccountsRestricted)
	for _, domain := range a.HostedDomains {
		p.check(domainPattern.MatchString(domain), "access.hostedDomains", "%q must be a domain in lower case, such as example.com", domain)
	}
	for _, email := range a.Emails {
		p.check(emailPattern.MatchString(email), "access.emails", "%q must be one address, such as ann@example.com", email)
	}
}

func (c Config) validateServer(p *problems) {
	c.Storage.validate(p)
	p.check(c.Keys.SigningFile != "", "keys.signingFile", "set the path of keys.json")
	p.check(c.Keys.SealingFile != "", "keys.sealingFile", "set the path of the keyset")
	p.check(between(c.Keys.JWKSMaxAge, 0, 24*time.Hour), "keys.jwksMaxAge", "%s must be between 0s and 24h", c.Keys.JWKSMaxAge.Std())
	checkAddress(p, "listen.public", c.Listen.Public)
	checkAddress(p, "listen.internal", c.Listen.Internal)
	p.check(c.Listen.Public != c.Listen.Internal || strings.HasSuffix(c.Listen.Public, ":0"), "listen.internal",
		"must differ from listen.public: metrics do not belong on the internet")
	checkOptionalAddress(p, "listen.extAuthz", c.Listen.ExtAuthz, c.Listen.Public, c.Listen.Internal)
	checkOptionalAddress(p, "listen.admin", c.Listen.Admin, c.Listen.Public, c.Listen.Internal, c.Listen.ExtAuthz)
	c.InternalAPI.validate(p, c.Listen.Admin)
	for _, raw := range c.TrustedProxies {
		_, err := netip.ParsePrefix(raw)
		p.check(err == nil, "trustedProxies", "%q must be a CIDR, such as 10.0.0.0/8 or 10.1.2.3/32", raw)
	}
	p.check(between(c.DrainTimeout, time.Second, time.Hour), "drainTimeout", "%s must be between 1s and 1h", c.DrainTimeout.Std())
}

func (s Storage) validate(p *problems) {
	switch s.Type {
	case StorageMemory:
	case StorageSQLite:
		p.check(filepath.IsAbs(s.Path), "storage.path", "%q must be the absolute path of the SQLite file", s.Path)
	case StoragePostgres:
		p.check(filepath.IsAbs(s.URIFile), "storage.uriFile",
			"must be the absolute path of the file that holds the URI of the database, not the URI")
		p.check(s.CAFile == "" || filepath.IsAbs(s.CAFile), "storage.caFile", "%q must be the absolute path of a file with certificates", s.CAFile)
	default:
		p.add("storage.type", "%q must be %q, %q or %q", s.Type, StorageSQLite, StoragePostgres, StorageMemory)
	}
}

func checkAddress(p *problems, field, address string) {
	_, port, err := net.SplitHostPort(address)
	p.check(err == nil && port != "", field, "%q must be host:port, such as :8080", address)
}

// checkOptionalAddress refuses what another port has, since a port must not serve more than its callers may have.
func checkOptionalAddress(p *problems, field, address string, taken ...string) {
	if address == "" {
		return
	}
	checkAddress(p, field, address)
	p.check(!slices.Contains(taken, address) || strings.HasSuffix(address, ":0"), field, "must differ from the other addresses")
}

func between(d Duration, least, most time.Duration) bool { return d.Std() >= least && d.Std() <= most }
