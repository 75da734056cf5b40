package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
	"github.com/googlelogin/operator/server/workload"
)

func administered(login *v1beta1.GoogleLogin) {
	login.Spec.InternalAPI.Callers = []v1beta1.Caller{{ServiceAccount: "desk", Permissions: []v1beta1.Permission{v1beta1.PermissionUsers}}}
}

// keySource is a cluster that answers as a test says.
type keySource struct {
	keys desired.ClusterKeys
	err  error
}

func (k *keySource) Read(context.Context) (desired.ClusterKeys, error) { return k.keys, k.err }

// A token that this API server makes is verified, offline, with what the server is given.
func TestClusterKeys_OfTheAPIServerVerifyItsTokens(t *testing.T) {
	w := newWorld(t)
	source, err := NewClusterKeys(plane.Config(t), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	w.r.ClusterKeys = source
	w.started(administered)
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)

	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "desk"}}
	w.create(account)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: []string{workload.Audience}}}
	if err := w.c.SubResource("token").Create(w.ctx, account, request); err != nil {
		t.Fatal(err)
	}
	config := &corev1.ConfigMap{}
	w.get("shop-config", config)
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, []byte(config.Data[desired.ClusterKeysKey]), 0o600); err != nil {
		t.Fatal(err)
	}
	keys := new(workload.Keys)
	if err := keys.Load(path); err != nil {
		t.Fatal(err)
	}
	read, err := source.Read(t.Context())
	if err != nil || !strings.Contains(config.Data[desired.ConfigKey], "issuer: "+read.Issuer) {
		t.Errorf("issuer %q (%v) is not in the configuration", read.Issuer, err)
	}
	got, err := workload.New(keys, read.Issuer, w.ns+"/shop", time.Now).Verify(request.Status.Token)
	if want := (workload.Account{Namespace: w.ns, Name: "desk"}); got != want || err != nil {
		t.Errorf("token is of %q (%v), want %q", got, err, want)
	}

	w.writes.take()
	if result := w.reconcile(); result.RequeueAfter <= 0 || result.RequeueAfter > clusterKeysRecheck {
		t.Errorf("looks again after %s", result.RequeueAfter)
	}
	if writes := w.writes.take(); len(writes) > 0 {
		t.Errorf("a pass with nothing to do writes %v", writes)
	}
}

func TestClusterKeys_WithoutThemWhatRunsIsLeftRunning(t *testing.T) {
	w := newWorld(t)
	source := &keySource{keys: desired.ClusterKeys{Issuer: "https://cluster.example", JWKS: `{"keys":["old"]}`}}
	w.r.ClusterKeys = source
	w.started(administered)
	before := &appsv1.Deployment{}
	w.get("shop-googlelogin", before)

	for name, row := range map[string]struct {
		err       error
		reason    string
		condition string
	}{
		"unreachable": {errors.New("dial tcp: connection refused"), v1beta1.ReasonClusterKeysUnavailable, v1beta1.ConditionReconciling},
		"forbidden":   {fmt.Errorf("read: %w", errClusterKeysForbidden), v1beta1.ReasonClusterKeysForbidden, v1beta1.ConditionStalled},
	} {
		source.err = row.err
		source.keys = desired.ClusterKeys{}
		w.reconcile()
		got := w.wantCondition(v1beta1.ConditionKeysReady, metav1.ConditionFalse, row.reason)
		w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, row.reason)
		w.wantCondition(row.condition, metav1.ConditionTrue, row.reason)
		if strings.Contains(got.Message, "dial tcp") {
			t.Errorf("%s: the message has the cause: %s", name, got.Message)
		}
		after, config := &appsv1.Deployment{}, &corev1.ConfigMap{}
		w.get("shop-googlelogin", after)
		w.get("shop-config", config)
		if after.Generation != before.Generation || config.Data[desired.ClusterKeysKey] != `{"keys":["old"]}` {
			t.Errorf("%s: what runs was changed", name)
		}
	}

	// The cluster has a new key: the file changes, the pods stay.
	source.err, source.keys = nil, desired.ClusterKeys{Issuer: "https://cluster.example", JWKS: `{"keys":["new"]}`}
	w.reconcile()
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)
	after, config := &appsv1.Deployment{}, &corev1.ConfigMap{}
	w.get("shop-googlelogin", after)
	w.get("shop-config", config)
	if after.Generation != before.Generation || config.Data[desired.ClusterKeysKey] != `{"keys":["new"]}` {
		t.Errorf("generation %d, want %d; keys %s", after.Generation, before.Generation, config.Data[desired.ClusterKeysKey])
	}
}

// Whoever is shut out must be out, users and callers alike, while nobody can read the cluster's keys.
func TestE76_APolicyReachesAServerWhoseClusterKeysCannotBeRead(t *testing.T) {
	w := newWorld(t)
	source := &keySource{keys: desired.ClusterKeys{Issuer: "https://cluster.example", JWKS: `{"keys":["old"]}`}}
	w.r.ClusterKeys = source
	w.started(administered, func(login *v1beta1.GoogleLogin) {
		login.Spec.InternalAPI.Callers = append(login.Spec.InternalAPI.Callers,
			v1beta1.Caller{ServiceAccount: "dismissed", Permissions: []v1beta1.Permission{v1beta1.PermissionUsers}})
	})
	before := &appsv1.Deployment{}
	w.get("shop-googlelogin", before)
	source.keys, source.err = desired.ClusterKeys{}, errClusterKeysForbidden
	login := w.login()
	administered(login)
	w.update(login)
	w.changeAccess("narrower.example")
	w.reconcile()
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonClusterKeysForbidden)
	config, after := &corev1.ConfigMap{}, &appsv1.Deployment{}
	w.get("shop-config", config)
	written := config.Data[desired.ConfigKey]
	if !strings.Contains(written, "narrower.example") || strings.Contains(written, "dismissed") || !strings.Contains(written, "serviceAccount: desk") {
		t.Errorf("the server goes on with the policy before:\n%s", written)
	}
	if want := (desired.ClusterKeys{Issuer: "https://cluster.example", JWKS: `{"keys":["old"]}`}); desired.ClusterKeysOf(config.Data) != want {
		t.Errorf("the server has %+v, want %+v", desired.ClusterKeysOf(config.Data), want)
	}
	w.get("shop-googlelogin", after)
	if after.Generation != before.Generation {
		t.Error("the server was replaced")
	}
}

