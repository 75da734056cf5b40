package desired

import (
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"

	"github.com/googlelogin/operator/api/v1beta1"
)

// PodDisruptionBudget bounds how many pods a drain may take at once; nil unless the spec asks for one.
func PodDisruptionBudget(in Input) *policyv1ac.PodDisruptionBudgetApplyConfiguration {
	budget := in.Login.Spec.Server.PodDisruptionBudget
	if budget.Mode != v1beta1.Enabled {
		return nil
	}
	spec := policyv1ac.PodDisruptionBudgetSpec().
		WithSelector(metav1ac.LabelSelector().WithMatchLabels(Selector(in.Login.Name))).
		// A pod that serves nobody must not keep a node from being drained.
		WithUnhealthyPodEvictionPolicy(policyv1.AlwaysAllow)
	switch {
	case budget.MinAvailable != nil:
		spec.WithMinAvailable(*budget.MinAvailable)
	case budget.MaxUnavailable != nil:
		spec.WithMaxUnavailable(*budget.MaxUnavailable)
	default:
		spec.WithMaxUnavailable(intstr.FromInt32(1))
	}
	return policyv1ac.PodDisruptionBudget(ServerName(in.Login.Name), in.Login.Namespace).
		WithLabels(Labels(in.Login.Name)).
		WithOwnerReferences(owner(in.Login)).
		WithSpec(spec)
}
