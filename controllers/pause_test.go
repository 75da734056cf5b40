package controllers

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

func TestAPausedGoogleLoginGetsNoWriteWhateverHasChanged(t *testing.T) {
	w := newWorld(t)
	c := &clock{time.Now()}
	w.r.Now = func() time.Time { return c.now }
	w.started()
	ready := w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)
	signing := w.current()

	// Everything that a pass would act on, at once: drift, a lost child, a new spec, a key whose time has come and a request for another.
	d := &appsv1.Deployment{}
	w.get("shop-googlelogin", d)
	d.Spec.Template.Spec.Containers[0].Image = "example.com/by-hand:1"
	w.update(d)
	service := &corev1.Service{}
	w.get("shop-googlelogin", service)
	w.delete(service)
	login := w.login()
	login.Annotations = map[string]string{v1beta1.AnnotationPaused: "true", v1beta1.AnnotationRotateAt: "now"}
	login.Spec.Frontend.HomeURL = "https://shop.example.com/other"
	w.update(login)
	c.now = c.now.Add(31 * 24 * time.Hour)
	w.writes.take()
	w.told()

	if result := w.reconcile(); !result.IsZero() {
		t.Errorf("a paused pass asks for another: %+v", result)
	}
	w.reconcile()
	if diff := cmp.Diff([]string{"patch status shop"}, w.writes.take()); diff != "" {
		t.Errorf("writes while paused (-want +got):\n%s", diff)
	}
	w.wantCondition(v1beta1.ConditionPaused, metav1.ConditionTrue, v1beta1.ReasonPaused)
	after := w.login()
	if diff := cmp.Diff(ready, *meta.FindStatusCondition(after.Status.Conditions, v1beta1.ConditionReady)); diff != "" {
		t.Errorf("Ready (-as last observed +got):\n%s", diff)
	}
	if after.Status.ObservedGeneration == after.Generation {
		t.Error("the spec that changed meanwhile passes for one that was observed")
	}
	if got := w.told(); len(got) != 1 {
		t.Errorf("events %q, want one that says Paused", got)
	}

	after.Annotations = map[string]string{v1beta1.AnnotationPaused: "false"}
	w.update(after)
	w.reconcile()
	w.wantAbsent(v1beta1.ConditionPaused)
	w.get("shop-googlelogin", d)
	if got := d.Spec.Template.Spec.Containers[0].Image; got != "example.com/server:1" {
		t.Errorf("image %s after the pause: it is not repaired", got)
	}
	w.get("shop-googlelogin", service)
	if states, _ := w.states(); len(states) < 2 || w.current() != signing {
		t.Errorf("keys %q after the pause, want a next one beside the one that signs", states)
	}
}

func TestAGoogleLoginThatIsMadePausedGetsNoChild(t *testing.T) {
	w := newWorld(t)
	w.create(clientSecret(w.ns))
	w.shop(func(l *v1beta1.GoogleLogin) { l.Annotations = map[string]string{v1beta1.AnnotationPaused: "true"} })
	w.reconcile()
	if diff := cmp.Diff([]string{"patch status shop"}, w.writes.take()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	w.wantCondition(v1beta1.ConditionPaused, metav1.ConditionTrue, v1beta1.ReasonPaused)
	if got := w.login().Status.ObservedGeneration; got != -1 {
		t.Errorf("observed generation %d: a tool would take it for ready", got)
	}
}

func TestScaleSubresource(t *testing.T) {
	w := newWorld(t)
	w.create(clientSecret(w.ns))
	login := w.shop(func(l *v1beta1.GoogleLogin) { l.Spec.Storage = v1beta1.Storage{Type: v1beta1.StorageMemory} })
	w.reconcile()
	w.rollOut()
	w.reconcile()

	scale := &autoscalingv1.Scale{}
	if err := w.c.SubResource("scale").Get(w.ctx, login, scale); err != nil {
		t.Fatal(err)
	}
	want := autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 1}, Status: autoscalingv1.ScaleStatus{
		Replicas: 1, Selector: labels.SelectorFromSet(desired.Selector("shop")).String()}}
	if diff := cmp.Diff(want, autoscalingv1.Scale{Spec: scale.Spec, Status: scale.Status}); diff != "" {
		t.Errorf("scale (-want +got):\n%s", diff)
	}

	scale.Spec.Replicas = 0
	if err := w.c.SubResource("scale").Update(w.ctx, login, client.WithSubResourceBody(scale)); err != nil {
		t.Fatal(err)
	}
	w.reconcile()
	d := &appsv1.Deployment{}
	w.get("shop-googlelogin", d)
	if *d.Spec.Replicas != 0 {
		t.Errorf("the Deployment has %d replicas after kubectl scale, want 0", *d.Spec.Replicas)
	}

	scale.ResourceVersion = ""
	scale.Spec.Replicas = 2
	err := w.c.SubResource("scale").Update(w.ctx, login, client.WithSubResourceBody(scale))
	if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "held by one server") {
		t.Errorf("two servers on memory: %v, want the refusal of the rule", err)
	}
}
