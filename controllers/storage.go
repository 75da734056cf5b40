package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// storage sees to the volume claim of the SQLite file, or to the Secret of the PostgreSQL database.
func (r *Reconciler) storage(ctx context.Context, s *scope) error {
	if !s.good(v1beta1.ConditionAccepted) {
		return nil
	}
	if desired.Shared(s.login) {
		return r.database(ctx, s)
	}
	if !desired.NeedsVolume(s.login) {
		s.succeed(v1beta1.ConditionStorageReady, v1beta1.ReasonMemory, "users and sessions are kept in memory and lost at a restart, as spec.storage.type asks")
		return nil
	}
	claim := &corev1.PersistentVolumeClaim{}
	err := apply(ctx, r, s, desired.PersistentVolumeClaim(s.input), claim, corev1ac.ExtractPersistentVolumeClaim)
	if apierrors.IsForbidden(err) && !lostRace(err) {
		// A quota, or a class that cannot grow: the API server's words say which. No watch tells when either changes.
		s.stall(v1beta1.ConditionStorageReady, v1beta1.ReasonVolumeRejected, err.Error())
		s.lookAgain(recheckForeign)
		return nil
	}
	if err != nil {
		return s.blame(v1beta1.ConditionStorageReady, v1beta1.ReasonVolumeRejected, err)
	}
	s.reportClaim(claim)
	return nil
}

func (s *scope) reportClaim(claim *corev1.PersistentVolumeClaim) {
	name := claim.Name
	switch {
	case !claim.DeletionTimestamp.IsZero():
		s.wait(v1beta1.ConditionStorageReady, v1beta1.ReasonVolumePending, fmt.Sprintf(
			"PersistentVolumeClaim %q is being deleted, and is made again once the pod that uses it is gone: its users and sessions will be lost", name))
	case claim.Status.Phase == corev1.ClaimLost:
		s.stall(v1beta1.ConditionStorageReady, v1beta1.ReasonVolumeLost, fmt.Sprintf(
			"the volume behind PersistentVolumeClaim %q is gone, and the users and sessions on it: restore the volume, or delete the claim to begin with an empty one", name))
	case claim.Status.Phase == corev1.ClaimBound:
		s.succeed(v1beta1.ConditionStorageReady, v1beta1.ReasonVolumeBound, fmt.Sprintf("PersistentVolumeClaim %q is bound", name))
	default:
		s.waitAWhile(v1beta1.ConditionStorageReady, v1beta1.ReasonVolumePending, fmt.Sprintf(
			"PersistentVolumeClaim %q waits for a volume: if it stays so, see its events, and whether the cluster has a default StorageClass or spec.storage.sqlite.storageClassName names one that exists", name),
			s.falseSince(v1beta1.ConditionStorageReady), clusterPatience)
	}
}

// storageUsable reports whether a server may start. A claim that waits for a volume is enough: with most storage classes the
// volume comes only when a pod asks for it.
func (s *scope) storageUsable() bool {
	f, ok := s.findings[v1beta1.ConditionStorageReady]
	return ok && (f.outcome == good || f.reason == v1beta1.ReasonVolumePending)
}
