package google

import (
	"context"
	"errors"
	"net/http"
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

// exchange posts the code, once, by x/oauth2, which builds the request. What x/oauth2 then makes of the answer is not used: it is
// too forgiving, so the answer is read again, strictly.
func (p *Provider) exchange(ctx context.Context, what call, e *endpoints, c Credentials, r Redemption) (tokenResponse, error) {
	tape := &recorder{base: p.client.Transport}
	client := *p.client
	client.Transport = tape
	ctx = context.WithValue(withCall(ctx, what), oauth2.HTTPClient, &client)

	_, err := e.config(c, r.RedirectURI).Exchange(ctx, r.Code, oauth2.VerifierOption(r.CodeVerifier))
	if tape.response == nil {
		return tokenResponse{}, noAnswer(err)
	}
	return readTokenResponse(tape.response)
}

// noAnswer maps the error of an exchange that brought no answer.
func noAnswer(err error) error {
	if err == nil {
		return invalid("no answer")
	}
	return transportError("post to token endpoint", err)
}

// errKept is what x/oauth2 gets in place of an answer.
var errKept = errors.New("answer is kept")

// recorder keeps the one answer of an exchange from x/oauth2, which would read it in vain.
type recorder struct {
	base     http.RoundTripper
	response *http.Response
}

// RoundTrip implements http.RoundTripper. The guard underneath has bounded the body and read it into memory.
func (t *recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	// A code is sent once, whatever x/oauth2 makes of the error.
	if t.response != nil {
		return nil, errKept
	}
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	t.response = resp
	return nil, errKept
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
