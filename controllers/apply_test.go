package controllers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

func TestADeletedChildIsMadeAgain(t *testing.T) {
	for kind, child := range map[string]client.Object{
		"ServiceAccount shop-googlelogin": &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "shop-googlelogin"}},
		"ConfigMap shop-config":           &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "shop-config"}},
		"Service shop-googlelogin":        &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "shop-googlelogin"}},
		"Deployment shop-googlelogin":     &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "shop-googlelogin"}},
	} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			w.started()
			child.SetNamespace(w.ns)
			w.delete(child)
			w.writes.take()
			w.reconcile()
			if got := w.writes.take(); len(got) == 0 || got[0] != "apply "+kind {
				t.Errorf("wrote %q, want the %s first", got, kind)
			}
			w.get(child.GetName(), child)
		})
	}
}

func TestWhatIsChangedByHandIsRepaired(t *testing.T) {
	for _, row := range []struct {
		name, object string
		into         client.Object
		change       func(client.Object)
	}{
		{"the configuration", "shop-config", &corev1.ConfigMap{}, func(o client.Object) {
			o.(*corev1.ConfigMap).Data[desired.ConfigKey] = "apiVersion: other"
		}},
		{"the image", "shop-googlelogin", &appsv1.Deployment{}, func(o client.Object) {
			o.(*appsv1.Deployment).Spec.Template.Spec.Containers[0].Image = "example.com/evil:1"
		}},
		{"a security setting", "shop-googlelogin", &appsv1.Deployment{}, func(o client.Object) {
			o.(*appsv1.Deployment).Spec.Template.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem = ptr.To(false)
		}},
		{"the replicas", "shop-googlelogin", &appsv1.Deployment{}, func(o client.Object) {
			o.(*appsv1.Deployment).Spec.Replicas = ptr.To[int32](3)
		}},
		{"a label", "shop-googlelogin", &corev1.Service{}, func(o client.Object) {
			o.SetLabels(nil)
		}},
		{"a port", "shop-googlelogin", &corev1.Service{}, func(o client.Object) {
			o.(*corev1.Service).Spec.Ports[0].TargetPort.StrVal = "internal"
		}},
		{"the token of the ServiceAccount", "shop-googlelogin", &corev1.ServiceAccount{}, func(o client.Object) {
			o.(*corev1.ServiceAccount).AutomountServiceAccountToken = ptr.To(true)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			w.started()
			w.get(row.object, row.into)
			want := neutral(row.into)
			row.change(row.into)
			w.update(row.into)
			w.reconcile()
			w.get(row.object, row.into)
			if diff := cmp.Diff(want, neutral(row.into)); diff != "" {
				t.Errorf("after the pass (-before the change +after the pass):\n%s", diff)
			}
			w.writes.take()
			w.reconcile()
			if got := w.writes.take(); len(got) > 0 && got[0] != "patch status shop" {
				t.Errorf("the pass after the repair wrote %q", got)
			}
		})
	}
}

// neutral leaves out what every write changes.
func neutral(obj client.Object) client.Object {
	out := obj.DeepCopyObject().(client.Object)
	out.SetResourceVersion("")
	out.SetManagedFields(nil)
	out.SetGeneration(0)
	return out
}

func TestWhatAUserAddsSurvives(t *testing.T) {
	w := newWorld(t)
	login := w.started()
	d := &appsv1.Deployment{}
	w.get("shop-googlelogin", d)
	d.Labels["team"] = "theirs"
	d.Annotations = map[string]string{"note": "theirs"}
	template := &d.Spec.Template
	// What `kubectl rollout restart` writes.
	template.Annotations["kubectl.kubernetes.io/restartedAt"] = "2026-03-01T12:00:00Z"
	template.Spec.Containers = append([]corev1.Container{{Name: "sidecar", Image: "example.com/sidecar:1"}}, template.Spec.Containers...)
	template.Spec.NodeSelector = map[string]string{"disk": "fast"}
	w.update(d)
	w.writes.take()
	w.reconcile()
	if got := w.writes.take(); len(got) > 0 && got[0] != "patch status shop" {
		t.Errorf("wrote %q after a user's own additions, want nothing", got)
	}

	w.get("shop", login)
	login.Spec.Google.Issuer = "http://other.demo.svc:8080"
	w.update(login)
	w.reconcile()
	after := &appsv1.Deployment{}
	w.get("shop-googlelogin", after)
	hash := after.Spec.Template.Annotations[desired.RestartHashAnnotation]
	if hash == "" || hash == template.Annotations[desired.RestartHashAnnotation] {
		t.Error("the changed spec did not reach the Deployment")
	}
	if after.Labels["team"] != "theirs" || after.Annotations["note"] != "theirs" ||
		after.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"] == "" ||
		after.Spec.Template.Spec.NodeSelector["disk"] != "fast" || len(after.Spec.Template.Spec.Containers) != 2 {
		t.Errorf("a user's additions are gone:\n%s", cmp.Diff(d.Spec.Template, after.Spec.Template))
	}
}

// TestAFreshDeploymentIsNotTakenForReady guards against a moment of false readiness: the pass that changes the Deployment must
// judge the Deployment that came out of it, not the one from before.
func TestAFreshDeploymentIsNotTakenForReady(t *testing.T) {
	w := newWorld(t)
	login := w.started()
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)
	w.get("shop", login)
	login.Spec.Google.Issuer = "http://other.demo.svc:8080"
	w.update(login)
	w.reconcile()
	w.wantCondition(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonRolloutInProgress)
	w.wantCondition(v1beta1.ConditionReconciling, metav1.ConditionTrue, v1beta1.ReasonRolloutInProgress)
}

func TestPodsPassPodSecurityRestricted(t *testing.T) {
	w := newWorld(t)
	namespace := &corev1.Namespace{}
	if err := w.c.Get(w.ctx, client.ObjectKey{Name: w.ns}, namespace); err != nil {
		t.Fatal(err)
	}
	namespace.Labels["pod-security.kubernetes.io/enforce"] = "restricted"
	w.update(namespace)
	w.started()
	d := &appsv1.Deployment{}
	w.get("shop-googlelogin", d)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, GenerateName: "shop-", Labels: d.Spec.Template.Labels},
		Spec:       d.Spec.Template.Spec,
	}
	w.create(pod)
}
