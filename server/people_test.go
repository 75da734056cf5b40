package server

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
)

// newSubject is an account that Google made lately.
const newSubject = "999999999999999999999"

// becomes makes Google say other things about whoever signs in next.
func (w *world) becomes(claims map[string]any) {
	for name, value := range claims {
		w.google.Misbehave(googletest.Claim(name, value), googletest.UserInfoField(name, value))
	}
}

// events are the audit events of a name, whole but for what differs in each request.
func (w *world) events(name string) []map[string]any {
	w.t.Helper()
	var found []map[string]any
	for line := range strings.Lines(w.logs.String()) {
		var entry struct {
			Audit map[string]any `json:"audit"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			w.t.Fatal(err)
		}
		if entry.Audit["event"] == name {
			maps.DeleteFunc(entry.Audit, func(key string, _ any) bool { return key == "requestID" || key == "clientIP" || key == "version" })
			found = append(found, entry.Audit)
		}
	}
	return found
}

// id is who the browser's user is here.
func (b *browser) id() string {
	b.w.t.Helper()
	var me struct {
		Subject string `json:"sub"`
	}
	if err := json.Unmarshal([]byte(b.script(http.MethodGet, shop+"/auth/me").body), &me); err != nil || me.Subject == "" {
		b.w.t.Fatalf("not signed in: %v", err)
	}
	return me.Subject
}

func linking(c *config.Config) { c.Access.LinkByEmail = true }

func TestE70_ConflictIsAnEventForAnAdministrator(t *testing.T) {
	for name, bobFirst := range map[string]bool{"E70 a new account": false, "E70 an account with a user of its own": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *config.Config) { c.Access.LinkByEmail = bobFirst })
			ann, other := w.browser(), w.browser()
			ann.login()
			want := map[string]any{
				"event": "user.conflict", "outcome": "denied", "code": "account_conflict", "userID": ann.id(), "sid": "", "subject": newSubject,
			}
			claims := map[string]any{"sub": newSubject}
			if bobFirst {
				bob := w.browser()
				bob.login("login_hint", "bob@example.com")
				want["otherUserID"], want["subject"] = bob.id(), "110000000000000000002"
				claims = map[string]any{"sub": want["subject"]}
			}
			w.becomes(claims)
			failed := other.login().redirected(t)
			if param(t, failed, "error") != "account_conflict" || other.signedIn() || !ann.signedIn() {
				t.Errorf("ends at %s", failed)
			}
			if diff := cmp.Diff([]map[string]any{want}, w.events("user.conflict")); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
			if strings.Contains(w.logs.String(), "ann@") {
				t.Error("the log names the email")
			}
		})
	}
}

func TestE70_LinkedByEmail(t *testing.T) {
	w := newWorld(t, linking)
	before, after := w.browser(), w.browser()
	before.login()
	user := before.id()
	w.becomes(map[string]any{"sub": newSubject})
	if got := after.login().redirected(t); got != home {
		t.Fatalf("ends at %s", got)
	}
	if got := after.id(); got != user {
		t.Errorf("the new account is user %s, want %s", got, user)
	}
	if before.signedIn() {
		t.Error("a session of the old account lives on")
	}
	want := []map[string]any{{
		"event": "user.linked", "outcome": "success", "code": "", "userID": user, "sid": "", "subject": newSubject,
	}}
	if diff := cmp.Diff(want, w.events("user.linked")); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	// The old account is a stranger now, and is not linked back and forth: Google knows it by another subject, but same hosted domain,
	// so that it is this administrator's choice that lets the latest account win.
	w.google.Behave()
	again := w.browser()
	if got := again.login().redirected(t); got != home || again.id() != user || after.signedIn() {
		t.Errorf("the old account ends at %s", got)
	}
}

func TestE70_NotLinkedWithoutAuthority(t *testing.T) {
	for name, row := range map[string]struct {
		edit   func(*config.Config)
		claims map[string]any
	}{
		"E70 linking is not enabled":        {func(*config.Config) {}, map[string]any{"sub": newSubject}},
		"E70 another hosted domain":         {linking, map[string]any{"sub": newSubject, "hd": "buyer.example"}},
		"E70 a personal account":            {linking, map[string]any{"sub": newSubject, "hd": nil}},
		"E70 an email that is not verified": {linking, map[string]any{"sub": newSubject, "email_verified": false}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, row.edit, func(c *config.Config) {
				c.Access.HostedDomains, c.Access.Accounts = nil, config.AccountsAny
			})
			ann, other := w.browser(), w.browser()
			ann.login()
			w.becomes(row.claims)
			failed := other.login().redirected(t)
			if problem := param(t, failed, "error"); (problem != "account_conflict" && problem != "email_not_verified") || other.signedIn() {
				t.Errorf("ends at %s", failed)
			}
			if !ann.signedIn() || len(w.events("user.linked")) != 0 {
				t.Error("the known user lost something")
			}
		})
	}
}

func TestE71_EmailChangeIsAnEvent(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.login()
	user := b.id()
	w.becomes(map[string]any{"email": "ann.new@example.com"})
	for range 2 {
		b.login().redirected(t)
	}
	if got := b.id(); got != user {
		t.Errorf("became user %s, want %s", got, user)
	}
	if me := b.script(http.MethodGet, shop+"/auth/me").body; !strings.Contains(me, `"email":"ann.new@example.com"`) {
		t.Errorf("me says %s", me)
	}
	want := []map[string]any{{"event": "user.email_changed", "outcome": "success", "code": "", "userID": user, "sid": ""}}
	if diff := cmp.Diff(want, w.events("user.email_changed")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestE76_TwoPoliciesOverOneStore: a rollout changes the policy under the sessions, and each that it no longer admits is out at its
// next renewal, while the others stay.
func TestE76_TwoPoliciesOverOneStore(t *testing.T) {
	w := newWorld(t, func(c *config.Config) { c.Access.Accounts, c.Access.HostedDomains = config.AccountsAny, nil })
	ann, stranger := w.browser(), w.browser()
	ann.login()
	stranger.login("login_hint", "stranger@gmail.test")
	w.cfg.Access = config.Access{Accounts: config.AccountsRestricted, HostedDomains: []string{"example.com"}}
	w.start()
	moved := map[string]*browser{}
	for name, b := range map[string]*browser{"ann": ann, "stranger": stranger} {
		moved[name] = w.browser()
		moved[name].jar.SetCookies(mustParse(t, shop), secured(b.jar.Cookies(mustParse(t, shop))))
	}
	w.clock.advance(w.cfg.Session.AccessTokenTTL.Std())
	if !moved["ann"].signedIn() || moved["stranger"].signedIn() {
		t.Errorf("ann %t, stranger %t; want true and false", moved["ann"].signedIn(), moved["stranger"].signedIn())
	}
	if got := w.audits(); got[len(got)-1] != "session denied account_not_allowed" {
		t.Errorf("audit %v", got)
	}
}