// What somebody has written into the ConfigMap must not become what we vouch for.
func TestClusterKeys_OfSomebodyElseAreNotKept(t *testing.T) {
	w := newWorld(t)
	source := &keySource{keys: desired.ClusterKeys{Issuer: "https://cluster.example", JWKS: `{"keys":["old"]}`}}
	w.r.ClusterKeys = source
	w.started(administered)
	config := &corev1.ConfigMap{}
	w.get("shop-config", config)
	config.Data[desired.ClusterKeysKey] = `{"keys":["forged"]}`
	w.update(config)
	source.err = errors.New("away")
	w.changeAccess("narrower.example")
	w.reconcile()
	w.get("shop-config", config)
	if strings.Contains(config.Data[desired.ConfigKey], "narrower.example") {
		t.Errorf("forged keys were taken over:\n%s", config.Data[desired.ConfigKey])
	}
	source.err = nil
	w.reconcile()
	w.get("shop-config", config)
	if got := config.Data[desired.ClusterKeysKey]; got != `{"keys":["old"]}` || !strings.Contains(config.Data[desired.ConfigKey], "narrower.example") {
		t.Errorf("keys %s", got)
	}
}

func TestClusterKeys_NobodyAsksWithoutCallers(t *testing.T) {
	w := newWorld(t)
	w.r.ClusterKeys = &keySource{err: errors.New("asked")}
	w.started()
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)
	service := &corev1.Service{}
	w.get("shop-googlelogin", service)
	for _, port := range service.Spec.Ports {
		if port.Name == "admin" {
			t.Error("the admin port is open for nobody")
		}
	}
}

// publisher plays an API server.
func publisher(t *testing.T, documents map[string]string, status int) (*ClusterKeys, *int, *time.Time) {
	t.Helper()
	asked, now := 0, time.Unix(1_800_000_000, 0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.WriteHeader(status)
		_, _ = w.Write([]byte(documents[r.URL.Path]))
	}))
	t.Cleanup(server.Close)
	keys, err := NewClusterKeys(&rest.Config{Host: server.URL}, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return keys, &asked, &now
}

const (
	discoveryPath, jwksPath = "/.well-known/openid-configuration", "/openid/v1/jwks"
	// From RFC 7517, A.1; the second has its private half, A.2.
	ecKey      = `{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"%s"}`
	privateKey = `{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE","kid":"p"}`
)

func key(kid string) string { return fmt.Sprintf(ecKey, kid) }

func TestClusterKeys_AreReadSeldomAndWrittenInOneWay(t *testing.T) {
	documents := map[string]string{
		discoveryPath: `{"issuer":"https://cluster.example","jwks_uri":"https://bucket.example/keys"}`,
		jwksPath:      `{"keys":[` + key("b") + `,` + privateKey + `,` + key("a") + `,` + key("") + `]}`,
	}
	keys, asked, now := publisher(t, documents, http.StatusOK)
	first, err := keys.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	documents[jwksPath] = `{"keys":[` + key("a") + `,` + key("b") + `]}`
	if again, err := keys.Read(t.Context()); err != nil || again != first || *asked != 2 {
		t.Errorf("asked %d times, %v", *asked, err)
	}
	*now = now.Add(clusterKeysFor)
	if later, err := keys.Read(t.Context()); err != nil || *asked != 4 || !cmp.Equal(first, later) {
		t.Errorf("asked %d times (%v), another order makes a difference:\n%s", *asked, err, cmp.Diff(first, later))
	}
	if first.Issuer != "https://cluster.example" || strings.Contains(first.JWKS, `"d"`) || strings.Count(first.JWKS, `"kid"`) != 2 {
		t.Errorf("%+v", first)
	}
}

func TestClusterKeys_WhatIsNoAnswerIsAnError(t *testing.T) {
	good := map[string]string{discoveryPath: `{"issuer":"https://cluster.example"}`, jwksPath: `{"keys":[` + key("a") + `]}`}
	for name, row := range map[string]struct {
		path, document string
		status         int
		forbidden      bool
	}{
		"forbidden":       {"", "", http.StatusForbidden, true},
		"unauthenticated": {"", "", http.StatusUnauthorized, true},
		"not there":       {"", "", http.StatusNotFound, false},
		"no issuer":       {discoveryPath, "{}", http.StatusOK, false},
		"no JSON":         {discoveryPath, "<html>", http.StatusOK, false},
		"no keys":         {jwksPath, `{"keys":[]}`, http.StatusOK, false},
		"private keys":    {jwksPath, `{"keys":[` + privateKey + `]}`, http.StatusOK, false},
		"too long":        {jwksPath, strings.Repeat(" ", maxClusterDocument) + good[jwksPath], http.StatusOK, false},
	} {
		documents := map[string]string{discoveryPath: good[discoveryPath], jwksPath: good[jwksPath]}
		if row.path != "" {
			documents[row.path] = row.document
		}
		keys, _, _ := publisher(t, documents, row.status)
		got, err := keys.Read(t.Context())
		if err == nil || errors.Is(err, errClusterKeysForbidden) != row.forbidden || got != (desired.ClusterKeys{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
