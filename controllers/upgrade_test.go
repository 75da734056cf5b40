package controllers

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

func onSpecChange(login *v1beta1.GoogleLogin) {
	login.Spec.Server.UpgradePolicy = v1beta1.UpgradeOnSpecChange
}

// upgradeOperator makes the reconciler the next release's: another image, and nothing remembered.
func (w *world) upgradeOperator() {
	w.r = &Reconciler{
		Client: w.r.Client, Live: w.r.Live, Recorder: w.r.Recorder, Now: w.r.Now,
		ServerImage: "example.com/server:2", ConcurrentUpgrades: w.r.ConcurrentUpgrades,
	}
	w.writes.take()
	w.told()
	// Turns are counted over all namespaces, those of other tests among them.
	w.Cleanup(func() {
		if err := w.c.DeleteAllOf(w.ctx, &v1beta1.GoogleLogin{}, client.InNamespace(w.ns)); err != nil {
			w.Error(err)
		}
	})
}

// pretendAnOlderRelease makes shop's children what a release would have left that renders the configuration otherwise, and returns the
// ConfigMap's data.
func (w *world) pretendAnOlderRelease() map[string]string {
	w.Helper()
	in, err := desired.NewInput(w.login(), w.r.ServerImage, desired.ClusterKeys{})
	if err != nil {
		w.Fatal(err)
	}
	older := in.Rendering()
	older.Config = "# by an older release\n" + older.Config
	in = in.Keep(older)
	configMap, deployment := desired.ConfigMap(in), desired.Deployment(in)
	delete(configMap.Annotations, desired.PendingHashAnnotation)
	for _, child := range []runtime.ApplyConfiguration{configMap, deployment} {
		if err := w.c.Apply(w.ctx, child, client.FieldOwner(fieldOwner), client.ForceOwnership); err != nil {
			w.Fatal(err)
		}
	}
	return configMap.Data
}

// image is the image that the Deployment of a GoogleLogin wants.
func (w *world) image(login string) string {
	w.Helper()
	d := &appsv1.Deployment{}
	w.get(login+"-googlelogin", d)
	return d.Spec.Template.Spec.Containers[0].Image
}

// changeSpec edits shop as a team does.
func (w *world) changeSpec(change func(*v1beta1.GoogleLoginSpec)) {
	w.Helper()
	login := w.login()
	change(&login.Spec)
	w.update(login)
}

func TestAnUpgradeOfTheOperatorWaitsForTheSpec(t *testing.T) {
	w := newWorld(t)
	w.started(onSpecChange, func(l *v1beta1.GoogleLogin) { l.Spec.Storage.Type = v1beta1.StorageMemory })
	w.wantAbsent(v1beta1.ConditionUpgradePending)
	generation := w.deployment().Generation

	w.upgradeOperator()
	w.reconcile()
	held := w.wantCondition(v1beta1.ConditionUpgradePending, metav1.ConditionTrue, v1beta1.ReasonUpgradeHeld)
	if !strings.Contains(held.Message, "spec.server.upgradePolicy") {
		t.Errorf("message %q does not name the field", held.Message)
	}
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)
	if got := w.told(); len(got) != 1 || !strings.Contains(got[0], "Normal UpgradeHeld") {
		t.Errorf("events %q, want one that says UpgradeHeld", got)
	}
	// What waits is written down, and that is all.
	if diff := cmp.Diff([]string{"apply ConfigMap shop-config", "patch status shop"}, w.writes.take()); diff != "" {
		t.Errorf("writes of the first pass after the upgrade (-want +got):\n%s", diff)
	}
	w.reconcile()
	if got := w.writes.take(); got != nil {
		t.Errorf("writes of the second pass: %q", got)
	}

	// The number of servers is a change of the spec, and none that needs other servers.
	w.changeSpec(func(s *v1beta1.GoogleLoginSpec) { s.Server.Replicas = ptr.To[int32](0) })
	w.reconcile()
	w.changeSpec(func(s *v1beta1.GoogleLoginSpec) { s.Server.Replicas = ptr.To[int32](1) })
	w.reconcile()
	w.rollOut()
	w.reconcile()
	w.wantCondition(v1beta1.ConditionUpgradePending, metav1.ConditionTrue, v1beta1.ReasonUpgradeHeld)
	if got := w.image("shop"); got != "example.com/server:1" {
		t.Errorf("image %s while the upgrade is held", got)
	}
	if got := w.deployment(); got.Generation != generation+2 || *got.Spec.Replicas != 1 {
		t.Errorf("generation %d and %d replicas, want %d, for the replicas alone, and 1", got.Generation, *got.Spec.Replicas, generation+2)
	}

	w.changeSpec(func(s *v1beta1.GoogleLoginSpec) { s.Access.Emails = []v1beta1.Email{"ann@gmail.com"} })
	w.reconcile()
	w.wantAbsent(v1beta1.ConditionUpgradePending)
	if got := w.image("shop"); got != "example.com/server:2" {
		t.Errorf("image %s after the spec has changed", got)
	}
	cm := &corev1.ConfigMap{}
	w.get("shop-config", cm)
	if got := cm.Annotations[desired.PendingHashAnnotation]; got != "" {
		t.Errorf("%s still waits", got)
	}
}

