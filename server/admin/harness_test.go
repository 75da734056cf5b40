package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/admin"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/limit"
	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/store/memory"
	"github.com/googlelogin/operator/server/users"
	"github.com/googlelogin/operator/server/workload"
	"github.com/googlelogin/operator/server/workload/workloadtest"
)

const googleIssuer = "https://accounts.google.com"

var start = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

// office is the API over a memory store with Ann, Bob and their sessions.
type office struct {
	t       *testing.T
	handler http.Handler
	store   *failingStore
	cluster *workloadtest.Cluster
	logs    *bytes.Buffer
	counted []string
	now     time.Time
}

// failingStore is a memory store that can be away.
type failingStore struct {
	*memory.Store
	away bool
}

var errAway = errors.New("connection refused")

func (s *failingStore) problem() error {
	if s.away {
		return errAway
	}
	return nil
}

func (s *failingStore) User(ctx context.Context, id string) (identity.User, error) {
	if err := s.problem(); err != nil {
		return identity.User{}, err
	}
	return s.Store.User(ctx, id)
}

func (s *failingStore) UserByEmail(ctx context.Context, email string) (identity.User, error) {
	if err := s.problem(); err != nil {
		return identity.User{}, err
	}
	return s.Store.UserByEmail(ctx, email)
}

func (s *failingStore) UserByIdentity(ctx context.Context, issuer, subject string) (identity.User, error) {
	if err := s.problem(); err != nil {
		return identity.User{}, err
	}
	return s.Store.UserByIdentity(ctx, issuer, subject)
}

func (s *failingStore) ListUsers(ctx context.Context, p users.Page) ([]identity.User, error) {
	if err := s.problem(); err != nil {
		return nil, err
	}
	return s.Store.ListUsers(ctx, p)
}

func (s *failingStore) ChangeUser(
	ctx context.Context, id string, at time.Time, change func(identity.User) (identity.User, error),
) (identity.User, []string, error) {
	if err := s.problem(); err != nil {
		return identity.User{}, nil, err
	}
	return s.Store.ChangeUser(ctx, id, at, change)
}

func (s *failingStore) DeleteUser(ctx context.Context, id string, at time.Time) ([]string, error) {
	if err := s.problem(); err != nil {
		return nil, err
	}
	return s.Store.DeleteUser(ctx, id, at)
}

// newOffice lets shops/desk do everything, shops/people the users and shops/doors the sessions.
func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, logs: new(bytes.Buffer), store: &failingStore{Store: memory.New()}, now: start}
	o.cluster = workloadtest.ECDSA(t, func() time.Time { return start })
	path := filepath.Join(t.TempDir(), "cluster-keys.json")
	o.cluster.WriteJWKS(path)
	keys := new(workload.Keys)
	if err := keys.Load(path); err != nil {
		t.Fatal(err)
	}
	o.handler = o.serve(keys, o.clock)
	o.fill()
	return o
}

func (o *office) clock() time.Time { return o.now }

func (o *office) serve(keys *workload.Keys, now func() time.Time) http.Handler {
	sessions := session.New(session.Options{
		Config: config.Session{Lifetime: config.Duration(time.Hour), IdleTimeout: config.Duration(time.Hour), AccessTokenTTL: config.Duration(time.Minute)},
		Store:  o.store, Now: now,
	})
	return admin.New(admin.Options{
		Instance: "shops/shop", Issuer: googleIssuer,
		Callers: []config.Caller{
			{Namespace: "shops", ServiceAccount: "desk", Permissions: []config.Permission{config.PermissionUsers, config.PermissionSessions}},
			{Namespace: "shops", ServiceAccount: "people", Permissions: []config.Permission{config.PermissionUsers}},
			{Namespace: "shops", ServiceAccount: "doors", Permissions: []config.Permission{config.PermissionSessions}},
			{Namespace: "shops", ServiceAccount: "tokens", Permissions: []config.Permission{config.PermissionTokens}},
		},
		Verifier: workload.New(keys, workloadtest.Issuer, "shops/shop", now),
		Users:    users.NewDirectory(o.store, now), Sessions: sessions, Families: o.store,
		Limiter: limit.New(limit.Options{PerMinute: 100, Burst: 100, Keys: 10, Now: now}),
		Metrics: o, Now: now, Rand: strings.NewReader(strings.Repeat("0123456789abcdef", 1000)),
		Log: slog.New(slog.NewJSONHandler(o.logs, nil)),
	})
}

