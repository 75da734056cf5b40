package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
	"github.com/googlelogin/operator/server/workload/workloadtest"
)

// replicas are two servers on one PostgreSQL database.
type replicas struct {
	database *postgrestest.Server
	uri      string
	cfg      config.Config
	google   *googletest.Server
	one, two *process
}

func newReplicas(t *testing.T, settings ...func(*config.Config)) *replicas {
	t.Helper()
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	r := &replicas{database: postgrestest.Start(t), cfg: newConfig(t.TempDir(), google.URL), google: google}
	r.uri = r.database.Database()
	file := postgrestest.WriteURI(t, filepath.Join(t.TempDir(), "uri"), r.uri)
	r.cfg.Storage = config.Storage{Type: config.StoragePostgres, URIFile: file}
	r.cfg.RateLimits = config.RateLimits{PerAddress: 100_000, PerAccount: 10_000}
	for _, set := range settings {
		set(&r.cfg)
	}
	writeFiles(t, r.cfg)
	r.one, r.two = run(t, r.cfg), run(t, r.cfg)
	return r
}

// signIn begins at one server and ends at another, and returns the cookies of the session.
func signIn(t *testing.T, begin, end *process) []*http.Cookie {
	t.Helper()
	callback, cookies := begin.proceed(t)
	response, err := end.ask(t, callback, cookies)
	if err != nil || response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != home {
		t.Fatalf("callback: %v, %v; %s", response, err, end.logs)
	}
	return response.Cookies()
}

// tokenOnly leaves out the handle, so that nothing but the access JWT speaks for the session.
func tokenOnly(cookies []*http.Cookie) []*http.Cookie {
	var out []*http.Cookie
	for _, c := range cookies {
		if c.Name == "__Host-shop" {
			out = append(out, c)
		}
	}
	return out
}

func (p *process) me(t *testing.T, cookies []*http.Cookie) int {
	t.Helper()
	response, err := p.ask(t, "/auth/me", cookies)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}

func (p *process) logout(t *testing.T, query string, cookies []*http.Cookie) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.public+"/auth/logout"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "shop.example.com"
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	request.Header.Set("Accept", "application/json")
	for _, c := range cookies {
		request.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode >= 300 {
		t.Fatalf("logout: status %d; %s", response.StatusCode, p.logs)
	}
}

// refusedSoon waits for a server to refuse the cookies. The promise is two seconds; a machine that is busy with other tests gets
// more, and the log says what it took.
func (p *process) refusedSoon(t *testing.T, cookies []*http.Cookie) {
	t.Helper()
	began := time.Now()
	for p.me(t, cookies) != http.StatusUnauthorized {
		if time.Since(began) > 20*time.Second {
			t.Fatal("a session that was ended at the other server lives on")
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("refused after %s", time.Since(began).Round(10*time.Millisecond))
}

func TestReplicas_ShareSessionsAndLogouts(t *testing.T) {
	r := newReplicas(t)

	t.Run("a login that begins at one ends at the other, and holds at both", func(t *testing.T) {
		cookies := signIn(t, r.one, r.two)
		for name, p := range map[string]*process{"one": r.one, "two": r.two} {
			if status := p.me(t, cookies); status != http.StatusOK {
				t.Errorf("server %s: status %d", name, status)
			}
		}
	})
	t.Run("G89 a logout at one holds at the other", func(t *testing.T) {
		cookies, other := signIn(t, r.one, r.one), signIn(t, r.one, r.one)
		r.one.logout(t, "", cookies)
		if status := r.one.me(t, tokenOnly(cookies)); status != http.StatusUnauthorized {
			t.Errorf("the server that ended the session answers %d", status)
		}
		r.two.refusedSoon(t, tokenOnly(cookies))
		if status := r.two.me(t, other); status != http.StatusOK {
			t.Errorf("another session of the user: status %d", status)
		}
	})
	t.Run("G91 a logout everywhere reaches every session at every server", func(t *testing.T) {
		first, second := signIn(t, r.one, r.one), signIn(t, r.two, r.two)
		r.one.logout(t, "?everywhere=true", first)
		r.two.refusedSoon(t, tokenOnly(second))
		r.two.refusedSoon(t, tokenOnly(first))
		for name, p := range map[string]*process{"one": r.one, "two": r.two} {
			if status := p.me(t, second); status != http.StatusUnauthorized {
				t.Errorf("server %s renews a session that was ended: status %d", name, status)
			}
		}
	})
	t.Run("G89 a server that is started later knows of it", func(t *testing.T) {
		cookies := signIn(t, r.one, r.one)
		r.one.logout(t, "", cookies)
		if status := run(t, r.cfg).me(t, tokenOnly(cookies)); status != http.StatusUnauthorized {
			t.Errorf("status %d", status)
		}
	})
}

// What one issues is good at the other at once, what one ends the other refuses, and what was used at one is used up at the other.
func TestG91_ReplicasWhoseClocksDiffer(t *testing.T) {
	r := newReplicas(t, tokenEndpoint)
	for _, apart := range []time.Duration{-30 * time.Second, 30 * time.Second} {
		wrong := runOptions(t, r.cfg, config.Listen{Public: "127.0.0.1:0", Internal: "127.0.0.1:0"}, Options{
			Now: func() time.Time { return time.Now().Add(apart) },
		})
		for name, pair := range map[string][2]*process{"ahead": {r.one, wrong}, "behind": {wrong, r.one}} {
			t.Run(fmt.Sprintf("%s, %s", apart, name), func(t *testing.T) {
				at, other := pair[0], pair[1]
				cookies := signIn(t, other, at)
				if status := other.me(t, tokenOnly(cookies)); status != http.StatusOK {
					t.Errorf("a JWT of the one at the other: status %d", status)
				}
				if status := other.me(t, cookies[len(cookies)-1:]); status != http.StatusOK {
					t.Errorf("a renewal at the other: status %d", status)
				}
				at.logout(t, "", cookies)
				other.refusedSoon(t, tokenOnly(cookies))
				token := r.idToken(t, at)
				if first, again := other.assertion(t, token), at.assertion(t, token); first != http.StatusOK || again != http.StatusBadRequest {
					t.Errorf("an ID token at both: status %d, then %d", first, again)
				}
			})
		}
	}
}

// token asks the token endpoint, and returns what came of refresh tokens and the status.
func (p *process) token(t *testing.T, pairs ...string) (string, int) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.public+"/auth/token", strings.NewReader(fields(pairs...)))
	if err != nil {
		t.Error(err)
		return "", 0
	}
	request.Host = "shop.example.com"
	request.Header.Set("Content-Type", formType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return "", 0
	}
	defer response.Body.Close()
	var got tokens
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Error(err)
	}
	return got.RefreshToken, response.StatusCode
}