// A server of before refuses a configuration of after, so the two wait together. What else a release writes does not wait.
func TestAHeldServerKeepsItsConfiguration(t *testing.T) {
	w := newWorld(t)
	w.started(onSpecChange)
	before := w.pretendAnOlderRelease()

	w.reconcile()
	w.wantCondition(v1beta1.ConditionUpgradePending, metav1.ConditionTrue, v1beta1.ReasonUpgradeHeld)
	cm := &corev1.ConfigMap{}
	w.get("shop-config", cm)
	if diff := cmp.Diff(before, cm.Data); diff != "" {
		t.Errorf("configuration (-before +after the upgrade):\n%s", diff)
	}

	service := &corev1.Service{}
	w.get("shop-googlelogin", service)
	w.delete(service)
	w.reconcile()
	w.get("shop-googlelogin", service)

	w.changeSpec(func(s *v1beta1.GoogleLoginSpec) { s.Frontend.HomeURL = "https://shop.example.com/other" })
	w.reconcile()
	w.get("shop-config", cm)
	if got := cm.Data["config.yaml"]; !strings.Contains(got, "/other") || strings.Contains(got, "older release") {
		t.Errorf("configuration after the spec has changed:\n%s", got)
	}
}

func TestAHandOnAHeldServerEndsTheHold(t *testing.T) {
	w := newWorld(t)
	w.started(onSpecChange)
	w.upgradeOperator()
	w.reconcile()
	d := w.deployment()
	d.Spec.Template.Spec.Containers[0].Image = "example.com/by-hand:1"
	w.update(d)

	w.reconcile()
	if got := w.image("shop"); got != "example.com/server:2" {
		t.Errorf("image %s: what was there before the hand is not known any more", got)
	}
	w.wantAbsent(v1beta1.ConditionUpgradePending)
}

// The second upgrade of the operator finds the first one held.
func TestAHeldServerIsHeldThroughASecondUpgrade(t *testing.T) {
	w := newWorld(t)
	w.started(onSpecChange)
	for range 2 {
		w.upgradeOperator()
		w.reconcile()
	}
	w.r.ServerImage = "example.com/server:3"
	w.reconcile()
	w.wantCondition(v1beta1.ConditionUpgradePending, metav1.ConditionTrue, v1beta1.ReasonUpgradeHeld)
	if got := w.image("shop"); got != "example.com/server:1" {
		t.Errorf("image %s", got)
	}
}

