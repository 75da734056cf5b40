package google

import (
	"context"
	"net/url"
	"strings"
)

// scriptPath is where Google's script for pages is, beside the authorization endpoint.
const (
	authPath   = "/o/oauth2/v2/auth"
	scriptPath = "/gsi/client"
)

// ClientID is the client's ID, which a page with Google's own button shows to everybody. ErrNoCredentials until it is known.
func (p *Provider) ClientID() (string, error) {
	c, err := p.currentCredentials()
	return c.ClientID, err
}

// ScriptURL is the script that renders Google's own button: https://accounts.google.com/gsi/client, or the one of a stand-in,
// which has it beside its authorization endpoint.
func (p *Provider) ScriptURL(ctx context.Context) (string, error) {
	e, err := p.endpoints.endpoints(ctx)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(e.oauth2.AuthURL)
	if err != nil {
		return "", invalid("authorization_endpoint is not a URL")
	}
	base, _ := strings.CutSuffix(u.Path, authPath)
	if base == u.Path {
		base = ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: base + scriptPath}).String(), nil
}
