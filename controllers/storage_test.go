package controllers

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/googlelogin/operator/api/v1beta1"
)

func TestALostVolumeIsStalled(t *testing.T) {
	w := newWorld(t)
	w.started()
	claim := &corev1.PersistentVolumeClaim{}
	w.get("shop-data", claim)
	claim.Status.Phase = corev1.ClaimLost
	if err := w.c.Status().Update(w.ctx, claim); err != nil {
		t.Fatal(err)
	}
	w.reconcile()
	w.wantCondition(v1beta1.ConditionStorageReady, metav1.ConditionFalse, v1beta1.ReasonVolumeLost)
	w.wantCondition(v1beta1.ConditionStalled, metav1.ConditionTrue, v1beta1.ReasonVolumeLost)
	w.wantCondition(v1beta1.ConditionAvailable, metav1.ConditionTrue, v1beta1.ReasonAvailable)
}

func TestAClaimThatIsBeingDeletedIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	w.started()
	claim := &corev1.PersistentVolumeClaim{}
	w.get("shop-data", claim)
	w.delete(claim) // pvc-protection keeps it while a pod uses it
	w.reconcile()
	c := w.wantCondition(v1beta1.ConditionStorageReady, metav1.ConditionFalse, v1beta1.ReasonVolumePending)
	if !strings.Contains(c.Message, "is being deleted") {
		t.Errorf("message %q does not say what is going on", c.Message)
	}
}

func TestAQuotaThatRefusesTheClaimIsStalled(t *testing.T) {
	w := newWorld(t)
	w.create(&corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "none"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePersistentVolumeClaims: resource.MustParse("0")}},
		Status:     corev1.ResourceQuotaStatus{Hard: corev1.ResourceList{corev1.ResourcePersistentVolumeClaims: resource.MustParse("0")}},
	})
	quota := &corev1.ResourceQuota{}
	w.get("none", quota)
	// No quota controller runs here that would count.
	quota.Status = corev1.ResourceQuotaStatus{
		Hard: corev1.ResourceList{corev1.ResourcePersistentVolumeClaims: resource.MustParse("0")},
		Used: corev1.ResourceList{corev1.ResourcePersistentVolumeClaims: resource.MustParse("0")},
	}
	if err := w.c.Status().Update(w.ctx, quota); err != nil {
		t.Fatal(err)
	}
	w.create(clientSecret(w.ns))
	w.shop()
	result := w.reconcile()
	c := w.wantCondition(v1beta1.ConditionStorageReady, metav1.ConditionFalse, v1beta1.ReasonVolumeRejected)
	if !strings.Contains(c.Message, "exceeded quota") {
		t.Errorf("message %q does not have the API server's own words", c.Message)
	}
	w.wantCondition(v1beta1.ConditionStalled, metav1.ConditionTrue, v1beta1.ReasonVolumeRejected)
	if w.exists("shop-googlelogin", &appsv1.Deployment{}) {
		t.Error("a server was started that has nowhere to keep its users")
	}
	if result.RequeueAfter == 0 {
		t.Error("nobody looks again, and no watch tells when the quota grows")
	}
}

func TestAClaimThatCannotGrowIsStalledAndTheServerStays(t *testing.T) {
	w := newWorld(t)
	login := w.started()
	w.get("shop", login)
	login.Spec.Storage.SQLite = &v1beta1.SQLite{Size: ptr.To(resource.MustParse("5Gi"))}
	w.update(login)
	w.reconcile()
	w.wantCondition(v1beta1.ConditionStorageReady, metav1.ConditionFalse, v1beta1.ReasonVolumeRejected)
	w.wantCondition(v1beta1.ConditionAvailable, metav1.ConditionTrue, v1beta1.ReasonAvailable)
}