func TestUpgradesOfTheOperatorGoInWaves(t *testing.T) {
	w := newWorld(t)
	w.r.ConcurrentUpgrades = 2
	w.create(clientSecret(w.ns))
	logins := []string{"a", "b", "c", "d"}
	for _, name := range logins {
		login := shopIn(w.ns)
		login.Name = name
		login.Spec.Storage.Type = v1beta1.StorageMemory
		w.create(login)
		w.passOver(name)
		w.rollOutOf(name)
		w.passOver(name)
	}
	images := func() string {
		var out []string
		for _, name := range logins {
			out = append(out, strings.TrimPrefix(w.image(name), "example.com/server:"))
		}
		return strings.Join(out, " ")
	}
	everyone := func() (waiting []string) {
		for _, name := range logins {
			if result := w.passOver(name); result.RequeueAfter == turnRetry {
				waiting = append(waiting, name)
			}
		}
		return waiting
	}

	w.upgradeOperator()
	if diff := cmp.Diff([]string{"c", "d"}, everyone()); diff != "" {
		t.Errorf("who waits for a turn (-want +got):\n%s", diff)
	}
	if got := images(); got != "2 2 1 1" {
		t.Errorf("releases %s after the first wave, want two of the second", got)
	}
	w.wantUpgrade("a", v1beta1.ReasonUpgradeInProgress)
	w.wantUpgrade("c", v1beta1.ReasonUpgradeQueued)

	// The next leader knows whose turn it is.
	w.upgradeOperator()
	everyone()
	if got := images(); got != "2 2 1 1" {
		t.Errorf("releases %s: a manager that took over let more than two begin", got)
	}

	// One that comes up makes room for one, and one that does not for none.
	w.rollOutOf("a")
	everyone()
	w.wantUpgrade("a", "")
	if got := images(); got != "2 2 2 1" {
		t.Errorf("releases %s after one has come up", got)
	}
	w.rollOutOf("c")
	everyone()
	everyone()
	if got := images(); got != "2 2 2 2" {
		t.Errorf("releases %s after another", got)
	}

	// A team that changes its spec does not queue.
	w.rollOutOf("d")
	w.rollOutOf("b")
	everyone()
	w.r.ServerImage, w.r.ConcurrentUpgrades = "example.com/server:3", 1
	everyone()
	if got := images(); got != "3 2 2 2" {
		t.Errorf("releases %s with waves of one", got)
	}
	login := &v1beta1.GoogleLogin{}
	w.get("c", login)
	login.Spec.Frontend.HomeURL = "https://shop.example.com/other"
	w.update(login)
	everyone()
	if got := images(); got != "3 2 3 2" {
		t.Errorf("releases %s after a team has changed its spec", got)
	}

	// Nor do servers that serve nobody; and a GoogleLogin that is deleted or paused in its turn gives it up.
	d := &appsv1.Deployment{}
	w.get("b-googlelogin", d)
	d.Status.AvailableReplicas = 0
	if err := w.c.Status().Update(w.ctx, d); err != nil {
		t.Fatal(err)
	}
	w.get("a", login)
	w.delete(login)
	w.passOver("a")
	w.passOver("b")
	w.passOver("d")
	if got := []string{w.image("b"), w.image("d")}; got[0] != "example.com/server:3" || got[1] != "example.com/server:3" {
		t.Errorf("images %q: b serves nobody, and a has left its turn to d", got)
	}
}

func TestAPausedGoogleLoginGivesUpItsTurn(t *testing.T) {
	w := newWorld(t)
	w.r.ConcurrentUpgrades = 1
	w.started()
	w.upgradeOperator()
	w.reconcile()
	login := w.login()
	login.Annotations = map[string]string{v1beta1.AnnotationPaused: "true"}
	w.update(login)
	w.reconcile()
	other := types.NamespacedName{Namespace: w.ns, Name: "other"}
	mine, err := w.r.turns.take(other, 1, func() ([]types.NamespacedName, error) { return w.r.beingUpgraded(w.ctx) })
	if err != nil || !mine {
		t.Errorf("turn of another: %t, %v", mine, err)
	}
	// Nor does the next leader count it.
	w.upgradeOperator()
	if before, err := w.r.beingUpgraded(w.ctx); err != nil || before != nil {
		t.Errorf("being upgraded: %v, %v", before, err)
	}
}

func (w *world) deployment() *appsv1.Deployment {
	w.Helper()
	d := &appsv1.Deployment{}
	w.get("shop-googlelogin", d)
	return d
}

// passOver runs one pass over any GoogleLogin.
func (w *world) passOver(login string) ctrl.Result {
	w.Helper()
	result, err := w.r.Reconcile(w.ctx, ctrl.Request{NamespacedName: w.key(login)})
	if err != nil {
		w.Fatal(err)
	}
	return result
}

func (w *world) rollOutOf(login string) {
	w.Helper()
	d := &appsv1.Deployment{}
	w.get(login+"-googlelogin", d)
	rollOut(w.T, w.c, d)
}

// wantUpgrade checks why an upgrade is pending; without a reason, that none is.
func (w *world) wantUpgrade(login, reason string) {
	w.Helper()
	l := &v1beta1.GoogleLogin{}
	w.get(login, l)
	got := ""
	if c := meta.FindStatusCondition(l.Status.Conditions, v1beta1.ConditionUpgradePending); c != nil {
		got = c.Reason
	}
	if got != reason {
		w.Errorf("the upgrade of %s is %q, want %q", login, got, reason)
	}
}
