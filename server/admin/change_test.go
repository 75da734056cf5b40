package admin_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/identity"
)

// changed is what a change answers.
func changed(fields map[string]any, ended float64) map[string]any {
	return map[string]any{"user": with(fields), "ended_sessions": ended}
}

func TestBlock_KeepsTheFirstTimeAndUnblockIsTheWayBack(t *testing.T) {
	o := newOffice(t)
	blocked := map[string]any{"blocked": true, "blocked_at": "2026-03-14T15:09:26Z"}
	for i, step := range []struct {
		do   string
		want map[string]any
	}{
		{"block", changed(blocked, 2)}, {"block", changed(blocked, 0)},
		{"unblock", changed(nil, 0)}, {"unblock", changed(nil, 0)},
	} {
		a := o.ask("people", "POST", "/v1/users/user-ann/"+step.do, "")
		if diff := cmp.Diff(step.want, a.body); diff != "" {
			t.Errorf("step %d, %s (-want +got):\n%s", i, step.do, diff)
		}
		if o.alive("user-ann") != nil || len(o.alive("user-bob")) != 2 {
			t.Errorf("step %d: alive %v and %v", i, o.alive("user-ann"), o.alive("user-bob"))
		}
		o.now = o.now.Add(time.Minute)
	}
	event := func(name string) map[string]any {
		return map[string]any{"event": name, "outcome": "success", "userID": "user-ann", "caller": "shops/people"}
	}
	o.wantAudits(event("user.blocked"), event("user.blocked"), event("user.unblocked"), event("user.unblocked"))
}

func TestE70_RelinkByAnAdministrator(t *testing.T) {
	o := newOffice(t)
	first := o.ask("people", "POST", "/v1/users/user-ann/relink", `{"subject":"3"}`)
	if diff := cmp.Diff(changed(map[string]any{"subject": "3"}, 2), first.body); diff != "" {
		t.Errorf("relinked (-want +got):\n%s", diff)
	}
	again := o.ask("people", "POST", "/v1/users/user-ann/relink", `{"subject":"3"}`)
	if diff := cmp.Diff(changed(map[string]any{"subject": "3"}, 0), again.body); diff != "" {
		t.Errorf("relinked again (-want +got):\n%s", diff)
	}
	taken := o.ask("people", "POST", "/v1/users/user-ann/relink", `{"subject":"2"}`)
	if taken.status != 409 || taken.code() != "account_conflict" || taken.body["other_user_id"] != "user-bob" {
		t.Errorf("another user's account: %d %s", taken.status, taken.text)
	}
	if o.kept("user-ann").Subject != "3" || o.kept("user-bob").Subject != "2" || len(o.alive("user-bob")) != 2 {
		t.Error("a refused change changed something")
	}
	event := map[string]any{"event": "user.relinked", "outcome": "success", "userID": "user-ann", "subject": "3", "caller": "shops/people"}
	o.wantAudits(event, event, map[string]any{
		"event": "user.relinked", "outcome": "denied", "code": "account_conflict", "userID": "user-ann", "subject": "2", "otherUserID": "user-bob",
		"caller": "shops/people",
	})
}

// A user who was there before the issuer changed, a stand-in's say, is bound to the one that they can sign in with.
func TestE70_RelinkBindsToTheIssuerOfThisServer(t *testing.T) {
	o := newOffice(t)
	_, _, err := o.store.ChangeUser(t.Context(), "user-ann", start, func(u identity.User) (identity.User, error) {
		u.Issuer = "https://old.example.com"
		return u, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	a := o.ask("people", "POST", "/v1/users/user-ann/relink", `{"subject":"1"}`)
	if diff := cmp.Diff(changed(nil, 0), a.body); diff != "" {
		t.Errorf("relinked (-want +got):\n%s", diff)
	}
}

func TestDelete_TakesAllThatHangsOnAUser(t *testing.T) {
	o := newOffice(t)
	a := o.ask("people", "DELETE", "/v1/users/user-ann", "")
	if diff := cmp.Diff(map[string]any{"ended_sessions": 2.0}, a.body); diff != "" || a.status != 200 {
		t.Errorf("%d (-want +got):\n%s", a.status, diff)
	}
	families, err := o.store.UserFamilies(t.Context(), "user-ann", 10)
	sessions, err2 := o.store.KeptSessions(t.Context(), "user-ann", 10)
	if o.kept("user-ann").ID != "" || len(families) != 0 || len(sessions) != 0 || err != nil || err2 != nil {
		t.Errorf("left: %v %v (%v, %v)", families, sessions, err, err2)
	}
	if again := o.ask("people", "DELETE", "/v1/users/user-ann", ""); again.status != 404 || again.code() != "user_not_found" {
		t.Errorf("again: %d %s", again.status, again.text)
	}
	o.wantAudits(
		map[string]any{"event": "user.deleted", "outcome": "success", "userID": "user-ann", "caller": "shops/people"},
		map[string]any{"event": "user.deleted", "outcome": "refused", "code": "user_not_found", "userID": "user-ann", "caller": "shops/people"},
	)
}

func TestSignOut_EndsOneSessionOrAll(t *testing.T) {
	o := newOffice(t)
	one := o.ask("doors", "DELETE", "/v1/users/user-ann/sessions/s-00", "")
	if diff := cmp.Diff([]string{"s-01"}, o.alive("user-ann")); diff != "" || one.body["ended_sessions"] != 1.0 {
		t.Errorf("%s; alive (-want +got):\n%s", one.text, diff)
	}
	if again := o.ask("doors", "DELETE", "/v1/users/user-ann/sessions/s-00", ""); again.code() != "session_not_found" {
		t.Errorf("again: %d %s", again.status, again.text)
	}
	for _, want := range []float64{1, 0} {
		if all := o.ask("doors", "DELETE", "/v1/users/user-ann/sessions", ""); all.body["ended_sessions"] != want || o.alive("user-ann") != nil {
			t.Errorf("all: %s, alive %v", all.text, o.alive("user-ann"))
		}
	}
	if len(o.alive("user-bob")) != 2 || o.kept("user-ann").Blocked() {
		t.Error("more was done than asked for")
	}
	all := map[string]any{"event": "logout", "outcome": "success", "userID": "user-ann", "everywhere": true, "caller": "shops/doors"}
	o.wantAudits(
		map[string]any{"event": "logout", "outcome": "success", "userID": "user-ann", "sid": "s-00", "everywhere": false, "caller": "shops/doors"},
		map[string]any{
			"event": "logout", "outcome": "refused", "code": "session_not_found", "userID": "user-ann", "everywhere": false, "caller": "shops/doors",
		},
		all, all,
	)
}
