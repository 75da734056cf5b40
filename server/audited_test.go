package server

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/docs/docstest"
	"github.com/googlelogin/operator/server/refresh"
)

// checkAudits holds every audit event against docs/audit-events.md: its name, its outcome, its fields and their types. Every test of this
// package that has a world ends with it.
func (w *world) checkAudits() {
	w.t.Helper()
	outcomes := map[string][]string{}
	for _, row := range docstest.Table(w.t, "../docs/audit-events.md", "event", 0) {
		outcomes[docstest.Code(row[0])] = docstest.Codes(row[1])
	}
	// Every event has those up to clientIP.
	var core []string
	kinds := map[string]string{}
	for _, row := range docstest.Table(w.t, "../docs/audit-events.md", "field", 0) {
		name := docstest.Code(row[0])
		if kinds[name] = row[1]; kinds["clientIP"] == "" || name == "clientIP" {
			core = append(core, name)
		}
	}
	for _, event := range w.auditEvents() {
		name, _ := event["event"].(string)
		if outcome, _ := event["outcome"].(string); !slices.Contains(outcomes[name], outcome) {
			w.t.Errorf("docs/audit-events.md does not have %q with outcome %q", name, outcome)
		}
		for _, field := range core {
			if _, ok := event[field]; !ok {
				w.t.Errorf("event %s lacks %s", name, field)
			}
		}
		for field, value := range event {
			if kind := kindOf(value); kinds[field] != kind {
				w.t.Errorf("event %s: docs/audit-events.md says that %s is %q, and not %s", name, field, kinds[field], kind)
			}
		}
	}
}

// kindOf says what a value of JSON is in the words of the document.
func kindOf(value any) string {
	switch value.(type) {
	case string:
		return "string"
	case float64:
		return "int"
	case bool:
		return "bool"
	}
	return "something else"
}

// auditEvents are all of the log.
func (w *world) auditEvents() []map[string]any {
	w.t.Helper()
	var found []map[string]any
	for line := range strings.Lines(w.logs.String()) {
		var entry struct {
			Message string         `json:"msg"`
			Audit   map[string]any `json:"audit"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			w.t.Fatalf("log line is not JSON: %s", line)
		}
		if entry.Message == "audit" {
			found = append(found, entry.Audit)
		}
	}
	return found
}

// Whoever reads the log after a block asks who was turned away, and from which session.
func TestAudit_ADeniedSessionIsNamed(t *testing.T) {
	for name, ask := range map[string]func(b *browser) answer{
		"by me":               func(b *browser) answer { return b.script(http.MethodGet, shop+"/auth/me") },
		"by a renewal":        func(b *browser) answer { return b.script(http.MethodPost, shop+"/auth/refresh") },
		"by the account page": func(b *browser) answer { return b.get(shop + "/auth/account") },
		"by a proxy's question": func(b *browser) answer {
			b.w.clock.advance(b.w.cfg.Session.AccessTokenTTL.Std() + time.Minute)
			return b.check("caddy")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, hostedPages)
			b := w.browser()
			b.login()
			in := w.events("login")[0]
			w.block("ann@example.com")
			ask(b)
			w.wantTurnedAway(in)
		})
	}
	t.Run("by a refresh token", func(t *testing.T) {
		w := newWorld(t, refreshTokens)
		app := w.client()
		given := app.signIn("bob@example.com")
		in := w.events("login")[0]
		w.block("bob@example.com")
		w.clock.advance(refresh.Grace)
		app.refresh(given.RefreshToken)
		w.wantTurnedAway(in)
	})
	t.Run("by the next login", func(t *testing.T) {
		w := newWorld(t)
		w.browser().login()
		in := w.events("login")[0]
		w.block("ann@example.com")
		w.browser().login()
		want := maps.Clone(in)
		want["outcome"], want["code"], want["sid"] = "denied", "account_blocked", ""
		if diff := cmp.Diff([]map[string]any{in, want}, w.events("login")); diff != "" {
			t.Errorf("logins (-want +got):\n%s", diff)
		}
	})
}

func (w *world) wantTurnedAway(in map[string]any) {
	w.t.Helper()
	want := maps.Clone(in)
	want["event"], want["outcome"], want["code"] = "session", "denied", "account_blocked"
	if diff := cmp.Diff([]map[string]any{want}, w.events("session")); diff != "" {
		w.t.Errorf("turned away (-want +got):\n%s", diff)
	}
}
