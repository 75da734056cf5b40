package session_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/keyring"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/store/memory"
	"github.com/googlelogin/operator/server/users"
)

const (
	tokenCookie  = "__Host-shop"
	handleCookie = "__Host-shop-session"
)

// clock is a time that only the test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// policy is whatever the test says.
type policy struct {
	mu  sync.Mutex
	err error
}

func (p *policy) Admit(identity.Identity) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *policy) set(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// flaky is a store that fails when told to, and counts its writes.
type flaky struct {
	*memory.Store
	mu      sync.Mutex
	down    bool
	touched int
	// met is done when as many lookups have begun as meet was told.
	met *sync.WaitGroup
	// afterTouch, if set, is run once a session was touched, before anybody is told.
	afterTouch func()
	// afterRead, if set, is run once it was read who signed out, before anybody is told.
	afterRead func()
}

// meet holds lookups of sessions until n of them have begun.
func (f *flaky) meet(n int) {
	f.met = &sync.WaitGroup{}
	f.met.Add(n)
}

var errDown = errors.New("connection refused")

func (f *flaky) fail() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return errDown
	}
	return nil
}

func (f *flaky) setDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

func (f *flaky) touches() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.touched
}

func (f *flaky) CreateSession(ctx context.Context, s identity.Session) error {
	return errors.Join(f.fail(), f.Store.CreateSession(ctx, s))
}

func (f *flaky) SessionByHandle(ctx context.Context, hash [32]byte) (identity.Session, error) {
	if err := f.fail(); err != nil {
		return identity.Session{}, err
	}
	if f.met != nil {
		f.met.Done()
		f.met.Wait()
	}
	return f.Store.SessionByHandle(ctx, hash)
}

func (f *flaky) User(ctx context.Context, id string) (identity.User, error) {
	if err := f.fail(); err != nil {
		return identity.User{}, err
	}
	return f.Store.User(ctx, id)
}

func (f *flaky) TouchSession(ctx context.Context, id string, at time.Time) error {
	if err := f.fail(); err != nil {
		return err
	}
	f.mu.Lock()
	f.touched++
	f.mu.Unlock()
	err := f.Store.TouchSession(ctx, id, at)
	if f.afterTouch != nil {
		f.afterTouch()
	}
	return err
}

func (f *flaky) RevokeSession(ctx context.Context, id string, at time.Time) error {
	if err := f.fail(); err != nil {
		return err
	}
	return f.Store.RevokeSession(ctx, id, at)
}

func (f *flaky) RevokeUserSessions(ctx context.Context, id string, at time.Time) ([]string, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	return f.Store.RevokeUserSessions(ctx, id, at)
}

func (f *flaky) RevokeUserSession(ctx context.Context, userID, id string, at time.Time) (bool, error) {
	if err := f.fail(); err != nil {
		return false, err
	}
	return f.Store.RevokeUserSession(ctx, userID, id, at)
}

func (f *flaky) UserSessions(ctx context.Context, userID string, at, usedAfter time.Time, limit int) ([]identity.Session, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	return f.Store.UserSessions(ctx, userID, at, usedAfter, limit)
}

func (f *flaky) RevokedSince(ctx context.Context, since time.Time) (map[string]time.Time, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	revoked, err := f.Store.RevokedSince(ctx, since)
	if f.afterRead != nil {
		f.afterRead()
	}
	return revoked, err
}

// app is a server whose pages start, check, resume and end sessions.
type app struct {
	*httptest.Server
	clock   *clock
	policy  *policy
	store   *flaky
	keys    *keyring.Keyring
	config  config.Session
	log     *bytes.Buffer
	manager *session.Manager
	user    identity.User
}

func newApp(t testing.TB, change func(*config.Session)) *app {
	t.Helper()
	a := &app{
		clock:  &clock{at: time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)},
		policy: &policy{},
		store:  &flaky{Store: memory.New()},
		config: config.Session{
			AccessTokenTTL: config.Duration(10 * time.Minute), IdleTimeout: config.Duration(24 * time.Hour),
			Lifetime: config.Duration(720 * time.Hour), Audiences: []string{"shop"},
			Cookie: config.Cookie{Name: tokenCookie, SameSite: "Lax"},
		},
		log: &bytes.Buffer{},
	}
	if change != nil {
		change(&a.config)
	}
	a.keys = keyring.New(keyring.Options{Now: a.clock.now})
	if err := a.keys.Replace(config.SigningKeys{Keys: []config.SigningKey{signingKey(t, a.clock.now())}}); err != nil {
		t.Fatal(err)
	}
	a.user = a.saveUser(t, identity.User{
		ID: "user-ann", Issuer: "https://accounts.google.com", Subject: "1", Email: "ann@example.com", EmailVerified: true,
		HostedDomain: "example.com", Name: "Ann", Picture: "https://pictures.example.com/ann",
	})
	a.restart()
	a.Server = httptest.NewTLSServer(a.routes())
	t.Cleanup(a.Close)
	return a
}

