package googletest

import (
	"net/url"
	"slices"
	"strings"
)

// authRequest is a checked authorization request.
type authRequest struct {
	client      Client
	redirectURI string
	state       string
	nonce       string
	challenge   string
	method      string
	scopes      map[string]bool
	offline     bool
	prompt      []string
	hint        string
}

// pageError is an error that Google shows on a page of its own and never sends to the redirect URI.
type pageError struct{ Code, Detail string }

// parseAuthRequest checks the client and the redirect URI before everything else: nothing may be sent to a stranger's URI.
func (g *Google) parseAuthRequest(q url.Values) (authRequest, *pageError) {
	client, ok := g.client(q.Get("client_id"))
	if !ok {
		return authRequest{}, &pageError{"invalid_client", "The OAuth client was not found."}
	}
	req := authRequest{
		client:      client,
		redirectURI: q.Get("redirect_uri"),
		state:       q.Get("state"),
		nonce:       q.Get("nonce"),
		challenge:   q.Get("code_challenge"),
		method:      q.Get("code_challenge_method"),
		scopes:      expandScopes(q.Get("scope")),
		offline:     q.Get("access_type") == "offline",
		prompt:      strings.Fields(q.Get("prompt")),
		hint:        q.Get("login_hint"),
	}
	if !client.allows(req.redirectURI) {
		return authRequest{}, &pageError{"redirect_uri_mismatch", "The redirect URI is not registered for this client."}
	}
	return req, req.check(q)
}

func (c Client) allows(redirectURI string) bool {
	if slices.Contains(c.RedirectURIs, redirectURI) {
		return true
	}
	u, err := url.Parse(redirectURI)
	return c.AnyRedirectURI && err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

func (a authRequest) check(q url.Values) *pageError {
	for name, values := range q {
		if len(values) > 1 {
			return &pageError{"invalid_request", "OAuth 2 parameters can only have a single value: " + name}
		}
	}
	if q.Get("response_type") != "code" {
		return &pageError{"unsupported_response_type", "The stand-in knows response_type=code alone."}
	}
	if len(a.scopes) == 0 {
		return &pageError{"invalid_request", "Missing required parameter: scope"}
	}
	if t := q.Get("access_type"); t != "" && t != "online" && t != "offline" {
		return &pageError{"invalid_request", "Invalid parameter value for access_type"}
	}
	if (a.challenge == "") != (a.method == "") || (a.method != "" && a.method != "S256" && a.method != "plain") {
		return &pageError{"invalid_request", "Invalid parameter value for code_challenge_method"}
	}
	for _, p := range a.prompt {
		if !slices.Contains([]string{"none", "consent", "select_account"}, p) || (p == "none" && len(a.prompt) > 1) {
			return &pageError{"invalid_request", "Invalid parameter value for prompt"}
		}
	}
	return nil
}

func (a authRequest) prompts(p string) bool { return slices.Contains(a.prompt, p) }

// optional are the asked scopes that a person may leave unticked: those beyond the basic three.
func (a authRequest) optional() []string {
	var list []string
	for s := range a.scopes {
		if s != "openid" && s != scopeEmail && s != scopeProfile {
			list = append(list, s)
		}
	}
	slices.Sort(list)
	return list
}
