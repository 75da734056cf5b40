package desired

import (
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// ServiceAccount gives the server an identity of its own that no token is mounted for. It is there, unused, even if the spec names
// another: to delete ServiceAccounts is a right that the operator does not need to have.
func ServiceAccount(in Input) *corev1ac.ServiceAccountApplyConfiguration {
	account := corev1ac.ServiceAccount(ServerName(in.Login.Name), in.Login.Namespace).
		WithLabels(Labels(in.Login.Name)).
		WithOwnerReferences(owner(in.Login)).
		WithAutomountServiceAccountToken(false)
	if annotations := in.Login.Spec.Server.ServiceAccount.Annotations; len(annotations) > 0 {
		account.WithAnnotations(plain(annotations))
	}
	return account
}
