package desired

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/googlelogin/operator/api/v1beta1"
)

// defaultSize of the volume is generous: a million sessions of SQLite take less.
const defaultSize = "1Gi"

// Shared reports whether several servers may use the storage at once.
func Shared(login *v1beta1.GoogleLogin) bool {
	return login.Spec.Storage.Type == v1beta1.StoragePostgres
}

// NeedsVolume reports whether users and sessions are kept on a volume.
func NeedsVolume(login *v1beta1.GoogleLogin) bool {
	return login.Spec.Storage.Type != v1beta1.StorageMemory && !Shared(login)
}

// PersistentVolumeClaim asks for the volume of the SQLite file.
func PersistentVolumeClaim(in Input) *corev1ac.PersistentVolumeClaimApplyConfiguration {
	spec := corev1ac.PersistentVolumeClaimSpec().
		WithAccessModes(corev1.ReadWriteOnce).
		WithResources(corev1ac.VolumeResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceStorage: volumeSize(in.Login)}))
	if sqlite := in.Login.Spec.Storage.SQLite; sqlite != nil && sqlite.StorageClassName != nil {
		spec.WithStorageClassName(*sqlite.StorageClassName)
	}
	return corev1ac.PersistentVolumeClaim(DataClaimName(in.Login.Name), in.Login.Namespace).
		WithLabels(Labels(in.Login.Name)).
		WithOwnerReferences(owner(in.Login)).
		WithSpec(spec)
}

func volumeSize(login *v1beta1.GoogleLogin) resource.Quantity {
	if sqlite := login.Spec.Storage.SQLite; sqlite != nil && sqlite.Size != nil {
		return *sqlite.Size
	}
	return resource.MustParse(defaultSize)
}
