package session_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
)

func TestStart_SignsTheUserIn(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)

	p := b.want("/resume", http.StatusOK)

	want := session.Current{Claims: session.Claims{
		Email: "ann@example.com", EmailVerified: true, Name: "Ann", Picture: "https://pictures.example.com/ann", HostedDomain: "example.com",
	}}
	want.Claims.Issuer, want.Claims.Subject, want.Claims.Audience = "https://shop.example.com/auth", "user-ann", []string{"shop"}
	want.AccessToken = b.cookie(tokenCookie)
	ignore := cmpopts.IgnoreFields(session.Claims{}, "SessionID", "RegisteredClaims.ID", "ExpiresAt", "NotBefore", "IssuedAt")
	if diff := cmp.Diff(want, p.current, ignore); diff != "" {
		t.Errorf("session (-want +got):\n%s", diff)
	}
	claims := p.current.Claims
	if claims.SessionID == "" || claims.ID == "" || claims.ID == claims.SessionID {
		t.Errorf("sid %q and jti %q must be there and differ", claims.SessionID, claims.ID)
	}
	now := a.clock.now()
	if !claims.IssuedAt.Equal(now) || !claims.NotBefore.Equal(now.Add(-time.Minute)) || !claims.ExpiresAt.Equal(now.Add(10*time.Minute)) {
		t.Errorf("iat %s, nbf %s, exp %s do not fit a login at %s", claims.IssuedAt, claims.NotBefore, claims.ExpiresAt, now)
	}
	b.want("/check", http.StatusOK)
}

func TestG87_CookieFlags(t *testing.T) {
	for name, row := range map[string]struct {
		cookie config.Cookie
		want   http.Cookie
	}{
		"host only": {
			config.Cookie{Name: tokenCookie, SameSite: "Lax"},
			http.Cookie{Name: tokenCookie, SameSite: http.SameSiteLaxMode},
		},
		"for a domain and other sites": {
			config.Cookie{Name: "__Secure-shop", Domain: "example.com", SameSite: "None"},
			http.Cookie{Name: "__Secure-shop", Domain: "example.com", SameSite: http.SameSiteNoneMode},
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, func(c *config.Session) { c.Cookie = row.cookie })
			got := a.browser(t).want("/start", http.StatusOK).cookies

			token := row.want
			token.Path, token.Secure, token.HttpOnly, token.MaxAge = "/", true, true, 600
			handle := token
			handle.Name, handle.MaxAge = token.Name+"-session", 720*3600
			ignore := cmpopts.IgnoreFields(http.Cookie{}, "Value", "Raw")
			if diff := cmp.Diff([]*http.Cookie{&token, &handle}, got, ignore); diff != "" {
				t.Errorf("cookies (-want +got):\n%s", diff)
			}
		})
	}
}

func TestG85_ALoginChangesSessionAndHandle(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	first, firstToken, firstHandle := b.want("/resume", http.StatusOK).current, b.cookie(tokenCookie), b.cookie(handleCookie)

	b.want("/start", http.StatusOK)

	second := b.want("/resume", http.StatusOK).current
	if second.Claims.SessionID == first.Claims.SessionID || b.cookie(handleCookie) == firstHandle {
		t.Error("the login kept the old session ID or handle")
	}
	stale := a.browser(t)
	for name, cookie := range map[string]*http.Cookie{
		"old token":  {Name: tokenCookie, Value: firstToken},
		"old handle": {Name: handleCookie, Value: firstHandle},
	} {
		if p := stale.get("/resume", cookie); p.status != http.StatusUnauthorized {
			t.Errorf("%s answers %d after a new login, want 401", name, p.status)
		}
	}
}

func TestG85_ALoginTakesNoHandleFromTheBrowser(t *testing.T) {
	a := newApp(t, nil)
	planted := strings.Repeat("A", 43)
	p := a.browser(t).get("/start", &http.Cookie{Name: handleCookie, Value: planted})
	for _, c := range p.cookies {
		if c.Value == planted {
			t.Error("the login adopted a planted handle")
		}
	}
	if p := a.browser(t).get("/resume", &http.Cookie{Name: handleCookie, Value: planted}); p.status != http.StatusUnauthorized {
		t.Errorf("the planted handle answers %d, want 401", p.status)
	}
}

