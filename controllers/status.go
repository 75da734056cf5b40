package controllers

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// summed are the conditions that Ready sums up, in the order of the steps that own them.
func (s *scope) summed() []string {
	conditions := []string{
		v1beta1.ConditionAccepted,
		v1beta1.ConditionCredentialsReady,
		v1beta1.ConditionKeysReady,
		v1beta1.ConditionStorageReady,
		v1beta1.ConditionAvailable,
		v1beta1.ConditionConfigLoaded,
	}
	if asked := s.login.Spec.Exposure.Type; asked != "" && asked != v1beta1.ExposureNone {
		conditions = append(conditions, v1beta1.ConditionExposed)
	}
	return conditions
}

// reported are all conditions of steps: beside those that Ready sums up, the one that keeps nobody from signing in.
func (s *scope) reported() []string {
	conditions := s.summed()
	if s.login.Spec.Server.ServiceMonitor.Mode == v1beta1.Enabled {
		conditions = append(conditions, v1beta1.ConditionMonitored)
	}
	return conditions
}

// summarize turns the findings into conditions. Reconciling and Stalled follow kstatus: present only while True, and never both,
// so that a tool that waits for the object knows whether waiting makes sense.
func (s *scope) summarize() {
	status := &s.login.Status
	status.ObservedGeneration = s.login.Generation
	meta.RemoveStatusCondition(&status.Conditions, v1beta1.ConditionPaused)
	reported := s.reported()
	for _, condition := range reported {
		if s.lookedAt(condition) {
			s.set(condition, s.found(condition))
		}
	}
	for _, condition := range []string{v1beta1.ConditionExposed, v1beta1.ConditionMonitored} {
		if !slices.Contains(reported, condition) {
			meta.RemoveStatusCondition(&status.Conditions, condition)
		}
	}
	s.setUpgradePending()
	s.set(v1beta1.ConditionReady, s.readiness())
	s.setWhile(v1beta1.ConditionStalled, stalled)
	if meta.IsStatusConditionTrue(status.Conditions, v1beta1.ConditionStalled) {
		meta.RemoveStatusCondition(&status.Conditions, v1beta1.ConditionReconciling)
		return
	}
	s.setWhile(v1beta1.ConditionReconciling, waiting)
}

// lookedAt is false only for a condition that an error kept from being looked at, and that an earlier pass has set. It stays as
// it was, observedGeneration included: nothing is known to have changed.
func (s *scope) lookedAt(condition string) bool {
	_, reported := s.findings[condition]
	return reported || meta.FindStatusCondition(s.asRead.Status.Conditions, condition) == nil
}

// found returns the finding on a condition. One that was not looked at waits for the step before it that met an error.
func (s *scope) found(condition string) finding {
	if f, ok := s.findings[condition]; ok {
		return f
	}
	return finding{waiting, v1beta1.ReasonWaiting, "an earlier step has to succeed first"}
}

// readiness copies the first finding that is not good.
func (s *scope) readiness() finding {
	for _, condition := range s.summed() {
		if f := s.found(condition); f.outcome != good && f.outcome != unknown {
			return f
		}
	}
	return finding{good, v1beta1.ReasonReady, "users can sign in at " + s.login.Status.LoginURL}
}

func (s *scope) set(condition string, f finding) {
	status := metav1.ConditionFalse
	switch f.outcome {
	case good:
		status = metav1.ConditionTrue
	case unknown:
		status = metav1.ConditionUnknown
	}
	meta.SetStatusCondition(&s.login.Status.Conditions, metav1.Condition{
		Type:               condition,
		Status:             status,
		ObservedGeneration: s.login.Generation,
		LastTransitionTime: metav1.NewTime(s.now),
		Reason:             f.reason,
		Message:            f.message,
	})
}

// setWhile sets a condition that is present only while some step's finding has that outcome.
func (s *scope) setWhile(condition string, while outcome) {
	for _, step := range s.summed() {
		if f := s.found(step); f.outcome == while {
			f.outcome = good
			s.set(condition, f)
			return
		}
	}
	meta.RemoveStatusCondition(&s.login.Status.Conditions, condition)
}

func (s *scope) setUpgradePending() {
	switch {
	case s.upgrading == nil: // nobody looked
	case s.upgrading.reason == "":
		meta.RemoveStatusCondition(&s.login.Status.Conditions, v1beta1.ConditionUpgradePending)
	default:
		s.set(v1beta1.ConditionUpgradePending, *s.upgrading)
	}
}

// describe fills in what follows from the spec alone.
func (s *scope) describe(issuer string) {
	status := &s.login.Status
	status.Issuer = issuer
	status.LoginURL = desired.LoginURL(issuer)
	status.JWKSURL = desired.JWKSURL(issuer)
	status.StandInIssuer = s.login.Spec.Google.Issuer
	status.RedirectURIsToRegister = desired.RedirectURIsToRegister(s.login)
	status.Selector = labels.SelectorFromSet(desired.Selector(s.login.Name)).String()
}

// patchStatus writes the status if this pass changed it, and then tells of the transitions. The lock makes a pass that worked
// from a stale copy start again instead of writing over a newer status.
func (r *Reconciler) patchStatus(ctx context.Context, s *scope) error {
	if equality.Semantic.DeepEqual(s.asRead.Status, s.login.Status) {
		return nil
	}
	patch := client.MergeFromWithOptions(s.asRead, client.MergeFromWithOptimisticLock{})
	transitions := s.transitions()
	err := r.Client.Status().Patch(ctx, s.login, patch, client.FieldOwner(fieldOwner))
	if apierrors.IsNotFound(err) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return fmt.Errorf("write the status: %w", err)
	}
	r.tell(ctx, s, transitions)
	return nil
}
