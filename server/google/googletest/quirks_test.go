package googletest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/google/googletest"
)

func TestErrorsOfTheRequestStayOnGooglesOwnPage(t *testing.T) {
	tests := []struct {
		name   string
		change []string
		code   string
	}{
		{"unknown client", []string{"client_id", "nobody"}, "invalid_client"},
		{"redirect URI with another path", []string{"redirect_uri", callback + "/"}, "redirect_uri_mismatch"},
		{"redirect URI with another case", []string{"redirect_uri", "https://shop.example.com/auth/Callback"}, "redirect_uri_mismatch"},
		{"redirect URI with a port", []string{"redirect_uri", "https://shop.example.com:443/auth/callback"}, "redirect_uri_mismatch"},
		{"no redirect URI", []string{"redirect_uri", ""}, "redirect_uri_mismatch"},
		{"response type", []string{"response_type", "token"}, "unsupported_response_type"},
		{"no scope", []string{"scope", ""}, "invalid_request"},
		{"A5 prompt=login", []string{"prompt", "login"}, "invalid_request"},
		{"prompt none with another", []string{"prompt", "none consent"}, "invalid_request"},
		{"challenge without a method", []string{"code_challenge_method", ""}, "invalid_request"},
		{"access type", []string{"access_type", "always"}, "invalid_request"},
	}
	s := googletest.NewServer(t, googletest.Options{
		Auto:    "ann@example.com",
		Clients: []googletest.Client{{ID: googletest.ClientID, Secret: "s", RedirectURIs: []string{callback}}},
	})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, page := get(t, browser(t), authURL(s, tt.change...))
			if resp.StatusCode != 400 || !strings.Contains(page, "<code>"+tt.code+"</code>") {
				t.Errorf("status %d, page %s", resp.StatusCode, page)
			}
		})
	}
}

func TestC36_WrongOrMissingVerifierIsRefused(t *testing.T) {
	s := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	for name, v := range map[string]string{"C36 missing": "", "C36 wrong": strings.Repeat("x", 43)} {
		t.Run(name, func(t *testing.T) {
			status, answer := redeem(t, s, autoCode(t, s), "code_verifier", v)
			if status != 400 || answer["error"] != "invalid_grant" {
				t.Errorf("status %d, answer %v", status, answer)
			}
		})
	}
}

func TestTokenEndpointRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change []string
		status int
		code   string
	}{
		{"unknown client", []string{"client_id", "nobody"}, 401, "invalid_client"},
		{"wrong secret", []string{"client_secret", "wrong"}, 401, "invalid_client"},
		{"no secret", []string{"client_secret", ""}, 401, "invalid_client"},
		{"unknown code", []string{"code", "4/x"}, 400, "invalid_grant"},
		{"another redirect URI", []string{"redirect_uri", "https://shop.example.com/"}, 400, "redirect_uri_mismatch"},
		{"another grant type", []string{"grant_type", "password"}, 400, "unsupported_grant_type"},
		{"unknown refresh token", []string{"grant_type", "refresh_token"}, 400, "invalid_grant"},
	}
	s := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, answer := redeem(t, s, autoCode(t, s), tt.change...)
			if status != tt.status || answer["error"] != tt.code {
				t.Errorf("status %d, answer %v", status, answer)
			}
		})
	}
}

func TestTokenEndpointTakesTwoSecretsWhileOneIsChanged(t *testing.T) {
	s := googletest.NewServer(t, googletest.Options{
		Auto:    "ann@example.com",
		Clients: []googletest.Client{{ID: googletest.ClientID, Secret: "old", SecondSecret: "new", AnyRedirectURI: true}},
	})
	for secret, want := range map[string]int{"old": 200, "new": 200, "": 401, "other": 401} {
		if status, answer := redeem(t, s, autoCode(t, s), "client_secret", secret); status != want {
			t.Errorf("secret %q: status %d, answer %v, want status %d", secret, status, answer, want)
		}
	}
}

func TestCodeWorksOnceAndForTenMinutes(t *testing.T) {
	now := time.Now()
	s := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com", Now: func() time.Time { return now }})
	code := autoCode(t, s)
	_, answer := redeem(t, s, code)
	token, _ := answer["access_token"].(string)
	if status := userInfoStatus(t, s, token); status != 200 {
		t.Errorf("userinfo says %d before the code was used again", status)
	}
	if status, answer := redeem(t, s, code); status != 400 || answer["error"] != "invalid_grant" {
		t.Errorf("second use: %d, %v", status, answer)
	}
	if status := userInfoStatus(t, s, token); status != 401 {
		t.Errorf("userinfo says %d after the code was used again", status)
	}
	code = autoCode(t, s)
	now = now.Add(11 * time.Minute)
	if status, _ := redeem(t, s, code); status != 400 {
		t.Errorf("old code: %d", status)
	}
}

func userInfoStatus(t *testing.T, s *googletest.Server, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v1/userinfo", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestRefreshTokenComesOnlyOfflineAndAtAConsent(t *testing.T) {
	s := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	tests := []struct {
		name   string
		change []string
		want   bool
	}{
		{"online", nil, false},
		{"offline, consented before", []string{"access_type", "offline"}, false},
		{"offline, consent asked", []string{"access_type", "offline", "prompt", "consent"}, true},
		{"offline again", []string{"access_type", "offline"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, answer := redeem(t, s, autoCode(t, s, tt.change...))
			if _, got := answer["refresh_token"]; got != tt.want {
				t.Errorf("answer %v", answer)
			}
		})
	}
}

