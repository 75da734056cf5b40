package session_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/session"
)

// scripts is an app whose clients keep their tokens by themselves.
func (a *app) scripts(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/issue", func(w http.ResponseWriter, r *http.Request) {
		current, err := a.manager.Issue(r.Context(), r, a.user, []string{"profile"}, false)
		answer(w, current, err)
	})
	mux.HandleFunc("/bearer", func(w http.ResponseWriter, r *http.Request) {
		current, err := a.manager.Bearer(r)
		answer(w, current, err)
	})
	mux.HandleFunc("/end", func(w http.ResponseWriter, r *http.Request) {
		answer(w, nil, a.manager.EndBearer(r.Context(), r, r.URL.Query().Get("everywhere") == "true"))
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv
}

// ask makes a request with these Authorization headers, and returns the status and the session.
func ask(t *testing.T, url string, authorization ...string) (int, session.Current) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range authorization {
		request.Header.Add("Authorization", value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if len(response.Cookies()) > 0 {
		t.Errorf("%s sets cookies: %v", url, response.Cookies())
	}
	var current session.Current
	if response.StatusCode == http.StatusOK && !strings.Contains(url, "/end") {
		if err := json.NewDecoder(response.Body).Decode(&current); err != nil {
			t.Fatal(err)
		}
	}
	return response.StatusCode, current
}

func TestIssue_SignsInWithoutACookieUntilTheTokenEnds(t *testing.T) {
	a := newApp(t, nil)
	srv := a.scripts(t)
	status, issued := ask(t, srv.URL+"/issue")
	if status != 200 || issued.AccessToken == "" || issued.Claims.Subject != a.user.ID {
		t.Fatalf("status %d, claims %+v", status, issued.Claims)
	}
	if end := a.clock.now().Add(10 * time.Minute); !issued.Session.ExpiresAt.Equal(end) || !issued.Claims.ExpiresAt.Equal(end) {
		t.Errorf("session ends %v, token %v, want both %v", issued.Session.ExpiresAt, issued.Claims.ExpiresAt, end)
	}
	listed, err := a.manager.List(t.Context(), a.user.ID)
	if err != nil || len(listed) != 1 || listed[0].ID != issued.Claims.SessionID {
		t.Errorf("listed %v, %v", listed, err)
	}
	status, current := ask(t, srv.URL+"/bearer", "Bearer "+issued.AccessToken)
	if status != 200 || current.Claims.SessionID != issued.Claims.SessionID {
		t.Errorf("bearer: status %d, session %q", status, current.Claims.SessionID)
	}
	a.clock.pass(10 * time.Minute)
	if status, _ := ask(t, srv.URL+"/bearer", "Bearer "+issued.AccessToken); status != http.StatusGone {
		t.Errorf("after its end: status %d", status)
	}
	if listed, err := a.manager.List(t.Context(), a.user.ID); err != nil || len(listed) != 0 {
		t.Errorf("after its end: listed %v, %v", listed, err)
	}
}

func TestBearer_TakesOneTokenOfOurs(t *testing.T) {
	a := newApp(t, nil)
	srv := a.scripts(t)
	_, issued := ask(t, srv.URL+"/issue")
	token := issued.AccessToken
	for name, row := range map[string]struct {
		authorization []string
		want          int
	}{
		"as RFC 6750 has it":    {[]string{"Bearer " + token}, 200},
		"scheme in lower case":  {[]string{"bearer " + token}, 200},
		"several spaces":        {[]string{"Bearer   " + token}, 200},
		"none":                  {nil, 401},
		"empty":                 {[]string{""}, 401},
		"scheme alone":          {[]string{"Bearer"}, 401},
		"scheme and a space":    {[]string{"Bearer "}, 401},
		"no scheme":             {[]string{token}, 401},
		"another scheme":        {[]string{"Basic " + token}, 401},
		"two headers":           {[]string{"Bearer " + token, "Bearer " + token}, 401},
		"two tokens":            {[]string{"Bearer " + token + ", Bearer " + token}, 401},
		"a token and more":      {[]string{"Bearer " + token + " x"}, 401},
		"a bit more":            {[]string{"Bearer " + token + "A"}, 401},
		"a token of 9 KiB":      {[]string{"Bearer " + strings.Repeat("a", 9<<10)}, 401},
		"a handle for a token":  {[]string{"Bearer " + strings.Repeat("A", 43)}, 401},
		"unsigned":              {[]string{"Bearer " + token[:strings.LastIndexByte(token, '.')+1]}, 401},
		"the cookie's name too": {[]string{"Bearer " + tokenCookie + "=" + token}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			if status, _ := ask(t, srv.URL+"/bearer", row.authorization...); status != row.want {
				t.Errorf("status %d, want %d", status, row.want)
			}
		})
	}
}

func TestBearer_ReadsNoCookie(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	request := httptest.NewRequest(http.MethodGet, "/bearer", nil)
	request.AddCookie(&http.Cookie{Name: tokenCookie, Value: b.cookie(tokenCookie)})
	if current, err := a.manager.Bearer(request); err == nil {
		t.Errorf("a cookie passes for a bearer token: %v", current.Claims)
	}
	if session.HasBearer(request) {
		t.Error("a cookie counts as an Authorization header")
	}
	request.Header.Set("Authorization", "")
	if !session.HasBearer(request) {
		t.Error("an empty Authorization header counts as none")
	}
}

func TestEndBearer_EndsTheSessionForEveryWayIn(t *testing.T) {
	a := newApp(t, nil)
	srv := a.scripts(t)
	_, one := ask(t, srv.URL+"/issue")
	_, other := ask(t, srv.URL+"/issue")
	if status, _ := ask(t, srv.URL+"/end", "Bearer "+one.AccessToken); status != 200 {
		t.Fatalf("status %d", status)
	}
	for token, want := range map[string]int{one.AccessToken: 401, other.AccessToken: 200} {
		if status, _ := ask(t, srv.URL+"/bearer", "Bearer "+token); status != want {
			t.Errorf("status %d, want %d", status, want)
		}
	}
	if status, _ := ask(t, srv.URL+"/end", "Bearer "+one.AccessToken); status != 401 {
		t.Errorf("a second time: status %d", status)
	}
	a.restart()
	if status, _ := ask(t, srv.URL+"/bearer", "Bearer "+one.AccessToken); status != 401 {
		t.Errorf("after a restart: status %d", status)
	}
}

func TestG91_EndBearerEverywhere(t *testing.T) {
	a := newApp(t, nil)
	srv := a.scripts(t)
	b := a.signedIn(t)
	_, one := ask(t, srv.URL+"/issue")
	_, other := ask(t, srv.URL+"/issue")
	if status, _ := ask(t, srv.URL+"/end?everywhere=true", "Bearer "+one.AccessToken); status != 200 {
		t.Fatalf("status %d", status)
	}
	if status, _ := ask(t, srv.URL+"/bearer", "Bearer "+other.AccessToken); status != 401 {
		t.Errorf("the other client: status %d", status)
	}
	b.want("/check", http.StatusUnauthorized)
}

func TestG93_StoreDownIssuesAndEndsNothing(t *testing.T) {
	a := newApp(t, nil)
	srv := a.scripts(t)
	_, issued := ask(t, srv.URL+"/issue")
	a.store.setDown(true)
	for _, path := range []string{"/issue", "/end", "/end?everywhere=true"} {
		if status, _ := ask(t, srv.URL+path, "Bearer "+issued.AccessToken); status != http.StatusServiceUnavailable {
			t.Errorf("%s: status %d", path, status)
		}
	}
	a.store.setDown(false)
	if status, _ := ask(t, srv.URL+"/bearer", "Bearer "+issued.AccessToken); status != 200 {
		t.Errorf("after the store came back: status %d", status)
	}
}
