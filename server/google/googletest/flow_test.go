package googletest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/googlelogin/operator/server/google/googletest"
)

const callback = "https://shop.example.com/auth/callback"

// browser stops at the redirect back to the app.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// authURL is a good authorization request with changes applied; an empty value removes a parameter.
func authURL(s *googletest.Server, changes ...string) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {googletest.ClientID}, "redirect_uri": {callback},
		"scope": {"openid email profile"}, "state": {"the-state"}, "nonce": {"the-nonce"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return s.URL + "/o/oauth2/v2/auth?" + q.Encode()
}

const verifier = "a-verifier-of-at-least-forty-three-characters"

func get(t *testing.T, c *http.Client, target string) (*http.Response, string) {
	t.Helper()
	resp, err := c.Get(target)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body(t, resp)
}

func post(t *testing.T, c *http.Client, target string, form url.Values) (*http.Response, string) {
	t.Helper()
	resp, err := c.PostForm(target, form)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body(t, resp)
}

func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// back is what the app's callback was given.
func back(t *testing.T, resp *http.Response) url.Values {
	t.Helper()
	to, err := resp.Location()
	if err != nil || resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d, location %v: %v", resp.StatusCode, to, err)
	}
	if got := to.Scheme + "://" + to.Host + to.Path; got != callback {
		t.Fatalf("sent back to %q", got)
	}
	return to.Query()
}

func redeem(t *testing.T, s *googletest.Server, code string, changes ...string) (int, map[string]any) {
	t.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
		"client_id": {googletest.ClientID}, "client_secret": {googletest.ClientSecret},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			form.Del(changes[i])
		}
	}
	resp, text := post(t, http.DefaultClient, s.URL+"/token", form)
	var answer map[string]any
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("answer %q: %v", text, err)
	}
	return resp.StatusCode, answer
}

// autoCode signs in as Ann without pages.
func autoCode(t *testing.T, s *googletest.Server, changes ...string) string {
	t.Helper()
	resp, _ := get(t, browser(t), authURL(s, changes...))
	return back(t, resp).Get("code")
}

func TestAutoSignsInAtOnce(t *testing.T) {
	s := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	resp, _ := get(t, browser(t), authURL(s))
	params := back(t, resp)
	if params.Get("state") != "the-state" || params.Get("hd") != "example.com" {
		t.Errorf("params %v", params)
	}
	status, answer := redeem(t, s, params.Get("code"))
	if status != 200 || answer["id_token"] == nil || answer["refresh_token"] != nil {
		t.Errorf("status %d, answer %v", status, answer)
	}
	want := "https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile openid"
	if diff := cmp.Diff(want, answer["scope"]); diff != "" {
		t.Error(diff)
	}
}

func TestPersonPicksConsentsAndUnticks(t *testing.T) {
	s := googletest.NewServer(t, googletest.Options{})
	b := browser(t)
	const calendar = "https://www.googleapis.com/auth/calendar"
	target := authURL(s, "scope", "openid email "+calendar)

	if _, page := get(t, b, target); !strings.Contains(page, "bob@example.com") || !strings.Contains(page, "Use another account") {
		t.Fatalf("chooser: %s", page)
	}
	if _, page := post(t, b, target, url.Values{"email": {"bob@example.com"}}); !strings.Contains(page, `type="checkbox"`) {
		t.Fatalf("consent: %s", page)
	}
	resp, _ := post(t, b, target, url.Values{"email": {"bob@example.com"}, "decision": {"allow"}})
	_, answer := redeem(t, s, back(t, resp).Get("code"))
	if scope, _ := answer["scope"].(string); strings.Contains(scope, calendar) || !strings.Contains(scope, "openid") {
		t.Errorf("scope %q", scope)
	}
	// What was granted before is not asked again, and the browser is signed in.
	resp, _ = get(t, b, authURL(s, "scope", "openid email", "prompt", "none"))
	if params := back(t, resp); params.Get("code") == "" {
		t.Errorf("params %v", params)
	}
}

func TestPersonCancels(t *testing.T) {
	s := googletest.NewServer(t, googletest.Options{})
	resp, _ := post(t, browser(t), authURL(s), url.Values{"email": {"bob@example.com"}, "decision": {"cancel"}})
	if diff := cmp.Diff(url.Values{"error": {"access_denied"}, "state": {"the-state"}}, back(t, resp)); diff != "" {
		t.Error(diff)
	}
}