func refresh(t *testing.T, s *googletest.Server, token any) (int, map[string]any) {
	t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {googletest.ClientID}, "client_secret": {googletest.ClientSecret}}
	form.Set("refresh_token", token.(string))
	resp, text := post(t, http.DefaultClient, s.URL+"/token", form)
	var answer map[string]any
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

func TestRefreshGivesNeitherARefreshTokenNorAName(t *testing.T) {
	s := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	_, first := redeem(t, s, autoCode(t, s, "access_type", "offline"))
	status, answer := refresh(t, s, first["refresh_token"])
	claims := payloadOf(t, answer["id_token"])
	_, again := answer["refresh_token"]
	if status != 200 || again || claims["name"] != nil || claims["email"] != "ann@example.com" {
		t.Errorf("status %d, answer %v, claims %v", status, answer, claims)
	}
}

func TestTheHundredAndFirstRefreshTokenEndsTheFirst(t *testing.T) {
	now := time.Now()
	s := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com", Now: func() time.Time { return now }})
	var tokens []any
	for range 101 {
		now = now.Add(time.Second)
		_, answer := redeem(t, s, autoCode(t, s, "access_type", "offline", "prompt", "consent"))
		tokens = append(tokens, answer["refresh_token"])
	}
	for i, want := range map[int]int{0: 400, 1: 200, 100: 200} {
		if status, _ := refresh(t, s, tokens[i]); status != want {
			t.Errorf("refresh token %d: %d, want %d", i, status, want)
		}
	}
}

func TestRevokeEndsTheGrantAndTheConsent(t *testing.T) {
	s := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	_, answer := redeem(t, s, autoCode(t, s, "access_type", "offline"))
	for _, want := range []int{200, 400} {
		resp, _ := post(t, http.DefaultClient, s.URL+"/revoke", url.Values{"token": {answer["refresh_token"].(string)}})
		if resp.StatusCode != want {
			t.Errorf("revoke says %d, want %d", resp.StatusCode, want)
		}
	}
	if status := userInfoStatus(t, s, answer["access_token"].(string)); status != 401 {
		t.Errorf("userinfo says %d", status)
	}
	resp, _ := get(t, browser(t), authURL(s, "prompt", "none"))
	if got := back(t, resp).Get("error"); got != "consent_required" {
		t.Errorf("error %q", got)
	}
}

func TestPromptNoneWithoutASignedInBrowser(t *testing.T) {
	s := googletest.NewServer(t, googletest.Options{})
	resp, _ := get(t, browser(t), authURL(s, "prompt", "none"))
	if diff := cmp.Diff(url.Values{"error": {"login_required"}, "state": {"the-state"}}, back(t, resp)); diff != "" {
		t.Error(diff)
	}
}

func TestLoginHintWinsOverAuto(t *testing.T) {
	s := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	_, answer := redeem(t, s, autoCode(t, s, "login_hint", "stranger@gmail.test"))
	claims := payloadOf(t, answer["id_token"])
	for _, name := range []string{"iat", "exp", "at_hash"} {
		if claims[name] == nil {
			t.Errorf("no %s", name)
		}
		delete(claims, name)
	}
	want := map[string]any{
		"iss": s.URL, "aud": googletest.ClientID, "azp": googletest.ClientID, "sub": "110000000000000000003", "nonce": "the-nonce",
		"email": "stranger@gmail.test", "email_verified": true, "name": "Stranger", "given_name": "Stranger",
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownEmailIsSaidToBeUnknown(t *testing.T) {
	s := googletest.NewServer(t, googletest.Options{})
	_, page := post(t, browser(t), authURL(s), url.Values{"email": {`"><script>alert(1)</script>`}})
	if !strings.Contains(page, `role="alert"`) || strings.Contains(page, "<script>") {
		t.Errorf("page %s", page)
	}
}

func TestBothBasesMayHaveAPath(t *testing.T) {
	g := googletest.New(googletest.Options{Issuer: "http://idp/one", BrowserURL: "http://localhost/two", Auto: "ann@example.com"})
	srv := httptest.NewServer(g)
	defer srv.Close()
	for _, path := range []string{"/one/oauth2/v3/certs", "/two/oauth2/v3/certs", "/oauth2/v3/certs"} {
		if resp, _ := get(t, http.DefaultClient, srv.URL+path); resp.StatusCode != 200 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

func TestFaultsAddUpUntilTheyAreLifted(t *testing.T) {
	s := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	s.Misbehave(googletest.Claim("sub", "1"))
	s.Misbehave(googletest.Claim("name", nil), googletest.TokenField("mood", "bad"))
	_, answer := redeem(t, s, autoCode(t, s))
	claims := payloadOf(t, answer["id_token"])
	if claims["sub"] != "1" || claims["name"] != nil || answer["mood"] != "bad" {
		t.Errorf("claims %v, answer %v", claims, answer)
	}
	s.Behave()
	_, answer = redeem(t, s, autoCode(t, s))
	if claims := payloadOf(t, answer["id_token"]); claims["sub"] == "1" || answer["mood"] != nil {
		t.Errorf("claims %v, answer %v", claims, answer)
	}
	if n := s.Calls(googletest.Token); n != 2 {
		t.Errorf("%d token calls", n)
	}
}

func payloadOf(t *testing.T, token any) map[string]any {
	t.Helper()
	text, _ := token.(string)
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		t.Fatalf("token %v", token)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(b, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
