// Package v1beta1 is the Kubernetes API of the operator: the GoogleLogin resource, its conditions and its reasons.
//
// Defaults live here, as CRD markers, and nowhere else in the control plane. A field is in this package only once something
// honours it.
//
// +kubebuilder:object:generate=true
// +kubebuilder:ac:generate=true
// +kubebuilder:ac:output:package=applyconfiguration
// +groupName=googlelogin.dev
package v1beta1
