package config

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/googlelogin/operator/server/returnurl"
)

// maxRedirectURIs is how many callbacks one server has at most.
const maxRedirectURIs = 16

// schemes says which URLs a field accepts.
type schemes int

const (
	// secure is https, and http for this machine alone.
	secure schemes = iota
	// anyHTTP is https and http: for a stand-in for Google inside a cluster.
	anyHTTP
)

func (c Config) validateRedirectURIs(p *problems) {
	p.check(len(c.RedirectURIs) > 0 && len(c.RedirectURIs) <= maxRedirectURIs, "redirectURIs", "set 1 to %d of them", maxRedirectURIs)
	for i, raw := range c.RedirectURIs {
		u := checkURL(p, "redirectURIs", raw, secure)
		if u == nil {
			continue
		}
		p.check(u.RawQuery == "" && !u.ForceQuery, "redirectURIs", "%q must not have a query", raw)
		p.check(len(u.Path) > 1, "redirectURIs", "%q must have a path of its own, such as %s/callback", raw, c.BasePath)
		p.check(!slices.Contains(c.RedirectURIs[:i], raw), "redirectURIs", "%q is there twice", raw)
	}
	c.validateIssuer(p)
}

// validateIssuer holds the issuer to where the discovery document really is.
func (c Config) validateIssuer(p *problems) {
	u := checkURL(p, "issuer", c.Issuer, secure)
	if u == nil || len(c.RedirectURIs) == 0 {
		return
	}
	first, err := url.Parse(c.RedirectURIs[0])
	if err != nil {
		return
	}
	want := first.Scheme + "://" + first.Host + c.BasePath
	p.check(c.Issuer == want, "issuer", "%q must be the origin of the first redirect URI and basePath: %s", c.Issuer, want)
}

func (f Frontend) validate(p *problems) {
	checkURL(p, "frontend.homeURL", f.HomeURL, secure)
	if f.LoginURL != "" {
		checkURL(p, "frontend.loginURL", f.LoginURL, secure)
	}
	_, err := returnurl.Parse(f.ReturnURLs)
	p.check(err == nil, "frontend.returnURLs", "%v", err)
}

// checkURL returns the URL, or nil if it cannot be used.
func checkURL(p *problems, field, raw string, allowed schemes) *url.URL {
	u, err := parseURL(raw, allowed)
	if err != nil {
		p.add(field, "%q %v", raw, err)
		return nil
	}
	return u
}

func parseURL(raw string, allowed schemes) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return nil, errors.New("must be an absolute http or https URL")
	case strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' || r == '*' }):
		return nil, errors.New(`must be printable ASCII without "\" and "*": write an international host in its xn-- form`)
	case u.User != nil || strings.Contains(raw, "#"):
		return nil, errors.New("must not have a user name or a fragment")
	case u.Host != strings.ToLower(u.Host):
		return nil, errors.New("must have its host in lower case, as browsers send it")
	case allowed == secure && u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, errors.New("must use https: browsers keep a Secure cookie from plain http, save on localhost, 127.0.0.1 and [::1]")
	}
	return u, nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
