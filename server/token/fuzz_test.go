package token_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/nonce"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/token"
)

const (
	goodToken   = "good.id.token"
	goodNonce   = "unbound"
	boundNonce  = "bound"
	redirectURI = "https://shop.example.com/cb"
	verifier    = "a-code-verifier-of-at-least-forty-three-characters"
)

// everything is all that a Handler asks for: one good ID token, one good code.
type everything struct{ issued, failed, refused int }

func (e *everything) VerifyCredential(_ context.Context, c google.Credential) (google.Grant, error) {
	if c.IDToken != goodToken || !c.Nonce(goodNonce) {
		return google.Grant{}, google.ErrTokenInvalid
	}
	return google.Grant{Identity: identity.Identity{Subject: "ann"}, ClientID: "client"}, nil
}

func (e *everything) Redeem(_ context.Context, r google.Redemption) (google.Grant, error) {
	if r.Code != "good" {
		return google.Grant{}, google.ErrCodeRejected
	}
	return google.Grant{Identity: identity.Identity{Subject: "ann"}}, nil
}

func (e *everything) Knows(string, []string) (bool, error) { return true, nil }

func (e *everything) Open(n string) (nonce.App, error) {
	switch n {
	case goodNonce:
		return nonce.App{ExpiresAt: time.Unix(600, 0)}, nil
	case boundNonce:
		challenge, err := nonce.ParseChallenge("bLRYBPalK1NsU4_TD3JrHRmfVjgoduNjiXgeScRbcr8")
		return nonce.App{ExpiresAt: time.Unix(600, 0), CodeChallenge: challenge}, err
	}
	return nonce.App{}, nonce.ErrUnknown
}

func (e *everything) Claim(context.Context, string, time.Time) error { return nil }

func (e *everything) Admit(*http.Request, identity.Identity) (identity.User, error) {
	return identity.User{ID: "user-ann"}, nil
}

func (e *everything) Succeeded(*http.Request, identity.User, identity.Session) {}

func (e *everything) Failed(*http.Request, error) httperr.Code {
	e.failed++
	return httperr.LoginExpired
}

func (e *everything) Refused(*http.Request, string) { e.refused++ }

func (e *everything) TurnedAway(*http.Request, error) (httperr.Code, bool) { return "", false }

func (e *everything) Reused(*http.Request, identity.Session) {}

func (e *everything) Ended(*http.Request, identity.Session) {}

func (e *everything) EndSession(context.Context, string) error { return nil }

func (e *everything) Renew(context.Context, identity.Session) (session.Current, identity.User, error) {
	return session.Current{}, identity.User{}, session.ErrNoSession
}

func (e *everything) Issue(context.Context, *http.Request, identity.User, []string, bool) (session.Current, error) {
	e.issued++
	claims := session.Claims{RegisteredClaims: jwt.RegisteredClaims{ExpiresAt: jwt.NewNumericDate(time.Unix(600, 0))}}
	return session.Current{AccessToken: "at", Claims: claims}, nil
}

func (e *everything) handler() http.Handler {
	return token.New(token.Options{
		Provider: e, Nonces: e, Used: e, Logins: e, Sessions: e, RedirectURIs: []string{redirectURI}, Scopes: []string{"openid"},
		Ready: func() error { return nil }, Now: func() time.Time { return time.Unix(0, 0) }, Log: slog.New(slog.DiscardHandler),
	})
}

// proofs are the two good forms that the fuzz target begins with.
func proofs() []string {
	return []string{
		"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + goodToken,
		"grant_type=authorization_code&code=good&nonce=bound&code_verifier=" + verifier + "&redirect_uri=" + url.QueryEscape(redirectURI),
	}
}

func TestGoodProofsGetATokenEach(t *testing.T) {
	for _, body := range proofs() {
		r := httptest.NewRequest(http.MethodPost, "/auth/token", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		e, recorded := new(everything), httptest.NewRecorder()
		e.handler().ServeHTTP(recorded, r)
		if recorded.Code != http.StatusOK || e.issued != 1 {
			t.Errorf("%s: status %d: %s", body, recorded.Code, recorded.Body)
		}
	}
}

// FuzzTokenForm sends any body under any content type. A token goes to whoever said one of the two good proofs, each field once;
// everybody else gets an error in OAuth's form.
func FuzzTokenForm(f *testing.F) {
	assertion, code := proofs()[0], proofs()[1]
	for _, body := range []string{
		assertion, code, assertion + "&assertion=x", assertion + "&email=bob@example.com", strings.Replace(code, "bound", "unbound", 1),
		strings.Replace(code, verifier, "short", 1), code + "&code=good", "grant_type=refresh_token", "grant_type", `{"grant_type":"x"}`, "",
	} {
		f.Add(body, "application/x-www-form-urlencoded")
	}
	f.Add(assertion, "application/json")
	f.Fuzz(func(t *testing.T, body, contentType string) {
		r := httptest.NewRequest(http.MethodPost, "/auth/token", strings.NewReader(body))
		r.Header["Content-Type"] = []string{contentType}
		e, recorded := new(everything), httptest.NewRecorder()
		e.handler().ServeHTTP(recorded, r)
		var answer map[string]any
		if err := json.Unmarshal(recorded.Body.Bytes(), &answer); err != nil || recorded.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%q: %s", body, recorded.Body)
		}
		if recorded.Code == http.StatusOK {
			isGood(t, body)
			return
		}
		if answer["error"] == "" || answer["error_description"] == "" || answer["access_token"] != nil || e.issued != 0 || e.failed+e.refused != 1 {
			t.Errorf("%q: status %d, %+v: %s", body, recorded.Code, e, recorded.Body)
		}
	})
}

// isGood reads the form apart from the package, to disagree with it where it errs.
func isGood(t *testing.T, body string) {
	t.Helper()
	said := map[string]string{}
	for _, part := range strings.Split(body, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		if _, twice := said[name]; twice || nameErr != nil || valueErr != nil {
			t.Errorf("%q gets a token", body)
		}
		said[name] = value
	}
	byToken := said["grant_type"] == token.GrantJWTBearer && said["assertion"] == goodToken
	byCode := said["grant_type"] == token.GrantCode && said["code"] == "good" && said["nonce"] == boundNonce &&
		said["code_verifier"] == verifier && said["redirect_uri"] == redirectURI
	if !byToken && !byCode {
		t.Errorf("%q gets a token", body)
	}
}
