package desired

import (
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// ServiceAccount gives the server an identity of its own that no token is mounted for.
func ServiceAccount(in Input) *corev1ac.ServiceAccountApplyConfiguration {
	return corev1ac.ServiceAccount(ServerName(in.Login.Name), in.Login.Namespace).
		WithLabels(Labels(in.Login.Name)).
		WithOwnerReferences(owner(in.Login)).
		WithAutomountServiceAccountToken(false)
}