func TestG86_AmbiguousCookies(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	token := &http.Cookie{Name: tokenCookie, Value: b.cookie(tokenCookie)}
	handle := &http.Cookie{Name: handleCookie, Value: b.cookie(handleCookie)}
	other := a.signedIn(t)
	for name, row := range map[string]struct {
		cookies []*http.Cookie
		want    int
	}{
		"two tokens":                    {[]*http.Cookie{token, {Name: tokenCookie, Value: other.cookie(tokenCookie)}}, 401},
		"the same token twice":          {[]*http.Cookie{token, token}, 401},
		"two tokens and a handle":       {[]*http.Cookie{token, token, handle}, 401},
		"two handles":                   {[]*http.Cookie{handle, {Name: handleCookie, Value: other.cookie(handleCookie)}}, 401},
		"a token of a name like ours":   {[]*http.Cookie{{Name: "shop", Value: token.Value}}, 401},
		"ours beside a name like ours":  {[]*http.Cookie{{Name: "shop", Value: "planted"}, token}, 200},
		"a handle where a token is due": {[]*http.Cookie{{Name: tokenCookie, Value: handle.Value}}, 401},
		"a token where a handle is due": {[]*http.Cookie{{Name: handleCookie, Value: token.Value}}, 401},
	} {
		if p := a.browser(t).get("/resume", row.cookies...); p.status != row.want {
			t.Errorf("%s: answers %d, want %d", name, p.status, row.want)
		}
	}
}

func TestResume_RenewsInPlaceWithOneCookie(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	before := b.want("/resume", http.StatusOK).current
	a.saveUser(t, identity.User{
		ID: "user-ann", Issuer: a.user.Issuer, Subject: a.user.Subject, Email: "ann.new@example.com", EmailVerified: true, Name: "Ann B.",
	})
	a.clock.pass(10 * time.Minute)
	if p := a.browser(t).get("/check", &http.Cookie{Name: tokenCookie, Value: before.AccessToken}); p.status != http.StatusGone {
		t.Fatalf("an expired token answers %d to Check, want %d", p.status, http.StatusGone)
	}

	p := b.want("/resume", http.StatusOK)

	if len(p.cookies) != 1 || p.cookies[0].Name != tokenCookie || p.cookies[0].Value != p.current.AccessToken {
		t.Errorf("cookies set: %v, want the new token alone", p.cookies)
	}
	if !p.current.Renewed || p.current.AccessToken == before.AccessToken {
		t.Error("the token is not renewed")
	}
	claims := p.current.Claims
	if claims.SessionID != before.Claims.SessionID || claims.ID == before.Claims.ID {
		t.Errorf("sid %q and jti %q: want the old session and a new token", claims.SessionID, claims.ID)
	}
	if claims.Email != "ann.new@example.com" || claims.Name != "Ann B." {
		t.Errorf("claims tell of %s, %s: want the user as she is now", claims.Email, claims.Name)
	}
	if diff := cmp.Diff([]string{"profile"}, p.current.Session.MissingScopes); diff != "" {
		t.Errorf("missing scopes (-want +got):\n%s", diff)
	}
	if again := b.want("/resume", http.StatusOK); again.current.Renewed || len(again.cookies) != 0 {
		t.Error("a valid token was renewed at once")
	}
}

func TestG88_Limits(t *testing.T) {
	for name, row := range map[string]struct {
		// visits are at these times after the login, each answered with 200; then one more.
		visits []time.Duration
		last   time.Duration
		want   int
	}{
		"just within the idle timeout":        {nil, 24*time.Hour - time.Second, 200},
		"at the idle timeout":                 {nil, 24 * time.Hour, 410},
		"use moves the idle timeout":          {[]time.Duration{20 * time.Hour}, 40 * time.Hour, 200},
		"just within the lifetime":            {[]time.Duration{20 * time.Hour, 40 * time.Hour, 50 * time.Hour}, 60*time.Hour - time.Second, 200},
		"use does not move the lifetime":      {[]time.Duration{20 * time.Hour, 40 * time.Hour, 59 * time.Hour}, 60 * time.Hour, 410},
		"no token outlives the session's end": {[]time.Duration{20 * time.Hour, 40 * time.Hour, 60*time.Hour - time.Minute}, 60 * time.Hour, 410},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, func(c *config.Session) { c.Lifetime = config.Duration(60 * time.Hour) })
			b := a.signedIn(t)
			login := a.clock.now()
			for _, at := range row.visits {
				a.clock.pass(login.Add(at).Sub(a.clock.now()))
				b.want("/resume", http.StatusOK)
			}
			a.clock.pass(login.Add(row.last).Sub(a.clock.now()))
			b.want("/resume", row.want)
		})
	}
}

func TestG88_AShorterLifetimeBindsLivingSessions(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	a.config.Lifetime = config.Duration(2 * time.Hour)
	a.restart()
	a.clock.pass(2*time.Hour + time.Minute)
	b.want("/resume", http.StatusGone)
}

