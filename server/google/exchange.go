package google

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"
)

const (
	maxCode = 4 << 10
	// maxToken bounds access and refresh tokens. Google's stay under two kilobytes; a stand-in's may be JWTs.
	maxToken = 16 << 10
	// maxExpiresIn is ten years in seconds; more is nonsense and would overflow a duration.
	maxExpiresIn = 10 * 365 * 24 * 3600
)

// check keeps what cannot be redeemed from being sent.
func (r Redemption) check() error {
	switch {
	case r.Code == "" || len(r.Code) > maxCode:
		return ErrCodeRejected
	case len(r.CodeVerifier) < 43 || len(r.CodeVerifier) > 128 || r.Nonce == "" || r.RedirectURI == "":
		return ErrBadRequest
	}
	return nil
}

// tokenResponse is a good answer of the token endpoint.
type tokenResponse struct {
	accessToken, refreshToken, idToken, scope string
	expiresIn, refreshExpiresIn               int64
}

// exchange posts the code, once, and reads the answer strictly. x/oauth2 would read it too, more forgivingly, and for nobody.
func (p *Provider) exchange(ctx context.Context, what call, e *endpoints, c Credentials, r Redemption) (tokenResponse, error) {
	req, err := e.tokenRequest(withCall(ctx, what), c, r)
	if err != nil {
		return tokenResponse{}, errors.New("token endpoint is not a URL to post to")
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return tokenResponse{}, transportError("post to token endpoint", err)
	}
	defer resp.Body.Close()
	return readTokenResponse(resp)
}

// tokenRequest asks for the tokens that a code stands for (RFC 6749, 4.1.3; RFC 7636, 4.5).
func (e *endpoints) tokenRequest(ctx context.Context, c Credentials, r Redemption) (*http.Request, error) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {r.Code}, "redirect_uri": {r.RedirectURI}, "code_verifier": {r.CodeVerifier},
	}
	inHeader := e.oauth2.AuthStyle == oauth2.AuthStyleInHeader
	if !inHeader {
		form.Set("client_id", c.ClientID)
		form.Set("client_secret", c.ClientSecret)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.oauth2.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if inHeader {
		// RFC 6749, 2.3.1: each is encoded like a form's value before it is put together.
		req.SetBasicAuth(url.QueryEscape(c.ClientID), url.QueryEscape(c.ClientSecret))
	}
	return req, nil
}

func readTokenResponse(resp *http.Response) (tokenResponse, error) {
	if unwell(resp.StatusCode) {
		return tokenResponse{}, unavailable("post to token endpoint", errors.New(http.StatusText(resp.StatusCode)))
	}
	o, err := readObject(resp)
	if err != nil {
		return tokenResponse{}, err
	}
	// Some providers answer 200 with an error.
	if o.has("error") || resp.StatusCode != http.StatusOK {
		return tokenResponse{}, refusal(o, resp.StatusCode)
	}
	t, err := parseTokenResponse(o)
	if err != nil {
		return tokenResponse{}, err
	}
	return t, t.check(o)
}

// refusal maps an OAuth error. Its description is left out: it is written by others, and may quote what was sent.
func refusal(o object, status int) error {
	code, err := o.text("error")
	if err != nil {
		return invalid("token endpoint answered %d", status)
	}
	switch code {
	case "invalid_grant":
		return ErrCodeRejected
	case "invalid_client", "unauthorized_client", "deleted_client", "disabled_client":
		return ErrClientRejected
	case "temporarily_unavailable", "server_error":
		return unavailable("post to token endpoint", errors.New(code))
	case "invalid_request", "redirect_uri_mismatch", "unsupported_grant_type", "invalid_scope", "access_denied":
		return invalid("token endpoint says %s", code)
	}
	return invalid("token endpoint answered %d with an unknown error", status)
}

func parseTokenResponse(o object) (t tokenResponse, err error) {
	texts := map[string]*string{
		"access_token": &t.accessToken, "refresh_token": &t.refreshToken, "id_token": &t.idToken, "scope": &t.scope,
	}
	for name, to := range texts {
		if *to, err = o.text(name); err != nil {
			return tokenResponse{}, err
		}
	}
	numbers := map[string]*int64{"expires_in": &t.expiresIn, "refresh_token_expires_in": &t.refreshExpiresIn}
	for name, to := range numbers {
		if *to, err = o.number(name); err != nil {
			return tokenResponse{}, err
		}
	}
	return t, nil
}

func (t tokenResponse) check(o object) error {
	tokenType, err := o.text("token_type")
	switch {
	case err != nil:
		return err
	case !strings.EqualFold(tokenType, "Bearer"):
		return invalid("token_type is not Bearer")
	case t.idToken == "":
		return invalid("no id_token")
	case t.expiresIn > maxExpiresIn || t.refreshExpiresIn > maxExpiresIn:
		return invalid("expires_in is out of range")
	case slices.ContainsFunc([]string{t.accessToken, t.refreshToken}, unfit) || t.accessToken == "":
		return invalid("access or refresh token is missing, too long or has characters that do not print")
	}
	return nil
}

func unfit(token string) bool { return len(token) > maxToken || !printable(token) }
