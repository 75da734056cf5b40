package server

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/workload/workloadtest"
)

// administered lets team/desk call, and says whose keys its tokens are verified with.
func administered(cluster *workloadtest.Cluster, path string) func(*config.Config) {
	return func(c *config.Config) {
		cluster.WriteJWKS(path)
		c.Listen.Admin = "127.0.0.1:0"
		c.InternalAPI = config.InternalAPI{
			Issuer: workloadtest.Issuer, KeysFile: path, Callers: []config.Caller{{
				Namespace: "team", ServiceAccount: "desk", Permissions: []config.Permission{config.PermissionUsers, config.PermissionSessions},
			}},
		}
	}
}

// administrator calls the admin API as team/desk.
type administrator struct {
	t       *testing.T
	cluster *workloadtest.Cluster
	base    string
}

// call returns the status and the answer.
func (a administrator) call(method, target, body string) (int, map[string]any) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.base+target, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+a.cluster.Token("team", "desk"))
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(content, &out); err != nil {
		a.t.Fatalf("%s: %v", content, err)
	}
	return response.StatusCode, out
}

// do calls, and wants a success.
func (a administrator) do(method, target, body string) {
	a.t.Helper()
	if status, got := a.call(method, target, body); status != http.StatusOK {
		a.t.Fatalf("%s %s: %d %v", method, target, status, got)
	}
}

func (w *world) administrator(t *testing.T, cluster *workloadtest.Cluster) administrator {
	t.Helper()
	s := httptest.NewServer(w.app.admin)
	t.Cleanup(s.Close)
	return administrator{t, cluster, s.URL}
}

// E72 and what an administrator does about it: whoever may no longer be here is refused wherever the server is asked, at once.
func TestE72_WhatAnAdministratorDoesHoldsEverywhereAtOnce(t *testing.T) {
	for name, row := range map[string]struct {
		method, path, body string
		// again is where a new login ends.
		again string
	}{
		"E72 blocked":    {"POST", "/block", "", "account_blocked"},
		"E72 deleted":    {"DELETE", "", "", ""},
		"E72 relinked":   {"POST", "/relink", `{"subject":"` + newSubject + `"}`, "account_conflict"},
		"E72 signed out": {"DELETE", "/sessions", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := workloadtest.ECDSA(t, time.Now)
			w := newWorld(t, administered(cluster, filepath.Join(t.TempDir(), "cluster-keys.json")), refreshTokens)
			desk := w.administrator(t, cluster)
			b, app := w.browser(), w.client()
			b.login()
			user := b.id()
			tokens := app.signIn("ann@example.com")

			desk.do(row.method, "/v1/users/"+user+row.path, row.body)

			if b.signedIn() {
				t.Error("me: still signed in")
			}
			if a := b.check("nginx", forwarded("GET", "/")...); a.StatusCode != http.StatusUnauthorized {
				t.Errorf("forward auth: status %d", a.StatusCode)
			}
			if a := b.refresh(); a.StatusCode != http.StatusUnauthorized {
				t.Errorf("refresh: status %d", a.StatusCode)
			}
			app.wantMe(tokens.AccessToken, http.StatusUnauthorized)
			deniedRefresh(t, app.refresh(tokens.RefreshToken), "invalid_grant")
			again := w.browser()
			if got := again.login().redirected(t); (row.again == "") != (got == home) || (row.again != "" && param(t, got, "error") != row.again) {
				t.Errorf("a new login ends at %s", got)
			}
		})
	}
}

func TestE72_UnblockIsTheWayBackAndADeletedUserComesBackAsSomebodyNew(t *testing.T) {
	cluster := workloadtest.ECDSA(t, time.Now)
	w := newWorld(t, administered(cluster, filepath.Join(t.TempDir(), "cluster-keys.json")))
	desk := w.administrator(t, cluster)
	b := w.browser()
	b.login()
	user := b.id()
	desk.do("POST", "/v1/users/"+user+"/block", "")
	desk.do("POST", "/v1/users/"+user+"/unblock", "")
	if b.signedIn() {
		t.Error("unblocking brought a session back")
	}
	b.login()
	if b.id() != user {
		t.Error("came back as somebody else")
	}
	desk.do("DELETE", "/v1/users/"+user, "")
	b.login()
	if b.id() == user {
		t.Error("a deleted user came back as themselves")
	}
}

