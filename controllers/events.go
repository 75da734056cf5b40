package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/googlelogin/operator/api/v1beta1"
)

// maxNote is the longest note that the events API takes, in bytes.
const maxNote = 1024

// transitions returns the conditions whose status or reason this pass changed and that somebody should hear of. Ready only
// copies a step's condition, so it speaks up only when it becomes True.
func (s *scope) transitions() []metav1.Condition {
	var out []metav1.Condition
	for _, condition := range append(s.reported(), v1beta1.ConditionReady, v1beta1.ConditionPaused, v1beta1.ConditionUpgradePending) {
		after := meta.FindStatusCondition(s.login.Status.Conditions, condition)
		before := meta.FindStatusCondition(s.asRead.Status.Conditions, condition)
		if after == nil || after.Reason == v1beta1.ReasonWaiting {
			continue
		}
		if before != nil && before.Status == after.Status && before.Reason == after.Reason {
			continue
		}
		if condition == v1beta1.ConditionReady && after.Status != metav1.ConditionTrue {
			continue
		}
		out = append(out, *after)
	}
	return out
}

// tell sends one event for each transition, with the condition's own reason, and logs it.
func (r *Reconciler) tell(ctx context.Context, login *v1beta1.GoogleLogin, transitions []metav1.Condition) {
	log := ctrl.LoggerFrom(ctx)
	for _, c := range transitions {
		log.Info("condition changed", "condition", c.Type, "status", c.Status, "reason", c.Reason)
		r.Recorder.Eventf(login, nil, severity(c), c.Reason, "Reconcile", "%s", cut(c.Message))
	}
}

// severity is Warning for what somebody should look at; a rollout or a volume on its way is none of that.
func severity(c metav1.Condition) string {
	if c.Status == metav1.ConditionTrue {
		return corev1.EventTypeNormal
	}
	switch c.Reason {
	case v1beta1.ReasonRolloutInProgress, v1beta1.ReasonVolumePending, v1beta1.ReasonScaledToZero, v1beta1.ReasonRoutePending,
		v1beta1.ReasonConfigPending:
		return corev1.EventTypeNormal
	default:
		return corev1.EventTypeWarning
	}
}

func cut(note string) string {
	if len(note) <= maxNote {
		return note
	}
	return note[:maxNote-3] + "..."
}
