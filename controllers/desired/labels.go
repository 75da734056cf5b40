package desired

import (
	"maps"

	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/googlelogin/operator/api/v1beta1"
)

// The recommended labels, https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/.
const (
	LabelName      = "app.kubernetes.io/name"
	LabelInstance  = "app.kubernetes.io/instance"
	LabelComponent = "app.kubernetes.io/component"
	LabelManagedBy = "app.kubernetes.io/managed-by"

	// ManagedBy is the value of LabelManagedBy on everything that the operator makes. The manager's caches select by it.
	ManagedBy = "googlelogin-operator"
)

// Selector returns the labels by which the Deployment and the Service find the server's pods. A Deployment's selector cannot
// change, so nothing is ever added here.
func Selector(login string) map[string]string {
	return map[string]string{
		LabelName:      "googlelogin",
		LabelInstance:  login,
		LabelComponent: "callback-server",
	}
}

// Labels returns the labels of every child. There is no version among them: an upgrade of the operator would then write to
// every object, and restart every server.
func Labels(login string) map[string]string {
	labels := maps.Clone(Selector(login))
	labels[LabelManagedBy] = ManagedBy
	return labels
}

// owner makes login the controller of a child, so that the garbage collector deletes the child with it. blockOwnerDeletion
// stays unset: where admission guards it, it would need rights over GoogleLogins' finalizers.
func owner(login *v1beta1.GoogleLogin) *metav1ac.OwnerReferenceApplyConfiguration {
	return metav1ac.OwnerReference().
		WithAPIVersion(v1beta1.GroupVersion.String()).
		WithKind("GoogleLogin").
		WithName(login.Name).
		WithUID(login.UID).
		WithController(true)
}