// What administrators may do, and who they are, changes with the configuration; the port and the file stay.
func TestLoad_FollowsTheCallersOfTheAdminAPI(t *testing.T) {
	cluster := workloadtest.ECDSA(t, time.Now)
	w := newWorld(t, administered(cluster, filepath.Join(t.TempDir(), "cluster-keys.json")))
	desk := w.administrator(t, cluster)
	desk.do("GET", "/v1/users", "")
	w.changed(func(c *config.Config) {
		c.InternalAPI.Callers[0].Permissions = []config.Permission{config.PermissionSessions}
	})
	if status, got := desk.call("GET", "/v1/users", ""); status != http.StatusForbidden {
		t.Errorf("%d %v", status, got)
	}
	w.changed(func(c *config.Config) { c.InternalAPI.Issuer = "https://other.example.com" })
	if status, got := desk.call("GET", "/v1/users", ""); status != http.StatusUnauthorized {
		t.Errorf("%d %v", status, got)
	}
	if err := w.change(func(c *config.Config) { c.InternalAPI, c.Listen.Admin = config.InternalAPI{}, "" }); err == nil {
		t.Error("the port would stay open for nobody")
	}
}

// freePort is an address that nobody listens at.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// runAdministered is run with the admin port open.
func runAdministered(t *testing.T, cfg config.Config, cluster *workloadtest.Cluster) (*process, administrator) {
	t.Helper()
	address := freePort(t)
	p := runWith(t, cfg, config.Listen{Public: "127.0.0.1:0", Internal: "127.0.0.1:0", Admin: address})
	return p, administrator{t, cluster, "http://" + address}
}

func TestRun_ListensForAdministratorsAndFollowsTheKeysOfTheCluster(t *testing.T) {
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	cfg := localConfig(t, google.URL)
	before, after := workloadtest.ECDSA(t, time.Now), workloadtest.RSA(t, time.Now)
	administered(before, filepath.Join(t.TempDir(), "cluster-keys.json"))(&cfg)
	p, desk := runAdministered(t, cfg, before)
	desk.do("GET", "/v1/users", "")

	after.WriteJWKS(cfg.InternalAPI.KeysFile)
	desk.cluster = after
	// The test's own deadline bounds it.
	for status := 0; status != http.StatusOK; status, _ = desk.call("GET", "/v1/users", "") {
		time.Sleep(20 * time.Millisecond)
	}
	desk.cluster = before
	if status, _ := desk.call("GET", "/v1/users", ""); status != http.StatusUnauthorized {
		t.Errorf("a token of the key that is gone: status %d", status)
	}
	p.until(t, `googlelogin_admin_requests_total{operation="users.list",outcome="success"} 2`,
		`googlelogin_admin_requests_total{operation="users.list",outcome="refused"}`)
	if response, err := p.ask(t, "/v1/users", nil); err != nil || response.StatusCode != http.StatusNotFound {
		t.Errorf("M7 the public port: %v, %v", response, err)
	}
	if response, err := http.Get(p.internal + "/v1/users"); err != nil || response.StatusCode != http.StatusNotFound {
		t.Errorf("M7 the port of the probes: %v, %v", response, err)
	}

	p.stop()
	if err := <-p.done; err != nil {
		t.Errorf("ended with %v", err)
	}
	if connection, err := net.Dial("tcp", strings.TrimPrefix(desk.base, "http://")); err == nil {
		_ = connection.Close()
		t.Error("the port is still open")
	}
}

// The keys of the cluster are the operator's to bring. Users sign in without them.
func TestRun_UsersSignInWithoutTheKeysOfTheCluster(t *testing.T) {
	google := googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"})
	cfg := localConfig(t, google.URL)
	cluster := workloadtest.ECDSA(t, time.Now)
	administered(cluster, filepath.Join(t.TempDir(), "cluster-keys.json"))(&cfg)
	write(t, cfg.InternalAPI.KeysFile, "{}")
	p, desk := runAdministered(t, cfg, cluster)
	if status, got := desk.call("GET", "/v1/users", ""); status != http.StatusServiceUnavailable || got["code"] != "keys_unavailable" {
		t.Errorf("%d %v", status, got)
	}
	signIn(t, p, p)
}
