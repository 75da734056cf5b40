package google

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/oauth2"
)

// maxLoginHint is the longest address that mail knows, with room to spare.
const maxLoginHint = 320

// AuthRequest is what one login asks Google for. State, Nonce and CodeChallenge are the flow's; RedirectURI is one that is
// registered with Google.
type AuthRequest struct {
	RedirectURI, State, Nonce, CodeChallenge string
	// LoginHint is an email or a sub; HostedDomain narrows the account chooser and proves nothing.
	LoginHint, HostedDomain string
	// Prompt: "none", or any of "consent" and "select_account" with a space between. Empty: the Options'.
	Prompt string
	// Scopes, "openid" among them. Empty: the Options'.
	Scopes []string
}

// AuthCodeURL is where to send a browser that wants to sign in. It returns ErrNoCredentials, ErrBadRequest or ErrUnavailable, and
// never a URL with something missing.
func (p *Provider) AuthCodeURL(ctx context.Context, r AuthRequest) (string, error) {
	credentials, err := p.currentCredentials()
	if err != nil {
		return "", err
	}
	if r.Prompt == "" {
		r.Prompt = p.prompt
	}
	if len(r.Scopes) == 0 {
		r.Scopes = p.scopes
	}
	if err := r.check(); err != nil {
		return "", err
	}
	e, err := p.endpoints.endpoints(ctx)
	if err != nil {
		return "", err
	}
	c := e.config(credentials, r.RedirectURI)
	c.Scopes = r.Scopes
	return c.AuthCodeURL(r.State, r.params()...), nil
}

func (e *endpoints) config(c Credentials, redirectURI string) *oauth2.Config {
	return &oauth2.Config{ClientID: c.ClientID, ClientSecret: c.ClientSecret, Endpoint: e.oauth2, RedirectURL: redirectURI}
}

func (r AuthRequest) params() []oauth2.AuthCodeOption {
	opts := []oauth2.AuthCodeOption{
		oauth2.AccessTypeOnline,
		oauth2.SetAuthURLParam("nonce", r.Nonce),
		// Sent to stand-ins that do not announce PKCE too: they pass over it, and whoever supports it silently protects us.
		oauth2.SetAuthURLParam("code_challenge", r.CodeChallenge),
		oauth2.SetAuthURLParam("code_challenge_method", "S256"),
	}
	optional := []struct{ name, value string }{{"prompt", r.Prompt}, {"login_hint", r.LoginHint}, {"hd", r.HostedDomain}}
	for _, o := range optional {
		if o.value != "" {
			opts = append(opts, oauth2.SetAuthURLParam(o.name, o.value))
		}
	}
	return opts
}

func (r AuthRequest) check() error {
	switch {
	case r.RedirectURI == "" || r.State == "" || r.Nonce == "":
		return fmt.Errorf("%w: redirect URI, state or nonce is empty", ErrBadRequest)
	case len(r.CodeChallenge) != 43 || strings.ContainsFunc(r.CodeChallenge, func(c rune) bool { return !base64url(c) }):
		return fmt.Errorf("%w: the code challenge is no SHA-256 in base64url", ErrBadRequest)
	case !slices.Contains(r.Scopes, "openid"):
		return fmt.Errorf("%w: scope openid is missing", ErrBadRequest)
	case len(r.LoginHint) > maxLoginHint || strings.ContainsFunc(r.LoginHint, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return fmt.Errorf("%w: the login hint is too long or has control characters", ErrBadRequest)
	}
	return checkPrompt(r.Prompt)
}

// checkPrompt takes what Google supports; prompt=login is not among it.
func checkPrompt(prompt string) error {
	values := strings.Fields(prompt)
	if strings.Join(values, " ") != prompt {
		return fmt.Errorf("%w: prompt has spaces out of place", ErrBadRequest)
	}
	seen := map[string]bool{}
	for _, v := range values {
		alone := v == "none" && len(values) > 1
		if alone || seen[v] || !slices.Contains([]string{"none", "consent", "select_account"}, v) {
			return fmt.Errorf(`%w: prompt may be "none", or any of "consent" and "select_account"`, ErrBadRequest)
		}
		seen[v] = true
	}
	return nil
}
