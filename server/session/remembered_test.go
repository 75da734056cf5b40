package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/keyring"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/users"
)

// counting is a keyring that counts verifications.
type counting struct {
	*keyring.Keyring
	verified atomic.Int64
}

func (c *counting) Verify(token, typ string, claims jwt.Claims, opts ...jwt.ParserOption) error {
	c.verified.Add(1)
	return c.Keyring.Verify(token, typ, claims, opts...)
}

// counted is an app whose verifications are counted, and a request of a signed-in browser.
func counted(t testing.TB) (*app, *counting, *http.Request) {
	t.Helper()
	a := newApp(t, nil)
	keys := &counting{Keyring: a.keys}
	a.manager = session.New(session.Options{
		Config: a.config, Issuer: "https://shop.example.com/auth", Keyring: keys, Store: a.store,
		Users: users.New(a.store, nil, a.clock.now), Policy: a.policy, Now: a.clock.now,
	})
	return a, keys, a.request(t)
}

// request is one of a browser that has just signed in.
func (a *app) request(t testing.TB) *http.Request {
	t.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if _, err := a.manager.Start(t.Context(), w, r, a.user, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	return r
}

func TestCheck_VerifiesATokenOnce(t *testing.T) {
	a, keys, r := counted(t)
	first, err := a.manager.Check(r)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := a.manager.Check(r)
		if err != nil || again.ID != first.ID {
			t.Fatalf("claims %s, %v, want the same again", again.ID, err)
		}
	}
	if n := keys.verified.Load(); n != 1 {
		t.Errorf("verified %d times, want once", n)
	}
	other := a.request(t)
	if second, err := a.manager.Check(other); err != nil || second.ID == first.ID || keys.verified.Load() != 2 {
		t.Errorf("another token: %v, %d verifications, want its own", err, keys.verified.Load())
	}
}

func TestCheck_ARememberedTokenIsRefusedWhenItShouldBe(t *testing.T) {
	tampered := func(r *http.Request) {
		token, _ := r.Cookie(tokenCookie)
		last := token.Value[len(token.Value)-2:]
		r.Header.Set("Cookie", tokenCookie+"="+token.Value[:len(token.Value)-2]+map[bool]string{true: "BA", false: "AA"}[last == "AA"])
	}
	for name, row := range map[string]func(*app, *http.Request){
		"at its exp":                    func(a *app, _ *http.Request) { a.clock.pass(10 * time.Minute) },
		"before its nbf":                func(a *app, _ *http.Request) { a.clock.pass(-time.Minute - time.Second) },
		"with another signature":        func(_ *app, r *http.Request) { tampered(r) },
		"after its key was replaced":    func(a *app, _ *http.Request) { a.replaceKeys(signingKey(t, a.clock.now())) },
		"after its session was revoked": func(a *app, r *http.Request) { _ = a.manager.End(r.Context(), httptest.NewRecorder(), r, false) },
		"after all of the user's ended": func(a *app, r *http.Request) { _, _ = a.manager.EndUser(r.Context(), a.user.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			a, _, r := counted(t)
			if _, err := a.manager.Check(r); err != nil {
				t.Fatal(err)
			}
			if _, ok := a.manager.Fresh(r); !ok {
				t.Fatal("not fresh")
			}
			row(a, r)
			if _, err := a.manager.Check(r); err == nil {
				t.Error("accepted")
			}
			if _, ok := a.manager.Fresh(r); ok {
				t.Error("fresh")
			}
		})
	}
}

func TestCheck_ARetiredKeyEndsWhatItSigned(t *testing.T) {
	a, _, _ := counted(t)
	key, next := signingKey(t, a.clock.now()), signingKey(t, a.clock.now().Add(time.Hour))
	key.RetireAt = a.clock.now().Add(5 * time.Minute)
	next.ActivateAt = a.clock.now().Add(time.Minute)
	a.replaceKeys(key, next)
	r := a.request(t)
	a.clock.pass(5*time.Minute - time.Second)
	if _, err := a.manager.Check(r); err != nil {
		t.Fatalf("before the key retires: %v", err)
	}
	a.clock.pass(time.Second)
	if _, err := a.manager.Check(r); err == nil {
		t.Error("accepted after the key retired by the clock, with nothing loaded")
	}
}

func (a *app) replaceKeys(keys ...config.SigningKey) {
	if err := a.keys.Replace(config.SigningKeys{Keys: keys}); err != nil {
		panic(err)
	}
}

func TestFresh_IsForTokensThatAreNotDue(t *testing.T) {
	a, _, r := counted(t)
	for range 2 {
		if claims, ok := a.manager.Fresh(r); !ok || claims.Subject != a.user.ID {
			t.Errorf("fresh %v: %+v, want the claims of a new token", ok, claims)
		}
	}
	a.config.IdleTimeout = config.Duration(10 * time.Minute)
	a.restart()
	if _, ok := a.manager.Fresh(r); !ok {
		t.Error("a token that is not due yet is not fresh")
	}
	a.clock.pass(5 * time.Minute)
	if _, ok := a.manager.Fresh(r); ok {
		t.Error("a token that is due for renewal is fresh")
	}
}

