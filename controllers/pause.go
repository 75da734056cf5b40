package controllers

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/googlelogin/operator/api/v1beta1"
)

// paused reports whether somebody asks the operator to keep its hands off.
func paused(login *v1beta1.GoogleLogin) bool {
	return login.Annotations[v1beta1.AnnotationPaused] == "true"
}

// pause says that nothing is done, and does nothing else. Ready and the rest stay as they were last observed, observedGeneration with
// them, so that a spec which changes meanwhile is not taken for one that is in force.
func (r *Reconciler) pause(ctx context.Context, s *scope) (ctrl.Result, error) {
	s.set(v1beta1.ConditionPaused, finding{good, v1beta1.ReasonPaused,
		"the annotation " + v1beta1.AnnotationPaused + " is \"true\": nothing is written and no key rotates until it is removed"})
	err := r.patchStatus(ctx, s)
	if lostRace(err) {
		return ctrl.Result{RequeueAfter: conflictRetry}, nil
	}
	return ctrl.Result{}, err
}
