package credential_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/credential"
	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/nonce"
)

// everything is all that a Handler asks for: one good ID token, of the one page of the browser.
type everything struct {
	finished, refused int
}

const (
	goodToken = "good.id.token"
	goodNonce = "n"
)

func (e *everything) VerifyCredential(_ context.Context, c google.Credential) (google.Grant, error) {
	if c.IDToken != goodToken || !c.Nonce(goodNonce) {
		return google.Grant{}, google.ErrTokenInvalid
	}
	return google.Grant{Identity: identity.Identity{Subject: "ann"}}, nil
}

func (e *everything) Open(*http.Request) []nonce.Page {
	return []nonce.Page{{Nonce: "another"}, {Nonce: goodNonce, ExpiresAt: time.Unix(1, 0)}}
}

func (e *everything) Forget(http.ResponseWriter, *http.Request, string) error { return nil }

func (e *everything) Claim(context.Context, string, time.Time) error { return nil }

func (e *everything) Finish(http.ResponseWriter, *http.Request, google.Grant, string) error {
	e.finished++
	return nil
}

func (e *everything) Fail(_ http.ResponseWriter, _ *http.Request, cause error) error { return cause }

func (e *everything) Refused(*http.Request, string) { e.refused++ }

const goodForm = "credential=" + goodToken + "&g_csrf_token=c5f"

func (e *everything) post(body, contentType, cookie string) error {
	r := httptest.NewRequest(http.MethodPost, "/auth/google", strings.NewReader(body))
	r.Header["Content-Type"], r.Header["Cookie"] = []string{contentType}, []string{cookie}
	h := credential.Handler{Provider: e, Pages: e, Used: e, Logins: e, Now: func() time.Time { return time.Unix(0, 0) }}
	return h.Post(httptest.NewRecorder(), r)
}

func TestGoodFormSignsIn(t *testing.T) {
	e := new(everything)
	if err := e.post(goodForm, "application/x-www-form-urlencoded", "g_csrf_token=c5f"); err != nil || e.finished != 1 {
		t.Errorf("finished %d, error %v", e.finished, err)
	}
}

// FuzzCredentialForm sends any body under any content type with any Cookie header. Whoever signs in has said credential and
// g_csrf_token exactly once, and the cookie too.
func FuzzCredentialForm(f *testing.F) {
	const good = goodForm
	for _, body := range []string{
		good, good + "&client_id=x&select_by=btn", good + "&credential=x", good + "&g_csrf_token=c5f", "credential=good.id.token;g_csrf_token=c5f",
		"%63redential=" + goodToken + "&g_csrf_token=%635f", `{"credential":"` + goodToken + `"}`, "", "=&&=",
	} {
		f.Add(body, "application/x-www-form-urlencoded", "g_csrf_token=c5f")
	}
	f.Add(good, "text/plain", "g_csrf_token=c5f")
	f.Add(good, "application/x-www-form-urlencoded", "g_csrf_token=c5f; g_csrf_token=c5f")
	f.Add(good, "application/x-www-form-urlencoded;charset=utf-8", `g_csrf_token="c5f"`)
	f.Fuzz(func(t *testing.T, body, contentType, cookie string) {
		e := new(everything)
		err := e.post(body, contentType, cookie)
		if e.finished == 1 && err == nil && e.refused == 0 {
			isGood(t, body, contentType, cookie)
			return
		}
		var answer *httperr.Error
		if e.finished != 0 || e.refused != 1 || !errors.As(err, &answer) || answer.Status < 400 || answer.Status > 499 {
			t.Errorf("%q under %q with %q: finished %d, refused %d, error %v", body, contentType, cookie, e.finished, e.refused, err)
		}
	})
}

var cookieValue = regexp.MustCompile(`^("[ !#-\[\]-~]*"|[ !#-\[\]-~]*)$`)

// isGood reads the request apart from the package, to disagree with it where it errs.
func isGood(t *testing.T, body, contentType, cookie string) {
	t.Helper()
	const space = " \t\r\n"
	said := map[string][]string{}
	for _, part := range strings.Split(body, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		if nameErr != nil || valueErr != nil || strings.Contains(part, ";") {
			t.Errorf("%q signs in", body)
		}
		said[name] = append(said[name], value)
	}
	if len(said["credential"]) != 1 || said["credential"][0] != goodToken || len(said["g_csrf_token"]) != 1 || said["g_csrf_token"][0] == "" {
		t.Errorf("%q signs in", body)
	}
	if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(contentType)), "application/x-www-form-urlencoded") {
		t.Errorf("%q signs in", contentType)
	}
	var cookies []string
	for pair := range strings.SplitSeq(cookie, ";") {
		// Spaces around a pair and its name do not count, to a browser (RFC 6265 5.2) as to net/http, which leaves out what no server may
		// set (RFC 6265 4.1.1), but for spaces and commas.
		name, value, _ := strings.Cut(strings.Trim(pair, space), "=")
		if strings.Trim(name, space) == "g_csrf_token" && cookieValue.MatchString(value) {
			cookies = append(cookies, value)
		}
	}
	if len(cookies) != 1 || strings.Trim(cookies[0], `"`) != said["g_csrf_token"][0] {
		t.Errorf("%q signs in with %q", cookie, said["g_csrf_token"][0])
	}
}
