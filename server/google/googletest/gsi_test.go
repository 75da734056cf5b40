package googletest_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/google/googletest"
)

const loginURI = "https://shop.example.com/auth/google"

// selectURL is where the script sends a browser.
func selectURL(g *googletest.Server, change url.Values) string {
	q := url.Values{
		"client_id": {googletest.ClientID}, "login_uri": {loginURI}, "nonce": {"n-1"}, "g_csrf_token": {"csrf-1"}, "select_by": {"btn"},
	}
	for name, values := range change {
		q[name] = values
	}
	return g.URL + "/gsi/select?" + q.Encode()
}

func fetch(t *testing.T, method, target, form string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

var field = regexp.MustCompile(`name="(\w+)" value="([^"]*)"`)

func TestSelect_HandsOverACredentialAsAForm(t *testing.T) {
	g := googletest.NewServer(t, googletest.Options{})
	status, page := fetch(t, http.MethodGet, selectURL(g, nil), "")
	if status != 200 || !strings.Contains(page, "Choose an account") {
		t.Fatalf("chooser: status %d: %s", status, page)
	}
	status, page = fetch(t, http.MethodPost, selectURL(g, nil), "email=bob@example.com")
	if status != 200 || !strings.Contains(page, `action="`+loginURI+`"`) {
		t.Fatalf("handover: status %d: %s", status, page)
	}
	got := map[string]string{}
	for _, m := range field.FindAllStringSubmatch(page, -1) {
		got[m[1]] = m[2]
	}
	token, err := jwt.ParseSigned(got["credential"], []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := token.UnsafeClaimsWithoutVerification(&claims); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"iss": g.URL, "aud": googletest.ClientID, "azp": googletest.ClientID, "email": "bob@example.com", "nonce": "n-1",
	}
	for name := range want {
		if claims[name] != want[name] {
			t.Errorf("%s is %v, want %v", name, claims[name], want[name])
		}
	}
	delete(got, "credential")
	wantFields := map[string]string{
		"g_csrf_token": "csrf-1", "client_id": googletest.ClientID, "clientId": googletest.ClientID, "select_by": "btn",
	}
	if diff := cmp.Diff(wantFields, got); diff != "" {
		t.Error(diff)
	}
}

func TestSelect_RefusesWhatIsNotRegistered(t *testing.T) {
	g := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com", Clients: []googletest.Client{{
		ID: googletest.ClientID, RedirectURIs: []string{loginURI},
	}}})
	if status, page := fetch(t, http.MethodGet, selectURL(g, nil), ""); status != 200 || !strings.Contains(page, "submit.js") {
		t.Errorf("registered: status %d: %s", status, page)
	}
	for name, change := range map[string]url.Values{
		"another client":    {"client_id": {"other"}},
		"another login URI": {"login_uri": {loginURI + "/"}},
		"no login URI":      {"login_uri": nil},
	} {
		if status, page := fetch(t, http.MethodGet, selectURL(g, change), ""); status != 400 || strings.Contains(page, "credential") {
			t.Errorf("%s: status %d: %s", name, status, page)
		}
	}
}

func TestScript_IsForAnyPage(t *testing.T) {
	g := googletest.NewServer(t, googletest.Options{})
	for path, contentType := range map[string]string{"/gsi/client": "text/javascript", "/gsi/style": "text/css", "/gsi/button": "text/html"} {
		response, err := http.Get(g.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if !strings.HasPrefix(response.Header.Get("Content-Type"), contentType) || response.Header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
			t.Errorf("%s: headers %v", path, response.Header)
		}
	}
	if got := g.Calls(googletest.Script); got != 1 {
		t.Errorf("the script was asked for %d times", got)
	}
}

func TestMint_IssuedTo(t *testing.T) {
	g := googletest.NewServer(t, googletest.Options{})
	raw, err := g.MintIDToken(googletest.ClientID, "ann@example.com", "n", googletest.IssuedTo("android"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := token.UnsafeClaimsWithoutVerification(&claims); err != nil || claims["aud"] != googletest.ClientID || claims["azp"] != "android" {
		t.Errorf("claims %v, error %v", claims, err)
	}
}
