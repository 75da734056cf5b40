package controllers

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
)

// autoscale plays the HorizontalPodAutoscaler: it writes the Deployment's scale.
func (w *world) autoscale(replicas int32) {
	w.Helper()
	d := &appsv1.Deployment{}
	w.get("shop-googlelogin", d)
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: replicas}}
	if err := w.c.SubResource("scale").Update(w.ctx, d, client.WithSubResourceBody(scale), client.FieldOwner("kube-controller-manager")); err != nil {
		w.Fatal(err)
	}
}

func (w *world) wantReplicas(when string, want int32) {
	w.Helper()
	d := &appsv1.Deployment{}
	w.get("shop-googlelogin", d)
	if got := replicas(d); got != want {
		w.Errorf("%s: %d replicas, want %d", when, got, want)
	}
}

// TestReplicasAreHandedOverAndTakenBack is the story of https://github.com/kubernetes/kubernetes/issues/67135: a field that its only
// owner lets go of falls back to 1, in the middle of the day.
func TestReplicasAreHandedOverAndTakenBack(t *testing.T) {
	w := newWorld(t)
	w.create(databaseSecret(w.ns, "uri", "postgresql://shop:x@db:5432/shop"))
	w.started(scaled, func(l *v1beta1.GoogleLogin) {
		l.Spec.Server.Autoscaling = nil
		l.Spec.Exposure = v1beta1.Exposure{}
	})
	edit := func(change func(*v1beta1.GoogleLogin)) {
		login := w.login()
		change(login)
		w.update(login)
		w.reconcile()
	}
	image := func(name string) func(*v1beta1.GoogleLogin) {
		return func(l *v1beta1.GoogleLogin) { l.Spec.Server.Image = name }
	}
	w.wantReplicas("without an autoscaler", 3)

	edit(func(l *v1beta1.GoogleLogin) { l.Spec.Server.Autoscaling = &v1beta1.Autoscaling{MaxReplicas: 6} })
	w.get("shop-googlelogin", &autoscalingv2.HorizontalPodAutoscaler{})
	w.wantReplicas("the autoscaler is there, and has not acted", 3)
	edit(image("example.com/server:2"))
	w.wantReplicas("another change, before the autoscaler has acted", 3)

	w.autoscale(5)
	w.reconcile()
	w.wantReplicas("the autoscaler has acted", 5)
	edit(image("example.com/server:3"))
	w.wantReplicas("another change, after the autoscaler has acted", 5)
	w.writes.take()
	w.reconcile()
	if got := w.writes.take(); len(got) > 0 {
		t.Errorf("an unchanged GoogleLogin with an autoscaler was written to: %q", got)
	}

	edit(func(l *v1beta1.GoogleLogin) { l.Spec.Server.Replicas = ptr.To[int32](0) })
	w.wantReplicas("switched off", 0)
	edit(func(l *v1beta1.GoogleLogin) { l.Spec.Server.Replicas = ptr.To[int32](3) })
	w.wantReplicas("switched on again", 2)
	w.autoscale(4)

	edit(func(l *v1beta1.GoogleLogin) { l.Spec.Server.Autoscaling = nil })
	w.wantReplicas("without an autoscaler again", 3)
	if w.exists("shop-googlelogin", &autoscalingv2.HorizontalPodAutoscaler{}) {
		t.Error("the autoscaler is still there, and would take the replicas back")
	}
}
