package controllers

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/googlelogin/operator/api/v1beta1"
)

func TestANewGoogleLoginBecomesReady(t *testing.T) {
	w := newWorld(t)
	w.create(clientSecret(w.ns))
	if login := w.shop(); login.Status.ObservedGeneration != -1 {
		t.Errorf("a new object observed generation %d, want -1 so that nobody takes it for ready", login.Status.ObservedGeneration)
	}

	w.reconcile()
	w.wantCondition(v1beta1.ConditionAccepted, metav1.ConditionTrue, v1beta1.ReasonAccepted)
	w.wantCondition(v1beta1.ConditionCredentialsReady, metav1.ConditionTrue, v1beta1.ReasonCredentialsFound)
	w.wantCondition(v1beta1.ConditionKeysReady, metav1.ConditionTrue, v1beta1.ReasonKeysPublished)
	w.wantCondition(v1beta1.ConditionStorageReady, metav1.ConditionFalse, v1beta1.ReasonVolumePending)
	w.wantCondition(v1beta1.ConditionAvailable, metav1.ConditionFalse, v1beta1.ReasonRolloutInProgress)
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonVolumePending)
	w.wantCondition(v1beta1.ConditionReconciling, metav1.ConditionTrue, v1beta1.ReasonVolumePending)
	w.wantAbsent(v1beta1.ConditionStalled)

	w.bindClaim()
	w.reconcile()
	w.wantCondition(v1beta1.ConditionStorageReady, metav1.ConditionTrue, v1beta1.ReasonVolumeBound)
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonRolloutInProgress)
	w.wantCondition(v1beta1.ConditionReconciling, metav1.ConditionTrue, v1beta1.ReasonRolloutInProgress)

	w.rollOut()
	w.reconcile()
	w.wantCondition(v1beta1.ConditionAvailable, metav1.ConditionTrue, v1beta1.ReasonAvailable)
	ready := w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)
	if want := "users can sign in at https://shop.example.com/auth/login"; ready.Message != want {
		t.Errorf("Ready says %q, want %q", ready.Message, want)
	}
	w.wantAbsent(v1beta1.ConditionReconciling)
	w.wantAbsent(v1beta1.ConditionStalled)
}

func TestStatusDescribesTheServer(t *testing.T) {
	w := newWorld(t)
	w.started(func(l *v1beta1.GoogleLogin) { l.Spec.Google.Issuer = "http://fake-google.demo.svc:8080" })
	got := w.login().Status
	if len(got.Keys) != 1 || got.Keys[0].State != "Current" || got.Keys[0].PublishedAt == nil || got.Keys[0].ActivateAt == nil {
		t.Fatalf("keys %+v, want one that is Current and has its times", got.Keys)
	}
	if got.NextRotationAt == nil {
		t.Error("the next rotation is not announced")
	}
	got.Conditions, got.Keys, got.NextRotationAt = nil, nil, nil
	want := v1beta1.GoogleLoginStatus{
		ObservedGeneration:     1,
		Issuer:                 "https://shop.example.com/auth",
		LoginURL:               "https://shop.example.com/auth/login",
		JWKSURL:                "https://shop.example.com/auth/jwks.json",
		RedirectURIsToRegister: []string{"https://shop.example.com/auth/callback"},
		StandInIssuer:          "http://fake-google.demo.svc:8080",
		Replicas:               1,
		Selector:               "app.kubernetes.io/component=callback-server,app.kubernetes.io/instance=shop,app.kubernetes.io/name=googlelogin",
		ReadyReplicas:          1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}

func TestWritesAreCountedAndAPassThatFindsAllInOrderWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.create(clientSecret(w.ns))
	w.shop()
	w.reconcile()
	want := []string{
		"create shop-signing-keys",
		"create shop-sealing-keys",
		"apply PersistentVolumeClaim shop-data",
		"apply ServiceAccount shop-googlelogin",
		"apply ConfigMap shop-config",
		"apply Service shop-googlelogin",
		"apply Deployment shop-googlelogin",
		"patch status shop",
	}
	if diff := cmp.Diff(want, w.writes.take()); diff != "" {
		t.Errorf("writes of the first pass (-want +got):\n%s", diff)
	}
	w.reconcile()
	if got := w.writes.take(); got != nil {
		t.Errorf("the second pass wrote %q, want nothing", got)
	}

	w.bindClaim()
	w.rollOut()
	w.reconcile()
	if diff := cmp.Diff([]string{"patch status shop"}, w.writes.take()); diff != "" {
		t.Errorf("writes of the pass that finds the server ready (-want +got):\n%s", diff)
	}
	w.reconcile()
	if got := w.writes.take(); got != nil {
		t.Errorf("the last pass wrote %q, want nothing", got)
	}
}

