package controllers

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/googlelogin/operator/api/v1beta1"
)

// maxNote is the longest note that the events API takes, in bytes.
const maxNote = 1024

// transition is a condition whose status or reason a pass changed; before is nil if it was not there.
type transition struct {
	metav1.Condition
	before *metav1.Condition
}

// transitions returns what this pass changed and somebody should hear of. Ready only copies a step's condition, so it speaks up only
// when it becomes True.
func (s *scope) transitions() []transition {
	var out []transition
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
		out = append(out, transition{*after, before})
	}
	return out
}

// eventful leaves out what says nothing new: that a step of the first pass met with no trouble, and what becomes True together with
// Ready, which sums it up. With thousands of GoogleLogins, events would be half of what the operator writes.
func (s *scope) eventful(transitions []transition) []transition {
	summed := s.summed()
	becomesReady := slices.ContainsFunc(transitions, func(t transition) bool { return t.Type == v1beta1.ConditionReady })
	return slices.DeleteFunc(slices.Clone(transitions), func(t transition) bool {
		if t.Status != metav1.ConditionTrue || !slices.Contains(s.reported(), t.Type) {
			return false
		}
		if t.before == nil {
			return true
		}
		return becomesReady && t.before.Status != metav1.ConditionTrue && slices.Contains(summed, t.Type)
	})
}

// tell logs each transition, and sends one event for each that is worth one, with the condition's own reason.
func (r *Reconciler) tell(ctx context.Context, s *scope, transitions []transition) {
	log := ctrl.LoggerFrom(ctx)
	for _, t := range transitions {
		log.Info("condition changed", "condition", t.Type, "status", t.Status, "reason", t.Reason)
	}
	for _, t := range s.eventful(transitions) {
		r.Recorder.Eventf(s.login, nil, severity(t.Condition), t.Reason, "Reconcile", "%s", cut(t.Message))
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