// restart forgets what the process remembered.
func (a *app) restart() {
	a.manager = session.New(session.Options{
		Config: a.config, Issuer: "https://shop.example.com/auth", Keyring: a.keys, Store: a.store,
		Users: users.New(a.store, nil, a.clock.now), Policy: a.policy, Now: a.clock.now,
		Log: slog.New(slog.NewTextHandler(a.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
}

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/start", func(w http.ResponseWriter, r *http.Request) {
		_, err := a.manager.Start(r.Context(), w, r, a.user, []string{"profile"})
		answer(w, nil, err)
	})
	mux.HandleFunc("/check", func(w http.ResponseWriter, r *http.Request) {
		claims, err := a.manager.Check(r)
		answer(w, claims, err)
	})
	mux.HandleFunc("/resume", func(w http.ResponseWriter, r *http.Request) {
		current, err := a.manager.Resume(r.Context(), w, r)
		answer(w, current, err)
	})
	mux.HandleFunc("/end", func(w http.ResponseWriter, r *http.Request) {
		answer(w, nil, a.manager.End(r.Context(), w, r, r.URL.Query().Get("everywhere") == "true"))
	})
	return mux
}

// answer puts an error where the test finds it.
func answer(w http.ResponseWriter, body any, err error) {
	for sentinel, status := range map[error]int{
		session.ErrNoSession: http.StatusUnauthorized, session.ErrExpired: http.StatusGone,
		session.ErrStoreUnavailable: http.StatusServiceUnavailable,
	} {
		if errors.Is(err, sentinel) {
			w.WriteHeader(status)
			return
		}
	}
	if err != nil {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	_ = json.NewEncoder(w).Encode(body)
}

// saveUser keeps a user as a login would.
func (a *app) saveUser(t testing.TB, u identity.User) identity.User {
	t.Helper()
	saved, err := a.store.SaveUser(t.Context(), u.Issuer, u.Subject, func(identity.User) (identity.User, error) { return u, nil })
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// browser has a cookie jar of its own.
type browser struct {
	t      *testing.T
	app    *app
	client *http.Client
}

func (a *app) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, app: a, client: &http.Client{Transport: a.Client().Transport, Jar: jar}}
}

// signedIn is a browser behind a login.
func (a *app) signedIn(t *testing.T) *browser {
	t.Helper()
	b := a.browser(t)
	b.want("/start", http.StatusOK)
	return b
}

// page is an answer and what it set.
type page struct {
	status  int
	current session.Current
	cookies []*http.Cookie
}

func (b *browser) get(path string, cookies ...*http.Cookie) page {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.app.URL+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range cookies {
		request.AddCookie(c)
	}
	response, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	p := page{status: response.StatusCode, cookies: response.Cookies()}
	if path == "/resume" && p.status == http.StatusOK {
		if err := json.NewDecoder(response.Body).Decode(&p.current); err != nil {
			b.t.Fatal(err)
		}
	}
	return p
}

// want gets a page and expects its status.
func (b *browser) want(path string, status int) page {
	b.t.Helper()
	p := b.get(path)
	if p.status != status {
		b.t.Fatalf("%s answers %d, want %d", path, p.status, status)
	}
	return p
}

// cookie returns the value of a cookie in the jar.
func (b *browser) cookie(name string) string {
	b.t.Helper()
	u, err := url.Parse(b.app.URL)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func signingKey(t testing.TB, at time.Time) config.SigningKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: private, Algorithm: "ES256", Use: "sig"}
	thumbprint, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	encoded, err := json.Marshal(jwk)
	if err != nil {
		t.Fatal(err)
	}
	return config.SigningKey{JWK: encoded, State: config.KeyCurrent, PublishedAt: at, ActivateAt: at}
}