// What a whole Cookie header said is asked of it again as soon as anything about it is another.
func TestFresh_IsForTheWholeHeader(t *testing.T) {
	for name, change := range map[string]func(h http.Header){
		"two cookies of the name": func(h http.Header) { h.Set("Cookie", h.Get("Cookie")+"; "+tokenCookie+"=another") },
		"two Cookie headers":      func(h http.Header) { h.Add("Cookie", tokenCookie+"=another") },
		"another name":            func(h http.Header) { h.Set("Cookie", "x"+h.Get("Cookie")) },
		"no name":                 func(h http.Header) { h.Set("Cookie", strings.TrimPrefix(h.Get("Cookie"), tokenCookie+"=")) },
		"no header":               func(h http.Header) { h.Del("Cookie") },
	} {
		a, _, r := counted(t)
		if _, ok := a.manager.Fresh(r); !ok {
			t.Fatal("not fresh")
		}
		change(r.Header)
		if _, ok := a.manager.Fresh(r); ok {
			t.Errorf("%s: fresh", name)
		}
	}
}

func TestFresh_LooksAHeaderUp(t *testing.T) {
	a, keys, r := counted(t)
	for range 3 {
		if _, ok := a.manager.Fresh(r); !ok {
			t.Fatal("not fresh")
		}
	}
	if n := keys.verified.Load(); n != 1 {
		t.Errorf("verified %d times, want once", n)
	}
	if n := testing.AllocsPerRun(100, func() { a.manager.Fresh(r) }); n > 0 {
		t.Errorf("%v allocations for a header that is known", n)
	}
}

func TestCheck_ManyTokensStayWithinTheBound(t *testing.T) {
	a, keys, r := counted(t)
	if _, err := a.manager.Check(r); err != nil {
		t.Fatal(err)
	}
	if got := session.Remembered(a.manager); got != 1 {
		t.Fatalf("remembers %d, want 1", got)
	}
	for i := range session.MaxRemembered + 100 {
		session.Remember(a.manager, fmt.Sprint(i), a.clock.now().Add(time.Minute))
	}
	if got := session.Remembered(a.manager); got > session.MaxRemembered {
		t.Errorf("remembers %d, want at most %d", got, session.MaxRemembered)
	}
	a.clock.pass(2 * time.Minute)
	for i := range session.MaxRemembered {
		session.Remember(a.manager, fmt.Sprint("more", i), a.clock.now().Add(time.Minute))
	}
	if _, err := a.manager.Check(r); err != nil || keys.verified.Load() > 2 {
		t.Errorf("%v after %d verifications: a forgotten token must be verified again", err, keys.verified.Load())
	}
}

func TestForget_DropsTheDeadAlone(t *testing.T) {
	a, keys, r := counted(t)
	if _, ok := a.manager.Fresh(r); !ok {
		t.Fatal("not fresh")
	}
	a.clock.pass(5 * time.Minute)
	young := a.request(t)
	if _, ok := a.manager.Fresh(young); !ok {
		t.Fatal("the second is not fresh")
	}
	for _, step := range []struct {
		pass time.Duration
		want int
	}{{0, 2}, {5*time.Minute - time.Second, 2}, {time.Second, 1}} {
		a.clock.pass(step.pass)
		a.manager.Forget()
		if tokens, headers := session.Remembered(a.manager), session.RememberedHeaders(a.manager); tokens != step.want || headers != step.want {
			t.Errorf("after %s more: remembers %d tokens and %d headers, want %d", step.pass, tokens, headers, step.want)
		}
	}
	if _, ok := a.manager.Fresh(young); !ok || keys.verified.Load() != 2 {
		t.Errorf("fresh %t after %d verifications, want what is alive remembered", ok, keys.verified.Load())
	}
}

func TestRenewal_WhatWasJustSignedIsNotVerifiedOnceMore(t *testing.T) {
	a, keys, r := counted(t)
	a.clock.pass(10 * time.Minute)
	w := httptest.NewRecorder()
	current, err := a.manager.Resume(t.Context(), w, r)
	if err != nil || !current.Renewed {
		t.Fatalf("renewed %t, %v", current.Renewed, err)
	}
	before := keys.verified.Load()
	next := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	next.AddCookie(w.Result().Cookies()[0])
	claims, ok := a.manager.Fresh(next)
	if diff := cmp.Diff(&current.Claims, claims); !ok || diff != "" {
		t.Errorf("fresh %t, claims (-renewed +got):\n%s", ok, diff)
	}
	if n := keys.verified.Load() - before; n != 0 {
		t.Errorf("verified %d times more", n)
	}
	// What a verification says is the same.
	session.ForgetAll(a.manager)
	verified, err := a.manager.Check(next)
	if diff := cmp.Diff(current.Claims, verified); err != nil || diff != "" {
		t.Errorf("%v, claims (-renewed +verified):\n%s", err, diff)
	}
	if n := keys.verified.Load() - before; n != 1 {
		t.Errorf("verified %d times after all was forgotten, want once", n)
	}
	a.replaceKeys(signingKey(t, a.clock.now()))
	if _, ok := a.manager.Fresh(next); ok {
		t.Error("fresh after its key was replaced")
	}
}

func BenchmarkCheck(b *testing.B) {
	a, _, r := counted(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.manager.Check(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFresh(b *testing.B) {
	a, _, r := counted(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := a.manager.Fresh(r); !ok {
			b.Fatal("not fresh")
		}
	}
}

// BenchmarkCheckUnknown is a token that comes for the first time.
func BenchmarkCheckUnknown(b *testing.B) {
	a, _, r := counted(b)
	b.ReportAllocs()
	for b.Loop() {
		session.ForgetAll(a.manager)
		if _, err := a.manager.Check(r); err != nil {
			b.Fatal(err)
		}
	}
}
