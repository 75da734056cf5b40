package session_test

import (
	"net/http"
	"testing"
	"time"
)

// elsewhere ends the browser's session at another server with the same store.
func elsewhere(t *testing.T, b *browser, at time.Time) {
	t.Helper()
	if _, err := b.app.store.Store.RevokeUserSessions(t.Context(), b.app.user.ID, at); err != nil {
		t.Fatal(err)
	}
}

func TestRefresh_LearnsWhatWasEndedElsewhere(t *testing.T) {
	a := newApp(t, nil)
	for name, behind := range map[string]time.Duration{
		"G91 in this moment":                                             0,
		"G91 by a server whose clock is behind":                          59 * time.Second,
		"G91 by a server whose clock is behind, in a store that is slow": 90 * time.Second,
		"G91 by a server whose clock is ahead":                           -time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			b := a.signedIn(t)
			b.want("/check", http.StatusOK)
			a.refresh(t)
			elsewhere(t, b, a.clock.now().Add(-behind))
			b.want("/check", http.StatusOK)
			a.refresh(t)
			b.want("/check", http.StatusUnauthorized)
			b.want("/resume", http.StatusUnauthorized)
		})
	}
}

func (a *app) refresh(t *testing.T) {
	t.Helper()
	if err := a.manager.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestRefresh_CatchesUpAfterTheStoreWasAway(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	a.refresh(t)
	elsewhere(t, b, a.clock.now().Add(time.Second))
	a.store.setDown(true)
	if err := a.manager.Refresh(t.Context()); err == nil {
		t.Error("a refresh without a store succeeded")
	}
	a.clock.pass(5 * time.Minute)
	b.want("/check", http.StatusOK)
	a.store.setDown(false)
	a.refresh(t)
	b.want("/check", http.StatusUnauthorized)
}

func TestRefresh_TellsNobodyElseApart(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	elsewhere(t, b, a.clock.now())
	other := a.signedIn(t)
	a.refresh(t)
	other.want("/check", http.StatusOK)
}

// The clocks of two servers are half a minute apart. What the one issues is good at the other, and what the other ends, neither takes
// while the JWT lives.
func TestG91_ServersWhoseClocksDiffer(t *testing.T) {
	const apart = 30 * time.Second
	a := newApp(t, nil)
	b := a.signedIn(t)
	a.clock.pass(-apart)
	a.refresh(t)
	b.want("/check", http.StatusOK)
	elsewhere(t, b, a.clock.now())
	a.refresh(t)
	b.want("/check", http.StatusUnauthorized)
	a.clock.pass(apart + a.config.AccessTokenTTL.Std() - time.Second)
	a.refresh(t)
	b.want("/check", http.StatusUnauthorized)
	a.restart()
	b.want("/check", http.StatusUnauthorized)
	a.clock.pass(time.Second)
	b.want("/check", http.StatusGone)
}
