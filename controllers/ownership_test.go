package controllers

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
)

// foreign are objects of a team that bear the names of children.
func foreign(ns string) map[string]struct {
	object    client.Object
	condition string
} {
	named := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: ns, Name: name} }
	labels := map[string]string{"app": "theirs"}
	return map[string]struct {
		object    client.Object
		condition string
	}{
		"Secret":    {&corev1.Secret{ObjectMeta: named("shop-signing-keys"), StringData: map[string]string{"theirs": "x"}}, v1beta1.ConditionKeysReady},
		"ConfigMap": {&corev1.ConfigMap{ObjectMeta: named("shop-config"), Data: map[string]string{"theirs": "x"}}, v1beta1.ConditionAvailable},
		"Service": {&corev1.Service{ObjectMeta: named("shop-googlelogin"), Spec: corev1.ServiceSpec{
			Ports: []corev1.ServicePort{{Port: 80}}}}, v1beta1.ConditionAvailable},
		"ServiceAccount": {&corev1.ServiceAccount{ObjectMeta: named("shop-googlelogin")}, v1beta1.ConditionAvailable},
		"PersistentVolumeClaim": {&corev1.PersistentVolumeClaim{ObjectMeta: named("shop-data"), Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		}}, v1beta1.ConditionStorageReady},
		"Deployment": {&appsv1.Deployment{ObjectMeta: named("shop-googlelogin"), Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "theirs", Image: "example.com/theirs:1"}}},
			},
		}}, v1beta1.ConditionAvailable},
	}
}

func TestForeignObjectsAreNeverTakenOver(t *testing.T) {
	for _, kind := range []string{"Secret", "ConfigMap", "Service", "ServiceAccount", "PersistentVolumeClaim", "Deployment"} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			theirs := foreign(w.ns)[kind]
			w.create(theirs.object)
			before := theirs.object.GetResourceVersion()
			w.create(clientSecret(w.ns))
			w.shop()
			result := w.reconcile()

			c := w.wantCondition(theirs.condition, metav1.ConditionFalse, v1beta1.ReasonOwnedByAnother)
			if !strings.Contains(c.Message, kind+` "`+theirs.object.GetName()+`"`) {
				t.Errorf("message %q does not name the object", c.Message)
			}
			w.wantCondition(v1beta1.ConditionStalled, metav1.ConditionTrue, v1beta1.ReasonOwnedByAnother)
			w.get(theirs.object.GetName(), theirs.object)
			if theirs.object.GetResourceVersion() != before {
				t.Error("the foreign object was written to")
			}
			if result.RequeueAfter == 0 {
				t.Error("nobody looks again, and no watch tells when the foreign object goes")
			}

			w.deleteAtOnce(theirs.object)
			w.reconcile()
			w.wantAbsent(v1beta1.ConditionStalled)
			w.get(theirs.object.GetName(), theirs.object)
			if !metav1.IsControlledBy(theirs.object, w.login()) {
				t.Error("the child was not made once its name was free")
			}
		})
	}
}

func TestChildrenOfADeletedNamesakeAreWaitedFor(t *testing.T) {
	w := newWorld(t)
	w.create(clientSecret(w.ns))
	namesake := &v1beta1.GoogleLogin{ObjectMeta: metav1.ObjectMeta{Name: "shop", UID: "00000000-0000-0000-0000-00000000dead"}}
	config := foreign(w.ns)["ConfigMap"].object
	config.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(namesake, v1beta1.GroupVersion.WithKind("GoogleLogin"))})
	// The garbage collector must not be quicker than the test.
	config.SetFinalizers([]string{"example.com/slow"})
	w.create(config)
	w.shop(func(l *v1beta1.GoogleLogin) { l.Spec.Storage.Type = v1beta1.StorageMemory })
	w.reconcile()
	w.wantCondition(v1beta1.ConditionAvailable, metav1.ConditionFalse, v1beta1.ReasonOwnedByAnother)
	w.wantCondition(v1beta1.ConditionReconciling, metav1.ConditionTrue, v1beta1.ReasonOwnedByAnother)
	w.wantAbsent(v1beta1.ConditionStalled)
}
