package desired

import (
	"encoding/json"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/googlelogin/operator/api/v1beta1"
)

// schedule sets where the pods run. What the spec leaves open is left out, for others to set.
func schedule(spec *corev1ac.PodSpecApplyConfiguration, login *v1beta1.GoogleLogin) {
	server := login.Spec.Server
	if len(server.NodeSelector) > 0 {
		spec.WithNodeSelector(plain(server.NodeSelector))
	}
	for _, toleration := range server.Tolerations {
		spec.WithTolerations(as[corev1ac.TolerationApplyConfiguration](toleration))
	}
	if server.Affinity != nil {
		spec.WithAffinity(as[corev1ac.AffinityApplyConfiguration](server.Affinity))
	}
	spec.WithTopologySpreadConstraints(spread(login)...)
	if server.PriorityClassName != "" {
		spec.WithPriorityClassName(server.PriorityClassName)
	}
	for _, secret := range server.ImagePullSecrets {
		spec.WithImagePullSecrets(corev1ac.LocalObjectReference().WithName(secret.Name))
	}
}

// spread is what the spec says, else over nodes and zones wherever there may be several pods.
func spread(login *v1beta1.GoogleLogin) []*corev1ac.TopologySpreadConstraintApplyConfiguration {
	var out []*corev1ac.TopologySpreadConstraintApplyConfiguration
	for _, asked := range login.Spec.Server.TopologySpreadConstraints {
		constraint := as[corev1ac.TopologySpreadConstraintApplyConfiguration](asked)
		out = append(out, constraint.
			WithLabelSelector(metav1ac.LabelSelector().WithMatchLabels(Selector(login.Name))).
			WithMatchLabelKeys(sameRevision))
	}
	if len(out) > 0 || !several(login) {
		return out
	}
	for _, domain := range []string{corev1.LabelHostname, corev1.LabelTopologyZone} {
		out = append(out, corev1ac.TopologySpreadConstraint().
			WithMaxSkew(1).
			WithTopologyKey(domain).
			// A cluster of one node is no reason not to serve.
			WithWhenUnsatisfiable(corev1.ScheduleAnyway).
			WithLabelSelector(metav1ac.LabelSelector().WithMatchLabels(Selector(login.Name))).
			WithMatchLabelKeys(sameRevision))
	}
	return out
}

// sameRevision has the new pods of a rollout spread among themselves, whatever the old ones do.
const sameRevision = "pod-template-hash"

// several reports whether there may be more than one pod for long.
func several(login *v1beta1.GoogleLogin) bool {
	if autoscaling := login.Spec.Server.Autoscaling; autoscaling != nil {
		return autoscaling.MaxReplicas > 1
	}
	return Replicas(login) > 1
}

// podLabels are a team's own labels under ours, which selectors go by.
func podLabels(login *v1beta1.GoogleLogin) map[string]string {
	return ours(login, login.Spec.Server.PodMetadata.Labels)
}

// ours are the labels of a child: those that the spec adds, and ours over them.
func ours(login *v1beta1.GoogleLogin, added v1beta1.Labels) map[string]string {
	labels := plain(added)
	maps.Copy(labels, Labels(login.Name))
	return labels
}

// env are the variables that the spec sets.
func env(login *v1beta1.GoogleLogin) []*corev1ac.EnvVarApplyConfiguration {
	var out []*corev1ac.EnvVarApplyConfiguration
	for _, variable := range login.Spec.Server.Env {
		v := corev1ac.EnvVar().WithName(variable.Name)
		if from := variable.ValueFrom; from != nil {
			v.WithValueFrom(corev1ac.EnvVarSource().WithSecretKeyRef(corev1ac.SecretKeySelector().
				WithName(from.SecretKeyRef.Name).WithKey(string(from.SecretKeyRef.Key))))
		} else if variable.Value != "" {
			v.WithValue(variable.Value)
		}
		out = append(out, v)
	}
	return out
}

// plain turns a map of our types into one that Kubernetes' own types have. It is never nil.
func plain[V ~string, M ~map[string]V](values M) map[string]string {
	out := make(map[string]string, len(values))
	for k, v := range values {
		out[k] = string(v)
	}
	return out
}

// as turns a Kubernetes type into its apply-configuration, which has the same fields: it goes through what both are in JSON.
func as[A any](from any) *A {
	to := new(A)
	encoded, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(encoded, to)
	}
	if err != nil {
		panic(fmt.Sprintf("%T is not a %T in JSON: %v", from, to, err))
	}
	return to
}
