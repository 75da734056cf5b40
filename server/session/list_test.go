package session_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
)

func (a *app) keep(t *testing.T, n byte, change func(*identity.Session)) string {
	t.Helper()
	now := a.clock.now()
	s := identity.Session{
		ID: "s-" + string('a'+n), HandleHash: [32]byte{n, 7}, UserID: a.user.ID,
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(720 * time.Hour),
	}
	if change != nil {
		change(&s)
	}
	if err := a.store.CreateSession(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return s.ID
}

func (a *app) list(t *testing.T) []string {
	t.Helper()
	found, err := a.manager.List(t.Context(), a.user.ID)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, s := range found {
		ids = append(ids, s.ID)
	}
	return ids
}

func TestList_HasWhatCouldStillBeUsed(t *testing.T) {
	a := newApp(t, func(c *config.Session) { c.Lifetime = config.Duration(100 * time.Hour) })
	now := a.clock.now()
	first := a.keep(t, 1, func(s *identity.Session) { s.CreatedAt = now.Add(-time.Hour) })
	second := a.keep(t, 2, nil)
	a.keep(t, 3, func(s *identity.Session) { s.LastUsedAt = now.Add(-24 * time.Hour) })
	a.keep(t, 4, func(s *identity.Session) { s.CreatedAt = now.Add(-100 * time.Hour) })
	if diff := cmp.Diff([]string{second, first}, a.list(t)); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
}

func TestEndOne_EndsOwnSessionsAlone(t *testing.T) {
	a := newApp(t, nil)
	id := a.keep(t, 1, nil)
	for _, step := range []struct {
		name, user, id string
		want           bool
	}{
		{"of another user", "user-bob", id, false},
		{"that nobody has", a.user.ID, "none", false},
		{"that is theirs", a.user.ID, id, true},
		{"that is over", a.user.ID, id, false},
	} {
		if ended, err := a.manager.EndOne(t.Context(), step.user, step.id); err != nil || ended != step.want {
			t.Errorf("a session %s: ended %v, error %v, want %v", step.name, ended, err, step.want)
		}
	}
	if got := a.list(t); len(got) != 0 {
		t.Errorf("still there: %v", got)
	}
}

func TestG93_ListAndEndOneSayThatTheStoreIsDown(t *testing.T) {
	a := newApp(t, nil)
	id := a.keep(t, 1, nil)
	a.store.setDown(true)
	if _, err := a.manager.List(t.Context(), a.user.ID); !errors.Is(err, session.ErrStoreUnavailable) {
		t.Errorf("list: %v", err)
	}
	if ended, err := a.manager.EndOne(t.Context(), a.user.ID, id); ended || !errors.Is(err, session.ErrStoreUnavailable) {
		t.Errorf("end: %v, %v", ended, err)
	}
}
