package controllers

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/googlelogin/operator/api/v1beta1"
)

func TestWaitsForTheClientSecret(t *testing.T) {
	w := newWorld(t)
	w.shop()
	w.reconcile()
	c := w.wantCondition(v1beta1.ConditionCredentialsReady, metav1.ConditionFalse, v1beta1.ReasonSecretNotFound)
	for _, word := range []string{`"shop-google"`, "client_id", "client_secret", "credentials.json"} {
		if !strings.Contains(c.Message, word) {
			t.Errorf("message %q does not name %s", c.Message, word)
		}
	}
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonSecretNotFound)
	w.wantCondition(v1beta1.ConditionReconciling, metav1.ConditionTrue, v1beta1.ReasonSecretNotFound)
	w.wantAbsent(v1beta1.ConditionStalled)
	w.wantCondition(v1beta1.ConditionKeysReady, metav1.ConditionTrue, v1beta1.ReasonKeysPublished)
	w.wantCondition(v1beta1.ConditionAvailable, metav1.ConditionFalse, v1beta1.ReasonWaiting)
	if w.exists("shop-googlelogin", &appsv1.Deployment{}) {
		t.Error("a server was started without credentials")
	}

	w.create(clientSecret(w.ns))
	w.reconcile()
	w.wantCondition(v1beta1.ConditionCredentialsReady, metav1.ConditionTrue, v1beta1.ReasonCredentialsFound)
	if !w.exists("shop-googlelogin", &appsv1.Deployment{}) {
		t.Error("no server was started once the Secret was there")
	}
}

func TestBadCredentialsAreStalledAndStartNothing(t *testing.T) {
	w := newWorld(t)
	secret := clientSecret(w.ns)
	secret.StringData = map[string]string{"credentials.json": `{"installed":{"client_id":"id-1","client_secret":"hunter2-canary"}}`}
	w.create(secret)
	w.shop()
	w.reconcile()
	w.wantCondition(v1beta1.ConditionCredentialsReady, metav1.ConditionFalse, v1beta1.ReasonInvalidCredentials)
	w.wantCondition(v1beta1.ConditionStalled, metav1.ConditionTrue, v1beta1.ReasonInvalidCredentials)
	w.wantAbsent(v1beta1.ConditionReconciling)
	if w.exists("shop-googlelogin", &appsv1.Deployment{}) {
		t.Error("a server was started with bad credentials")
	}
}

func TestLosingTheClientSecretLeavesTheServerRunning(t *testing.T) {
	w := newWorld(t)
	login := w.started()
	before := &appsv1.Deployment{}
	w.get("shop-googlelogin", before)
	w.delete(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "shop-google"}})
	// Even a changed spec waits: a new revision could not sign anybody in.
	w.get("shop", login)
	login.Spec.Google.Issuer = "http://other.demo.svc:8080"
	w.update(login)
	w.writes.take()
	w.reconcile()
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonSecretNotFound)
	w.wantCondition(v1beta1.ConditionAvailable, metav1.ConditionTrue, v1beta1.ReasonAvailable)
	after := &appsv1.Deployment{}
	w.get("shop-googlelogin", after)
	if before.ResourceVersion != after.ResourceVersion {
		t.Error("the running server was touched")
	}
	if got := w.login().Status.ReadyReplicas; got != 1 {
		t.Errorf("readyReplicas %d of a server that still runs, want 1", got)
	}

	w.create(clientSecret(w.ns))
	w.reconcile()
	w.wantCondition(v1beta1.ConditionAvailable, metav1.ConditionFalse, v1beta1.ReasonRolloutInProgress)
	w.rollOut()
	w.reconcile()
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)
}

func TestTheDeploymentMountsOnlyTheKeysThatTheSpecNames(t *testing.T) {
	w := newWorld(t)
	w.started()
	d := &appsv1.Deployment{}
	w.get("shop-googlelogin", d)
	for _, v := range d.Spec.Template.Spec.Volumes {
		if v.Secret == nil {
			continue
		}
		if len(v.Secret.Items) == 0 {
			t.Errorf("volume %s mounts every key of Secret %s", v.Name, v.Secret.SecretName)
		}
	}
}

// Whoever is shut out must be out, with or without the Secret.
func TestE76_APolicyReachesAServerThatHasLostItsClientSecret(t *testing.T) {
	w := newWorld(t)
	w.started()
	before := &appsv1.Deployment{}
	w.get("shop-googlelogin", before)
	w.deleteAtOnce(clientSecret(w.ns))
	w.changeAccess("narrower.example")
	w.reconcile()
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonSecretNotFound)
	config, after := &corev1.ConfigMap{}, &appsv1.Deployment{}
	w.get("shop-config", config)
	if !strings.Contains(config.Data["config.yaml"], "narrower.example") {
		t.Error("the server goes on with the policy before")
	}
	w.get("shop-googlelogin", after)
	if after.Generation != before.Generation {
		t.Error("the server was replaced by one without credentials")
	}

	t.Log("what another server is to take waits")
	image := w.r.ServerImage
	w.r.ServerImage = "registry.example/server:next"
	w.changeAccess("narrowest.example")
	w.wantOnlyStatusWritten()

	t.Log("what the running server could not take waits")
	w.r.ServerImage = image
	login := w.login()
	login.Spec.ForwardAuth.ExtAuthz = v1beta1.Enabled
	w.update(login)
	w.wantOnlyStatusWritten()
}

func (w *world) wantOnlyStatusWritten() {
	w.Helper()
	w.writes.take()
	w.reconcile()
	for _, write := range w.writes.take() {
		if write != "patch status shop" {
			w.Errorf("wrote %s", write)
		}
	}
}
