package desired

import (
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// ConfigMap carries the server's configuration. It holds no secret, only the paths of the files that do.
func ConfigMap(in Input) *corev1ac.ConfigMapApplyConfiguration {
	data := map[string]string{ConfigKey: in.Rendering().Config}
	if administered(in) {
		// Beside the configuration and not in its hash: a key that the cluster adds restarts nobody.
		data[ClusterKeysKey] = in.Cluster.JWKS
	}
	return corev1ac.ConfigMap(ConfigMapName(in.Login.Name), in.Login.Namespace).
		WithLabels(Labels(in.Login.Name)).
		WithAnnotations(in.renderingAnnotations()).
		WithOwnerReferences(owner(in.Login)).
		WithData(data)
}

// WantedConfigAnnotation on a pod is the hash of the configuration that it should load. It tells the kubelet to look after the pod's
// files, and nobody else anything.
const WantedConfigAnnotation = "googlelogin.dev/wanted-config"
