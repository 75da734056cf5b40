package admin_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/admin"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/workload"
)

// call is a route as it is asked for.
func call(r admin.Route) (method, target, body string) {
	if strings.HasSuffix(r.Path, "/relink") {
		body = `{"subject":"3"}`
	}
	return r.Method, strings.NewReplacer("{id}", "user-ann", "{sid}", "s-00").Replace(r.Path), body
}

func TestL1_L2_NobodyCallsWithoutBeingNamed(t *testing.T) {
	bearing := func(value func(*office) string) func(*office, *http.Request) {
		return func(o *office, r *http.Request) { r.Header.Set("Authorization", value(o)) }
	}
	claim := func(name string, value any) func(*office) string {
		return func(o *office) string {
			claims := o.cluster.Claims("shops", "desk")
			claims[name] = value
			return "Bearer " + o.cluster.Sign(claims, nil)
		}
	}
	for name, row := range map[string]struct {
		edit   func(*office, *http.Request)
		status int
		code   string
	}{
		"L1 no token":             {func(_ *office, r *http.Request) { r.Header.Del("Authorization") }, 401, "unauthenticated"},
		"L1 another scheme":       {bearing(func(*office) string { return "Basic ZGVzazpkZXNr" }), 401, "unauthenticated"},
		"L1 two tokens":           {func(_ *office, r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }, 401, "unauthenticated"},
		"L1 no JWT":               {bearing(func(*office) string { return "Bearer x" }), 401, "invalid_token"},
		"L1 another audience":     {bearing(claim("aud", []string{"https://kubernetes.default.svc"})), 401, "invalid_token"},
		"L1 a token that is over": {bearing(claim("exp", start.Unix()-3600)), 401, "invalid_token"},
		"L1 for any GoogleLogin, of another namespace": {bearing(func(o *office) string { return "Bearer " + o.cluster.Token("other", "desk") }), 401, "invalid_token"},
		"L2 an account of no caller":                   {bearing(func(o *office) string { return "Bearer " + o.cluster.Token("shops", "des") }), 403, "forbidden"},
		"L2 the same name elsewhere": {bearing(func(o *office) string {
			claims := o.cluster.Claims("other", "desk")
			claims["aud"] = []string{workload.AudienceOf("shops/shop")}
			return "Bearer " + o.cluster.Sign(claims, nil)
		}), 403, "forbidden"},
		"L2 another permission": {bearing(func(o *office) string { return "Bearer " + o.cluster.Token("shops", "tokens") }), 403, "forbidden"},
	} {
		o := newOffice(t)
		for _, route := range admin.Routes() {
			method, target, body := call(route)
			edit := func(r *http.Request) { row.edit(o, r) }
			a := o.ask("desk", method, target, body, edit)
			if a.status != row.status || a.code() != row.code || (row.status == 401) != (a.header.Get("WWW-Authenticate") != "") {
				t.Errorf("%s: %s %s: %d %s", name, method, target, a.status, a.text)
			}
			// Whether there is such a user is told to nobody.
			nobody := o.ask("desk", method, strings.Replace(target, "user-ann", "nobody", 1), body, edit)
			if nobody.status != a.status || nobody.body["detail"] != a.body["detail"] {
				t.Errorf("%s: %s %s: an unknown user makes a difference: %s", name, method, target, nobody.text)
			}
		}
		if len(o.alive("user-ann")) != 2 || !cmp.Equal(ann(), o.kept("user-ann")) {
			t.Errorf("%s: something was done", name)
		}
		want := map[string]any{"event": "admin_request", "outcome": "refused", "code": row.code}
		if row.status == 403 {
			want["outcome"], want["caller"] = "denied", o.audits()[0]["caller"]
		}
		if diff := cmp.Diff(want, o.audits()[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestL2_EachPermissionOpensItsOwnRoutes(t *testing.T) {
	for _, route := range admin.Routes() {
		for account, permission := range map[string]string{"people": "Users", "doors": "Sessions"} {
			method, target, body := call(route)
			a := newOffice(t).ask(account, method, target, body)
			if allowed := a.status == 200; allowed != (string(route.Permission) == permission) {
				t.Errorf("%s %s with the permission %s: %d %s", method, target, permission, a.status, a.text)
			}
		}
	}
}

func TestCalls_WithoutTheKeysOfTheClusterNobodyIsKnown(t *testing.T) {
	o := newOffice(t)
	o.handler = o.serve(new(workload.Keys), o.clock)
	a := o.ask("desk", "GET", "/v1/users", "")
	if a.status != 503 || a.code() != "keys_unavailable" || a.header.Get("Retry-After") != "5" {
		t.Errorf("%d %s", a.status, a.text)
	}
}

func TestCalls_ThatAreNotUnderstoodDoNothing(t *testing.T) {
	for name, row := range map[string]struct {
		method, target, body string
		status               int
		code                 string
	}{
		"no such path":                {"GET", "/v2/users", "", 404, "not_found"},
		"a path that could be tidied": {"GET", "//v1/users", "", 404, "not_found"},
		"a slash at the end":          {"GET", "/v1/users/", "", 404, "not_found"},
		"another method":              {"PUT", "/v1/users/user-ann", "", 405, "method_not_allowed"},
		"no such user":                {"POST", "/v1/users/nobody/block", "", 404, "user_not_found"},
		"an id that none has":         {"DELETE", "/v1/users/%27%20OR%201=1", "", 404, "user_not_found"},
		"a session of nobody":         {"DELETE", "/v1/users/nobody/sessions/s-00", "", 404, "user_not_found"},
		"sessions of nobody":          {"DELETE", "/v1/users/nobody/sessions", "", 404, "user_not_found"},
		"a session of somebody else":  {"DELETE", "/v1/users/user-ann/sessions/s-10", "", 404, "session_not_found"},
		"a session ID that none has":  {"DELETE", "/v1/users/user-ann/sessions/a%20b", "", 404, "session_not_found"},
		"a body where none is read":   {"POST", "/v1/users/user-ann/block", `{"reason":"x"}`, 400, "invalid_request"},
		"a query where none is read":  {"DELETE", "/v1/users/user-ann?dry_run=true", "", 400, "invalid_request"},
		"a query on sessions":         {"DELETE", "/v1/users/user-ann/sessions?sid=s-00", "", 400, "invalid_request"},
		"no account":                  {"POST", "/v1/users/user-ann/relink", "{}", 400, "invalid_request"},
		"an account with a space":     {"POST", "/v1/users/user-ann/relink", `{"subject":"a b"}`, 400, "invalid_request"},
		"an account that is too long": {"POST", "/v1/users/user-ann/relink", `{"subject":"` + strings.Repeat("1", 256) + `"}`, 400, "invalid_request"},
		"a field that is not known":   {"POST", "/v1/users/user-ann/relink", `{"subject":"3","issuer":"https://evil.test"}`, 400, "invalid_request"},
		"a field in capitals":         {"POST", "/v1/users/user-ann/relink", `{"Subject":"3"}`, 400, "invalid_request"},
		"a field twice":               {"POST", "/v1/users/user-ann/relink", `{"subject":"3","subject":"4"}`, 400, "invalid_request"},
		"more than JSON":              {"POST", "/v1/users/user-ann/relink", `{"subject":"3"}{}`, 400, "invalid_request"},
		"a body without end":          {"POST", "/v1/users/user-ann/relink", `{"subject":"` + strings.Repeat("1", 5000), 413, "invalid_request"},
		"a limit of none":             {"GET", "/v1/users?limit=0", "", 400, "invalid_request"},
		"a limit without end":         {"GET", "/v1/users?limit=201", "", 400, "invalid_request"},
		"a limit twice":               {"GET", "/v1/users?limit=1&limit=2", "", 400, "invalid_request"},
		"an unknown parameter":        {"GET", "/v1/users?offset=5", "", 400, "invalid_request"},
		"an empty parameter":          {"GET", "/v1/users?email=", "", 400, "invalid_request"},
		"two ways to search":          {"GET", "/v1/users?email=a@b.c&subject=1", "", 400, "invalid_request"},
		"no email":                    {"GET", "/v1/users?email=ann", "", 400, "invalid_request"},
		"a prefix with a NUL":         {"GET", "/v1/users?email_prefix=a%00", "", 400, "invalid_request"},
		"a prefix that is no text":    {"GET", "/v1/users?email_prefix=%ff", "", 400, "invalid_request"},
		"a cursor that is none":       {"GET", "/v1/users?cursor=x", "", 400, "invalid_request"},
		"a query without end":         {"GET", "/v1/users?email_prefix=" + strings.Repeat("a", 5000), "", 400, "invalid_request"},
	} {
		o := newOffice(t)
		a := o.ask("desk", row.method, row.target, row.body)
		if a.status != row.status || a.code() != row.code || a.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
		if len(o.alive("user-ann")) != 2 || len(o.alive("user-bob")) != 2 || !cmp.Equal(ann(), o.kept("user-ann")) {
			t.Errorf("%s: something was done", name)
		}
	}
	a := newOffice(t).ask("desk", "PATCH", "/v1/users/user-ann", "")
	if got := a.header.Get("Allow"); got != "GET, DELETE" {
		t.Errorf("Allow: %s", got)
	}
	a = newOffice(t).ask("desk", "POST", "/v1/users/user-ann/relink", `{"subject":"3"}`, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") })
	if a.status != 415 || a.code() != "unsupported_media_type" {
		t.Errorf("another content type: %d %s", a.status, a.text)
	}
}

func TestCalls_AreLimited(t *testing.T) {
	o := newOffice(t)
	for range 100 {
		if a := o.ask("desk", "GET", "/v1/users", ""); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.text)
		}
	}
	a := o.ask("desk", "DELETE", "/v1/users/user-ann", "")
	if a.status != 429 || a.code() != "too_many_requests" || a.header.Get("Retry-After") != "1" || o.kept("user-ann").ID == "" {
		t.Errorf("%d %s", a.status, a.text)
	}
	o.ask("desk", "DELETE", "/v1/users/user-ann", "")
	refused := map[string]any{"event": "admin_request", "outcome": "refused", "code": "too_many_requests", "count": 1.0}
	if diff := cmp.Diff([]map[string]any{refused}, o.audits()[100:]); diff != "" {
		t.Errorf("audit events of two refusals (-want +got):\n%s", diff)
	}
	large := newOffice(t).ask("desk", "GET", "/v1/users", "", func(r *http.Request) { r.Header.Set("X-Large", strings.Repeat("a", 33<<10)) })
	if large.status != 431 || large.code() != "header_too_large" {
		t.Errorf("%d %s", large.status, large.text)
	}
}

// What fails has changed nothing, and is done by the next attempt.
func TestCalls_AStoreThatIsAwayIsNoAnswer(t *testing.T) {
	for _, route := range admin.Routes() {
		o := newOffice(t)
		o.store.away = true
		method, target, body := call(route)
		a := o.ask("desk", method, target, body)
		if a.status != 503 || a.code() != "unavailable" || a.header.Get("Retry-After") != "5" {
			t.Errorf("%s: %d %s", route.Operation, a.status, a.text)
		}
		if strings.Contains(a.text, errAway.Error()) || !strings.Contains(o.logs.String(), errAway.Error()) {
			t.Errorf("%s: the cause belongs into the log alone: %s", route.Operation, a.text)
		}
		if len(o.alive("user-ann")) != 2 || !cmp.Equal(ann(), o.kept("user-ann")) {
			t.Errorf("%s: something was done", route.Operation)
		}
		for _, event := range o.audits() {
			named := event["userID"] == "user-ann" || event["event"] == "users.listed"
			if event["outcome"] != "failed" || event["code"] != "unavailable" || !named {
				t.Errorf("%s: audit event %v", route.Operation, event)
			}
		}
		o.store.away = false
		if a := o.ask("desk", method, target, body); a.status != 200 {
			t.Errorf("%s: the next attempt: %d %s", route.Operation, a.status, a.text)
		}
	}
}

// Whoever asks who has seen somebody's data finds it, and no more of the data.
func TestCalls_WhoReadsIsOnRecord(t *testing.T) {
	for name, row := range map[string]struct {
		target string
		want   map[string]any
	}{
		"a user":              {"/v1/users/user-ann", map[string]any{"event": "user.read", "outcome": "success", "userID": "user-ann"}},
		"a user's sessions":   {"/v1/users/user-ann/sessions", map[string]any{"event": "user.read", "outcome": "success", "userID": "user-ann"}},
		"nobody":              {"/v1/users/nobody", map[string]any{"event": "user.read", "outcome": "refused", "code": "user_not_found", "userID": "nobody"}},
		"a list":              {"/v1/users", map[string]any{"event": "users.listed", "outcome": "success"}},
		"a list by prefix":    {"/v1/users?email_prefix=ann", map[string]any{"event": "users.listed", "outcome": "success"}},
		"one by email":        {"/v1/users?email=ann@example.com", map[string]any{"event": "users.listed", "outcome": "success", "userID": "user-ann"}},
		"none by email":       {"/v1/users?email=nobody@example.com", map[string]any{"event": "users.listed", "outcome": "success"}},
		"a search that fails": {"/v1/users?email=ann", map[string]any{"event": "users.listed", "outcome": "refused", "code": "invalid_request"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.ask("desk", "GET", row.target, "")
			row.want["caller"] = "shops/desk"
			o.wantAudits(row.want)
		})
	}
}

func TestM6_CallsAreCountedByOperation(t *testing.T) {
	o := newOffice(t)
	o.ask("desk", "GET", "/v1/users", "")
	o.ask("desk", "GET", "/v1/users/"+strings.Repeat("x", 30), "")
	o.ask("desk", "GET", "/anything/else", "")
	o.ask("desk", "PROPFIND", "/v1/users", "")
	o.ask("desk", "POST", "/v1/users/user-ann/block", "")
	want := []string{"users.list GET 200", "users.show GET 404", "none GET 404", "none other 405", "ended true", "users.block POST 200"}
	if diff := cmp.Diff(want, o.counted); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

func emails(a answer) []string {
	var found []string
	list, _ := a.body["users"].([]any)
	for _, u := range list {
		found = append(found, u.(map[string]any)["email"].(string))
	}
	return found
}

func TestList_GoesThroughAllUsersPageByPage(t *testing.T) {
	o := newOffice(t)
	for _, email := range []string{"anna@example.com", "anton@example.com", "zoe@example.com"} {
		u := identity.User{ID: "user-" + email[:4], Issuer: googleIssuer, Subject: email, Email: email, CreatedAt: start, LastLoginAt: start}
		if _, err := o.store.SaveUser(t.Context(), u.Issuer, u.Subject, func(identity.User) (identity.User, error) { return u, nil }); err != nil {
			t.Fatal(err)
		}
	}
	for name, row := range map[string]struct {
		query string
		want  []string
	}{
		"all, by ID":     {"limit=2", []string{"ann@example.com", "anna@example.com", "anton@example.com", "bob@gmail.com", "zoe@example.com"}},
		"by prefix":      {"limit=1&email_prefix=An", []string{"ann@example.com", "anna@example.com", "anton@example.com"}},
		"by email":       {"email=Ann@Example.com", []string{"ann@example.com"}},
		"by subject":     {"subject=2", []string{"bob@gmail.com"}},
		"nobody, by any": {"subject=9", nil},
		"nobody":         {"email_prefix=x", nil},
	} {
		var got []string
		next := ""
		for range 6 {
			query := row.query
			if next != "" {
				query += "&cursor=" + next
			}
			a := o.ask("people", "GET", "/v1/users?"+query, "")
			if a.status != 200 {
				t.Fatalf("%s: %d %s", name, a.status, a.text)
			}
			got = append(got, emails(a)...)
			if next, _ = a.body["next_cursor"].(string); next == "" {
				break
			}
		}
		if diff := cmp.Diff(row.want, got); diff != "" || next != "" {
			t.Errorf("%s (-want +got, next %q):\n%s", name, next, diff)
		}
	}
	next := o.ask("people", "GET", "/v1/users?limit=1&email_prefix=an", "").body["next_cursor"].(string)
	if a := o.ask("people", "GET", "/v1/users?cursor="+next, ""); a.status != 400 || a.body["param"] != "cursor" {
		t.Errorf("a cursor of another list: %d %s", a.status, a.text)
	}
	if a := o.ask("people", "GET", "/v1/users?subject=9", ""); a.text != `{"users":[]}`+"\n" {
		t.Errorf("nobody: %s", a.text)
	}
}

var annJSON = map[string]any{
	"id": "user-ann", "issuer": googleIssuer, "subject": "1", "email": "ann@example.com", "email_verified": true, "hd": "example.com",
	"name": "Ann Lee", "given_name": "Ann", "family_name": "Lee", "picture": "https://pictures.example.com/ann",
	"created_at": "2026-03-14T15:09:26Z", "last_login_at": "2026-03-14T15:09:26Z", "blocked": false,
}

// with is a copy of annJSON with other fields.
func with(fields map[string]any) map[string]any {
	out := map[string]any{}
	for _, from := range []map[string]any{annJSON, fields} {
		for name, value := range from {
			out[name] = value
		}
	}
	return out
}

func sessionJSON(id, created string) map[string]any {
	return map[string]any{
		"id": id, "created_at": created, "last_used_at": "2026-03-14T15:09:26Z", "expires_at": "2026-03-14T16:09:26Z", "user_agent": "Browser/1.0",
	}
}

func TestShow_HasTheUserAndTheLiveSessions(t *testing.T) {
	o := newOffice(t)
	if err := o.store.RevokeSession(t.Context(), "s-01", start); err != nil {
		t.Fatal(err)
	}
	sessions := []any{sessionJSON("s-00", "2026-03-14T15:09:26Z")}
	if diff := cmp.Diff(with(map[string]any{"sessions": sessions}), o.ask("people", "GET", "/v1/users/user-ann", "").body); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"sessions": sessions}, o.ask("doors", "GET", "/v1/users/user-ann/sessions", "").body); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
}

func TestExport_HasAllThatIsKeptAndNoSecret(t *testing.T) {
	o := newOffice(t)
	if err := o.store.RevokeSession(t.Context(), "s-01", start); err != nil {
		t.Fatal(err)
	}
	over := sessionJSON("s-01", "2026-03-14T15:09:27Z")
	over["ended_at"] = "2026-03-14T15:09:26Z"
	want := map[string]any{
		"googlelogin": "shops/shop", "exported_at": "2026-03-14T15:09:26Z", "user": annJSON,
		"sessions":         []any{over, sessionJSON("s-00", "2026-03-14T15:09:26Z")},
		"refresh_families": []any{map[string]any{"session_id": "s-00", "client_id": "app", "number": 3.0, "rotated_at": "2026-03-14T15:09:26Z"}},
	}
	// The hashes and the salt are not in it: the whole is compared.
	if diff := cmp.Diff(want, o.ask("people", "GET", "/v1/users/user-ann/export", "").body); diff != "" {
		t.Errorf("export (-want +got):\n%s", diff)
	}
	o.wantAudits(map[string]any{"event": "user.exported", "outcome": "success", "userID": "user-ann", "caller": "shops/people"})
}