// assertion signs in with an ID token and returns the status.
func (p *process) assertion(t *testing.T, idToken string) int {
	t.Helper()
	_, status := p.token(t, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion", idToken)
	return status
}

func (p *process) refresh(t *testing.T, token string) (string, int) {
	t.Helper()
	return p.token(t, "grant_type", "refresh_token", "refresh_token", token, "client_id", googletest.ClientID)
}

// refreshToken is the first one of a new session.
func (r *replicas) refreshToken(t *testing.T) string {
	t.Helper()
	token, status := r.one.token(t, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion", r.idToken(t, r.one))
	if status != http.StatusOK || token == "" {
		t.Fatalf("status %d; %s", status, r.one.logs)
	}
	return token
}

// idToken is what Google gives an app for a nonce of this server.
func (r *replicas) idToken(t *testing.T, p *process) string {
	t.Helper()
	response, err := http.DefaultClient.Do(p.request(t, "/auth/nonce?for=token"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var issued struct{ Nonce string }
	if err := json.NewDecoder(response.Body).Decode(&issued); err != nil {
		t.Fatal(err)
	}
	token, err := r.google.MintIDToken(googletest.ClientID, "ann@example.com", issued.Nonce)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestJ5_ACredentialIsGoodOnceAtAllReplicas(t *testing.T) {
	r := newReplicas(t, tokenEndpoint)

	token := r.idToken(t, r.one)
	for i, p := range []*process{r.two, r.one, r.two, run(t, r.cfg)} {
		want := http.StatusBadRequest
		if i == 0 {
			want = http.StatusOK
		}
		if status := p.assertion(t, token); status != want {
			t.Errorf("use %d: status %d, want %d; %s", i+1, status, want, p.logs)
		}
	}

	token = r.idToken(t, r.one)
	var (
		group sync.WaitGroup
		good  atomic.Int32
	)
	for i := range 20 {
		group.Go(func() {
			if []*process{r.one, r.two}[i%2].assertion(t, token) == http.StatusOK {
				good.Add(1)
			}
		})
	}
	group.Wait()
	if good.Load() != 1 {
		t.Errorf("%d of 20 uses at once succeeded", good.Load())
	}

	token = r.idToken(t, r.one)
	r.database.Stop()
	if status := r.one.assertion(t, token); status != http.StatusServiceUnavailable {
		t.Errorf("while the database is away: status %d, want 503", status)
	}
	r.database.StartAgain()
	if status := r.two.assertion(t, token); status != http.StatusOK {
		t.Errorf("what could not be used is lost: status %d; %s", status, r.two.logs)
	}
}

func TestB16_ACallbackIsGoodOnceAtAllReplicas(t *testing.T) {
	r := newReplicas(t)
	callback, cookies := r.one.proceed(t)
	for i, p := range []*process{r.two, r.one, r.two, run(t, r.cfg)} {
		response, err := p.ask(t, callback, cookies)
		if err != nil {
			t.Fatal(err)
		}
		want := http.StatusBadRequest
		if i == 0 {
			want = http.StatusSeeOther
		}
		if response.StatusCode != want {
			t.Errorf("use %d: status %d, want %d; %s", i+1, response.StatusCode, want, p.logs)
		}
	}
	if got := r.google.Calls(googletest.Token); got != 1 {
		t.Errorf("the code was sent %d times, want once", got)
	}

	// Nobody knows whether it is the first while the database is away: then the code stays unspent.
	callback, cookies = r.one.proceed(t)
	r.database.Stop()
	response, err := r.one.ask(t, callback, cookies)
	if err != nil || !strings.Contains(response.Header.Get("Location"), "error=temporarily_unavailable") {
		t.Errorf("while the database is away: %v, %v", response, err)
	}
	if got := r.google.Calls(googletest.Token); got != 1 {
		t.Errorf("a code was sent while nobody knew: %d calls", got)
	}
}

func TestReplicas_MakeOneUserOfAHundredFirstLogins(t *testing.T) {
	r := newReplicas(t)
	type pending struct {
		at       *process
		callback string
		cookies  []*http.Cookie
	}
	var all []pending
	for i := range 100 {
		p := []*process{r.one, r.two}[i%2]
		callback, cookies := p.proceed(t)
		all = append(all, pending{p, callback, cookies})
	}
	var group sync.WaitGroup
	for _, one := range all {
		group.Go(func() {
			response, err := one.at.ask(t, one.callback, one.cookies)
			if err != nil || response.Header.Get("Location") != home {
				t.Errorf("callback: %v, %v", response, err)
			}
		})
	}
	group.Wait()
	conn := r.database.Connect(r.uri)
	defer conn.Close(context.Background())
	var users, sessions int
	err := conn.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM googlelogin.users), (SELECT count(*) FROM googlelogin.sessions)").Scan(&users, &sessions)
	if err != nil || users != 1 || sessions != 100 {
		t.Errorf("%d users with %d sessions (%v), want 1 with 100", users, sessions, err)
	}
}

func TestReplicas_OutliveTheirDatabase(t *testing.T) {
	r := newReplicas(t)
	cookies := signIn(t, r.one, r.one)
	r.database.Stop()

	handle := cookies[len(cookies)-1:]
	if status := r.one.me(t, handle); status != http.StatusServiceUnavailable {
		t.Errorf("G93 a renewal while the database is away: status %d, want 503", status)
	}
	r.database.StartAgain()
	if status := r.one.me(t, handle); status != http.StatusOK {
		t.Errorf("a renewal after the database came back: status %d; %s", status, r.one.logs)
	}
	for name, p := range map[string]*process{"one": r.one, "two": r.two} {
		if strings.Contains(p.logs.String(), postgrestest.Password) {
			t.Errorf("M8 the log of server %s has the database's password", name)
		}
	}
}

func TestE72_WhatAnAdministratorDoesAtOneReplicaHoldsAtTheOther(t *testing.T) {
	cluster := workloadtest.ECDSA(t, time.Now)
	r := newReplicas(t)
	cfg := r.cfg
	administered(cluster, filepath.Join(t.TempDir(), "cluster-keys.json"))(&cfg)
	p, desk := runAdministered(t, cfg, cluster)
	for _, row := range []struct{ method, path string }{{"DELETE", "/sessions"}, {"POST", "/block"}, {"POST", "/unblock"}, {"DELETE", ""}} {
		if row.path == "/unblock" {
			desk.do(row.method, "/v1/users/"+r.onlyUser(t)+row.path, "")
			continue
		}
		cookies := signIn(t, r.one, r.two)
		desk.do(row.method, "/v1/users/"+r.onlyUser(t)+row.path, "")
		if status := p.me(t, tokenOnly(cookies)); status != http.StatusUnauthorized {
			t.Errorf("%s %s: the replica that did it answers %d", row.method, row.path, status)
		}
		r.one.refusedSoon(t, tokenOnly(cookies))
		r.two.refusedSoon(t, cookies)
	}
}

// onlyUser is the ID of the one user there is.
func (r *replicas) onlyUser(t *testing.T) string {
	t.Helper()
	conn := r.database.Connect(r.uri)
	defer conn.Close(context.Background())
	var id string
	if err := conn.QueryRow(t.Context(), "SELECT id FROM googlelogin.users").Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}