func TestNothingIsWrittenTwiceWithEveryFieldSet(t *testing.T) {
	withEveryField(t, func(w *world) {
		w.writes.take()
		w.reconcile()
		if got := w.writes.take(); got != nil {
			w.Errorf("a pass over an unchanged GoogleLogin wrote %q, want nothing", got)
		}
	})
}

func TestSwitchedOff(t *testing.T) {
	w := newWorld(t)
	login := w.started()
	w.get("shop", login)
	login.Spec.Server.Replicas = ptr.To[int32](0)
	w.update(login)
	w.reconcile()
	w.wantCondition(v1beta1.ConditionReconciling, metav1.ConditionTrue, v1beta1.ReasonRolloutInProgress)

	d := &appsv1.Deployment{}
	w.get("shop-googlelogin", d)
	d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation}
	if err := w.c.Status().Update(w.ctx, d); err != nil {
		t.Fatal(err)
	}
	w.reconcile()
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonScaledToZero)
	w.wantAbsent(v1beta1.ConditionReconciling)
	w.wantAbsent(v1beta1.ConditionStalled)
}

func TestMemoryNeedsNoVolume(t *testing.T) {
	w := newWorld(t)
	w.create(clientSecret(w.ns))
	w.shop(func(l *v1beta1.GoogleLogin) { l.Spec.Storage.Type = v1beta1.StorageMemory })
	w.reconcile()
	w.wantCondition(v1beta1.ConditionStorageReady, metav1.ConditionTrue, v1beta1.ReasonMemory)
	if w.exists("shop-data", &corev1.PersistentVolumeClaim{}) {
		t.Error("a volume claim was made")
	}
}

func TestASpecThatTheServerWouldRefuseIsStalled(t *testing.T) {
	w := newWorld(t)
	w.create(clientSecret(w.ns))
	// A spec that the CRD's rules let through once, and that the server of this release does not.
	old := w.shop()
	old.Spec.Session.Cookie.Domain = "other.example.com"
	w.r.Client = &staleClient{Client: w.r.Client, login: old}
	w.reconcile()
	c := w.wantCondition(v1beta1.ConditionAccepted, metav1.ConditionFalse, v1beta1.ReasonInvalidSpec)
	if !strings.Contains(c.Message, "session.cookie.domain") {
		t.Errorf("message %q does not name the field", c.Message)
	}
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonInvalidSpec)
	w.wantCondition(v1beta1.ConditionStalled, metav1.ConditionTrue, v1beta1.ReasonInvalidSpec)
	w.wantAbsent(v1beta1.ConditionReconciling)
	if w.exists("shop-googlelogin", &appsv1.Deployment{}) {
		t.Error("a server was started with a configuration that it refuses")
	}
}

func TestResourcesThatTheAPIServerRefusesAreStalled(t *testing.T) {
	w := newWorld(t)
	w.create(clientSecret(w.ns))
	w.shop(func(l *v1beta1.GoogleLogin) { l.Spec.Server.Resources = tooMuchAsked() })
	w.reconcile()
	w.wantCondition(v1beta1.ConditionAvailable, metav1.ConditionFalse, v1beta1.ReasonInvalidSpec)
	w.wantCondition(v1beta1.ConditionStalled, metav1.ConditionTrue, v1beta1.ReasonInvalidSpec)
}

func TestADeletedGoogleLoginGetsNoChildren(t *testing.T) {
	w := newWorld(t)
	w.create(clientSecret(w.ns))
	login := w.shop(func(l *v1beta1.GoogleLogin) { l.Finalizers = []string{"example.com/slow"} })
	w.delete(login)
	w.reconcile()
	if got := w.writes.take(); got != nil {
		t.Errorf("wrote %q for a GoogleLogin that is being deleted", got)
	}
	if result, err := w.r.Reconcile(w.ctx, request404(w)); err != nil || !result.IsZero() {
		t.Errorf("a GoogleLogin that does not exist gives %+v, %v", result, err)
	}
}
