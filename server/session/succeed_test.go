package session_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
)

// nobody is a policy that admits no one.
type nobody struct{}

func (nobody) Admit(identity.Identity) error { return errors.New("nobody is admitted") }

func (a *app) options(change func(*session.Options)) session.Options {
	o := session.Options{
		Config: a.config, Issuer: "https://shop.example.com/auth", Keyring: a.keys, Store: a.store, Policy: a.policy, Now: a.clock.now,
	}
	change(&o)
	return o
}

func TestE76_ASuccessorTrustsNoTokenOfAnotherPolicy(t *testing.T) {
	a, _, r := counted(t)
	if _, ok := a.manager.Fresh(r); !ok {
		t.Fatal("the session is not fresh")
	}
	same := a.manager.Succeed(a.options(func(*session.Options) {}))
	if _, ok := same.Fresh(r); !ok {
		t.Error("the same policy refuses its own session")
	}
	next := a.manager.Succeed(a.options(func(o *session.Options) { o.Policy = nobody{} }))
	if _, ok := next.Fresh(r); ok {
		t.Error("fresh under a policy that admits nobody")
	}
	if _, err := next.Check(r); !errors.Is(err, session.ErrExpired) {
		t.Errorf("error is %v, want ErrExpired, so that the session is renewed, or not", err)
	}
}

// Tokens that live for an hour are out when the configuration says ten minutes.
func TestG89_ASuccessorRemembersWhoSignedOut(t *testing.T) {
	a, _, _ := counted(t)
	a.config.AccessTokenTTL = config.Duration(time.Hour)
	a.manager = session.New(a.options(func(*session.Options) {}))
	r := a.request(t)
	claims, err := a.manager.Check(r)
	if err != nil {
		t.Fatal(err)
	}
	a.manager.Ended(claims.SessionID)
	next := a.manager.Succeed(a.options(func(o *session.Options) { o.Config.AccessTokenTTL = config.Duration(10 * time.Minute) }))
	next.Ended("somebody")
	a.clock.pass(30 * time.Minute)
	next.Ended("somebody else")
	if _, err := next.Check(r); !errors.Is(err, session.ErrExpired) {
		t.Errorf("error is %v, want ErrExpired for a token older than tokens may be", err)
	}
	again := next.Succeed(a.options(func(o *session.Options) { o.Config.AccessTokenTTL = config.Duration(time.Hour) }))
	if _, err := again.Check(r); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("error is %v, want ErrNoSession for a session that was ended", err)
	}
}

// A server that starts reads who signed out while the tokens lived that it takes. Tokens of an hour are out, and it takes those of ten
// minutes.
func TestG89_AServerThatStartsWithShorterTokensTakesNoneOfWhoSignedOut(t *testing.T) {
	a, _, _ := counted(t)
	hour := func(o *session.Options) { o.Config.AccessTokenTTL = config.Duration(time.Hour) }
	a.config.AccessTokenTTL = config.Duration(time.Hour)
	a.manager = session.New(a.options(hour))
	r := a.request(t)
	claims, err := a.manager.Check(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.manager.EndUser(t.Context(), claims.Subject); err != nil {
		t.Fatal(err)
	}
	a.clock.pass(30 * time.Minute)
	started := session.New(a.options(func(o *session.Options) { o.Config.AccessTokenTTL = config.Duration(10 * time.Minute) }))
	if _, err := started.Check(r); !errors.Is(err, session.ErrExpired) {
		t.Errorf("error is %v, want ErrExpired for a token older than tokens may be", err)
	}
	if _, ok := started.Fresh(r); ok {
		t.Error("fresh after its session was ended")
	}
	// The configuration goes back to an hour, for which nobody has read who signed out.
	next := started.Succeed(a.options(hour))
	if _, err := next.Check(r); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("error is %v, want ErrNoSession for a session that was ended", err)
	}
	followed := started.Succeed(a.options(hour))
	if err := followed.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := followed.Check(r); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("after a Refresh: error is %v, want ErrNoSession", err)
	}
}

// The configuration changes while it is read who signed out, for as long as tokens lived before.
func TestG89_LongerTokensThatComeWhileItIsReadWhoSignedOut(t *testing.T) {
	for name, read := range map[string]func(*session.Manager, *http.Request){
		"for a request": func(m *session.Manager, r *http.Request) { _, _ = m.Check(r) },
		"by a Refresh":  func(m *session.Manager, r *http.Request) { _ = m.Refresh(r.Context()) },
	} {
		a, _, _ := counted(t)
		hour := func(o *session.Options) { o.Config.AccessTokenTTL = config.Duration(time.Hour) }
		a.manager = session.New(a.options(hour))
		r := a.request(t)
		if _, err := a.manager.EndUser(t.Context(), a.user.ID); err != nil {
			t.Fatal(err)
		}
		a.clock.pass(30 * time.Minute)
		started := session.New(a.options(func(o *session.Options) { o.Config.AccessTokenTTL = config.Duration(10 * time.Minute) }))
		var next *session.Manager
		a.store.afterRead = func() {
			a.store.afterRead = nil
			next = started.Succeed(a.options(hour))
		}
		read(started, a.request(t))
		if _, err := next.Check(r); !errors.Is(err, session.ErrNoSession) {
			t.Errorf("%s: error is %v, want ErrNoSession for a session that was ended", name, err)
		}
	}
}

// A token that was taken is remembered, and over with the life that tokens have now.
func TestG89_ATokenThatIsRememberedEndsWithTheShorterLife(t *testing.T) {
	a, _, _ := counted(t)
	a.config.AccessTokenTTL = config.Duration(time.Hour)
	a.manager = session.New(a.options(func(o *session.Options) { o.Config.AccessTokenTTL = config.Duration(time.Hour) }))
	r := a.request(t)
	next := a.manager.Succeed(a.options(func(o *session.Options) { o.Config.AccessTokenTTL = config.Duration(10 * time.Minute) }))
	a.clock.pass(10*time.Minute - time.Second)
	if _, ok := next.Fresh(r); !ok {
		t.Error("not fresh within ten minutes")
	}
	a.clock.pass(time.Second)
	if _, ok := next.Fresh(r); ok {
		t.Error("fresh after ten minutes")
	}
}

// Tokens live for an hour from now on, and so does the memory of who signed out.
func TestG89_ASuccessorRemembersForAsLongAsItsTokensLive(t *testing.T) {
	a, _, _ := counted(t)
	a.manager = a.manager.Succeed(a.options(func(o *session.Options) { o.Config.AccessTokenTTL = config.Duration(time.Hour) }))
	r := a.request(t)
	claims, err := a.manager.Check(r)
	if err != nil {
		t.Fatal(err)
	}
	a.manager.Ended(claims.SessionID)
	a.clock.pass(30 * time.Minute)
	a.manager.Ended("somebody else")
	if _, err := a.manager.Check(r); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("error is %v, want ErrNoSession for a session that was ended", err)
	}
}