// Request implements admin.Metrics, as the next one does.
func (o *office) Request(operation, method string, status int, _ time.Duration) {
	o.counted = append(o.counted, fmt.Sprint(operation, " ", method, " ", status))
}

func (o *office) SessionEnded(everywhere bool) {
	o.counted = append(o.counted, fmt.Sprint("ended ", everywhere))
}

func ann() identity.User {
	return identity.User{
		ID: "user-ann", Issuer: googleIssuer, Subject: "1", Email: "ann@example.com", EmailVerified: true, HostedDomain: "example.com",
		Name: "Ann Lee", GivenName: "Ann", FamilyName: "Lee", Picture: "https://pictures.example.com/ann", CreatedAt: start, LastLoginAt: start,
	}
}

func bob() identity.User {
	return identity.User{ID: "user-bob", Issuer: googleIssuer, Subject: "2", Email: "bob@gmail.com", EmailVerified: true, CreatedAt: start, LastLoginAt: start}
}

func (o *office) fill() {
	o.t.Helper()
	ctx := o.t.Context()
	for i, u := range []identity.User{ann(), bob()} {
		_, err := o.store.SaveUser(ctx, u.Issuer, u.Subject, func(identity.User) (identity.User, error) { return u, nil })
		if err != nil {
			o.t.Fatal(err)
		}
		for n := range 2 {
			s := identity.Session{
				ID: fmt.Sprintf("s-%d%d", i, n), HandleHash: [32]byte{200, byte(i), byte(n)}, UserID: u.ID, CreatedAt: start.Add(time.Duration(n) * time.Second),
				LastUsedAt: start, ExpiresAt: start.Add(time.Hour), UserAgent: "Browser/1.0",
			}
			if err := o.store.CreateSession(ctx, s); err != nil {
				o.t.Fatal(err)
			}
			family := refresh.Family{Session: s, ClientID: "app", Number: 3, Salt: [32]byte{201, 1}, Hash: [32]byte{202, 2}, RotatedAt: start}
			if n > 0 {
				continue
			}
			if err := o.store.CreateFamily(ctx, family); err != nil {
				o.t.Fatal(err)
			}
		}
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	text   string
}

func (a answer) code() string {
	code, _ := a.body["code"].(string)
	return code
}

// ask calls as a ServiceAccount of the namespace shops; edit changes the request before.
func (o *office) ask(account, method, target, body string, edit ...func(*http.Request)) answer {
	o.t.Helper()
	r := httptest.NewRequestWithContext(o.t.Context(), method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+o.cluster.Token("shops", account))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, e := range edit {
		e(r)
	}
	recorded := httptest.NewRecorder()
	o.handler.ServeHTTP(recorded, r)
	a := answer{status: recorded.Code, header: recorded.Header(), text: recorded.Body.String()}
	if err := json.Unmarshal(recorded.Body.Bytes(), &a.body); err != nil {
		o.t.Fatalf("%s %s: %d %q is no JSON object: %v", method, target, a.status, a.text, err)
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		o.t.Errorf("%s %s: Cache-Control %q", method, target, got)
	}
	return a
}

// audits are the audit events so far, whole but for what differs in each request.
func (o *office) audits() []map[string]any {
	o.t.Helper()
	var found []map[string]any
	for line := range strings.Lines(o.logs.String()) {
		var entry struct{ Audit map[string]any }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			o.t.Fatal(err)
		}
		if entry.Audit != nil {
			maps.DeleteFunc(entry.Audit, func(key string, value any) bool {
				return key == "requestID" || key == "clientIP" || key == "version" || value == ""
			})
			found = append(found, entry.Audit)
		}
	}
	return found
}

func (o *office) wantAudits(want ...map[string]any) {
	o.t.Helper()
	if diff := cmp.Diff(want, o.audits()); diff != "" {
		o.t.Errorf("audit events (-want +got):\n%s", diff)
	}
}

// alive are the IDs of the user's sessions that were not ended.
func (o *office) alive(user string) []string {
	o.t.Helper()
	found, err := o.store.UserSessions(o.t.Context(), user, start, start.Add(-time.Hour), 10)
	if err != nil {
		o.t.Fatal(err)
	}
	var ids []string
	for _, s := range found {
		ids = append(ids, s.ID)
	}
	return ids
}

// kept is the user as the store has them; the zero User if it has not.
func (o *office) kept(id string) identity.User {
	o.t.Helper()
	u, err := o.store.Store.User(o.t.Context(), id)
	if err != nil && !errors.Is(err, users.ErrNotFound) {
		o.t.Fatal(err)
	}
	return u
}