func TestG88_AUserAtWorkDoesNotIdleOut(t *testing.T) {
	a := newApp(t, func(c *config.Session) {
		c.AccessTokenTTL, c.IdleTimeout = config.Duration(time.Hour), config.Duration(time.Hour)
	})
	b := a.signedIn(t)
	for range 10 {
		a.clock.pass(35 * time.Minute)
		b.want("/resume", http.StatusOK)
	}
	if a.store.touches() != 10 {
		t.Errorf("renewed %d times, want at each visit", a.store.touches())
	}
	// An early renewal that fails costs nothing: the token is valid still.
	a.clock.pass(35 * time.Minute)
	a.store.setDown(true)
	b.want("/resume", http.StatusOK)
}

func TestResume_WithoutAHandleTheTokenStands(t *testing.T) {
	a := newApp(t, func(c *config.Session) {
		c.AccessTokenTTL, c.IdleTimeout = config.Duration(time.Hour), config.Duration(time.Hour)
	})
	token := &http.Cookie{Name: tokenCookie, Value: a.signedIn(t).cookie(tokenCookie)}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 200}, {45 * time.Minute, 200}, {time.Hour, 410}} {
		a.clock.pass(step.after)
		if p := a.browser(t).get("/resume", token); p.status != step.want || len(p.cookies) != 0 {
			t.Errorf("after %s: answers %d with cookies %v, want %d and none", step.after, p.status, p.cookies, step.want)
		}
	}
	a.browser(t).want("/resume", http.StatusUnauthorized)
}

func TestG89_ALogoutEndsTheSessionAtOnce(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	token := &http.Cookie{Name: tokenCookie, Value: b.cookie(tokenCookie)}
	handle := &http.Cookie{Name: handleCookie, Value: b.cookie(handleCookie)}
	other := a.signedIn(t)

	p := b.want("/end", http.StatusOK)

	for _, c := range p.cookies {
		if c.MaxAge >= 0 || c.Value != "" || !c.Secure || c.Path != "/" {
			t.Errorf("%s is not cleared: %v", c.Name, c)
		}
	}
	if b.cookie(tokenCookie) != "" || b.cookie(handleCookie) != "" {
		t.Error("the browser still has a cookie")
	}
	thief := a.browser(t)
	for _, after := range []func(){func() {}, a.restart} {
		after()
		if p := thief.get("/check", token); p.status != http.StatusUnauthorized {
			t.Errorf("the old token answers %d to Check, want 401", p.status)
		}
		for name, cookies := range map[string][]*http.Cookie{"token": {token}, "handle": {handle}, "both": {token, handle}} {
			if p := thief.get("/resume", cookies...); p.status != http.StatusUnauthorized {
				t.Errorf("%s: answers %d after the logout, want 401", name, p.status)
			}
		}
		other.want("/resume", http.StatusOK)
	}
}

// Requests share a renewal, so that one that comes after the logout may get the answer of one that came before.
func TestG89_ALogoutEndsTheRenewalsUnderWay(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	handle := &http.Cookie{Name: handleCookie, Value: b.cookie(handleCookie)}
	a.clock.pass(time.Hour)
	a.store.afterTouch = func() {
		if p := a.browser(t).get("/end", handle); p.status != http.StatusOK {
			t.Errorf("the logout answers %d", p.status)
		}
	}
	if p := b.want("/resume", http.StatusUnauthorized); len(p.cookies) != 0 {
		t.Errorf("an ended session got cookies: %v", p.cookies)
	}
}

func TestG89_ALogoutNeedsOnlyOneOfTheCookies(t *testing.T) {
	for _, name := range []string{tokenCookie, handleCookie} {
		a := newApp(t, nil)
		b := a.signedIn(t)
		if p := a.browser(t).get("/end", &http.Cookie{Name: name, Value: b.cookie(name)}); p.status != http.StatusOK {
			t.Fatalf("%s: answers %d", name, p.status)
		}
		b.want("/resume", http.StatusUnauthorized)
	}
}

func TestEnd_WithoutASession(t *testing.T) {
	a := newApp(t, nil)
	if p := a.browser(t).want("/end", http.StatusOK); len(p.cookies) != 2 {
		t.Errorf("cookies set: %v, want both cleared", p.cookies)
	}
	a.browser(t).want("/end?everywhere=true", http.StatusUnauthorized)
}

func TestG91_ALogoutEverywhere(t *testing.T) {
	a := newApp(t, nil)
	phone, laptop := a.signedIn(t), a.signedIn(t)
	a.user = a.saveUser(t, identity.User{ID: "user-bob", Issuer: "i", Subject: "2", Email: "bob@example.com", EmailVerified: true})
	bob := a.signedIn(t)

	phone.want("/end?everywhere=true", http.StatusOK)

	laptop.want("/check", http.StatusUnauthorized)
	laptop.want("/resume", http.StatusUnauthorized)
	bob.want("/resume", http.StatusOK)
}

