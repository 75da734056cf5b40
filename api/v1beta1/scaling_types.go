package v1beta1

import (
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Autoscaling bounds a HorizontalPodAutoscaler.
//
// +kubebuilder:validation:XValidation:rule="!has(self.minReplicas) || self.minReplicas <= self.maxReplicas",message="server.autoscaling.minReplicas must not be above maxReplicas",fieldPath=".minReplicas"
type Autoscaling struct {
	// minReplicas is the least number of servers. Default: 2.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	MinReplicas int32 `json:"minReplicas,omitempty"`

	// maxReplicas is the greatest number of servers. Each holds up to ten connections to the database.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	MaxReplicas int32 `json:"maxReplicas,omitempty"`

	// targetCPUUtilizationPercentage is the share of the requested CPU that servers are to use on average. Default: 80.
	// +optional
	// +kubebuilder:default=80
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	TargetCPUUtilizationPercentage int32 `json:"targetCPUUtilizationPercentage,omitempty"`
}

// PodDisruptionBudget bounds how many servers may be taken at once. Pods that are not ready may always be taken.
//
// +kubebuilder:validation:XValidation:rule="!has(self.minAvailable) || !has(self.maxUnavailable)",message="set minAvailable or maxUnavailable, not both"
type PodDisruptionBudget struct {
	// mode Enabled makes a PodDisruptionBudget. Default: Disabled.
	// +optional
	// +kubebuilder:default=Disabled
	Mode Switch `json:"mode,omitempty"`

	// maxUnavailable is how many servers may be away at once, as a number or a percentage. Default: 1, unless minAvailable is set.
	// +optional
	MaxUnavailable *intstr.IntOrString `json:"maxUnavailable,omitempty"`

	// minAvailable is how many servers have to stay, as a number or a percentage. As many as there are servers, and no node with one of
	// them can be drained.
	// +optional
	MinAvailable *intstr.IntOrString `json:"minAvailable,omitempty"`
}