func TestG93_AFailingStoreEndsNoSession(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	a.clock.pass(15 * time.Minute)
	a.store.setDown(true)

	for _, path := range []string{"/resume", "/end", "/end?everywhere=true", "/start"} {
		if p := b.want(path, http.StatusServiceUnavailable); len(p.cookies) != 0 {
			t.Errorf("%s set cookies: %v", path, p.cookies)
		}
	}

	a.store.setDown(false)
	b.want("/resume", http.StatusOK)
}

func TestG93_NothingPassesUntilRevocationsAreKnown(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	a.restart()
	a.store.setDown(true)
	b.want("/check", http.StatusServiceUnavailable)
	b.want("/resume", http.StatusServiceUnavailable)
	a.store.setDown(false)
	b.want("/check", http.StatusOK)
	a.store.setDown(true)
	b.want("/check", http.StatusOK)
}

func TestE72_ABlockedOrDeletedUserIsNotRenewed(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	blocked := a.user
	blocked.BlockedAt = a.clock.now()
	a.saveUser(t, blocked)
	a.clock.pass(10 * time.Minute)

	if p := b.want("/resume", http.StatusUnauthorized); len(p.cookies) != 0 {
		t.Errorf("cookies set: %v", p.cookies)
	}

	a.saveUser(t, a.user)
	b.want("/resume", http.StatusOK)
}

func TestE76_ThePolicyIsAskedAtEachRenewal(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	a.policy.set(errors.New("no longer admitted"))
	a.clock.pass(10 * time.Minute)

	if p := b.want("/resume", http.StatusForbidden); len(p.cookies) != 0 {
		t.Errorf("cookies set: %v", p.cookies)
	}

	a.policy.set(nil)
	b.want("/resume", http.StatusOK)
}

func TestG92_ATokenOfARemovedKeyIsRenewed(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	if err := a.keys.Replace(config.SigningKeys{Keys: []config.SigningKey{signingKey(t, a.clock.now())}}); err != nil {
		t.Fatal(err)
	}
	b.want("/check", http.StatusUnauthorized)
	if p := b.want("/resume", http.StatusOK); !p.current.Renewed {
		t.Error("the session was not renewed")
	}
}

func TestParallelRenewals_AllSucceed(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	a.clock.pass(time.Hour)
	handle := &http.Cookie{Name: handleCookie, Value: b.cookie(handleCookie)}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if p := a.browser(t).get("/resume", handle); p.status != http.StatusOK || !p.current.Renewed {
				t.Errorf("answers %d", p.status)
			}
		})
	}
	group.Wait()
	b.want("/resume", http.StatusOK)
}

// Both renewals are under way at once: neither answer comes before both lookups have begun.
func TestParallelRenewals_KeepUsersApart(t *testing.T) {
	a := newApp(t, nil)
	ann := a.signedIn(t)
	a.user = a.saveUser(t, identity.User{ID: "user-bob", Issuer: "i", Subject: "2", Email: "bob@example.com", EmailVerified: true})
	bob := a.signedIn(t)
	a.clock.pass(time.Hour)
	a.store.meet(2)
	var group sync.WaitGroup
	for want, b := range map[string]*browser{"user-ann": ann, "user-bob": bob} {
		group.Go(func() {
			if p := b.get("/resume"); p.current.Claims.Subject != want {
				t.Errorf("%s got the session of %q", want, p.current.Claims.Subject)
			}
		})
	}
	group.Wait()
}

func TestG89_AnEndedHandleEndsNoOtherSession(t *testing.T) {
	a := newApp(t, nil)
	b, other := a.signedIn(t), a.signedIn(t)
	handle := &http.Cookie{Name: handleCookie, Value: b.cookie(handleCookie)}
	b.want("/end", http.StatusOK)
	if p := a.browser(t).get("/end?everywhere=true", handle); p.status != http.StatusUnauthorized {
		t.Errorf("an ended handle answers %d, want 401", p.status)
	}
	other.want("/resume", http.StatusOK)
}

// Whoever reads the store, or a backup of it, holds no handle.
func TestG85_TheStoreKnowsAHandleByItsHashAlone(t *testing.T) {
	a, _, r := counted(t)
	cookie, err := r.Cookie(handleCookie)
	if err != nil {
		t.Fatal(err)
	}
	handle, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(handle) != 32 {
		t.Fatalf("a handle of %d bytes (%v)", len(handle), err)
	}
	if _, err := a.store.SessionByHandle(t.Context(), [32]byte(handle)); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("the handle itself is in the store: %v", err)
	}
	if _, err := a.store.SessionByHandle(t.Context(), sha256.Sum256(handle)); err != nil {
		t.Errorf("its hash is not: %v", err)
	}
}
