package desired

import (
	"cmp"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/googlelogin/operator/server/config"
)

// RestartHashAnnotation on the pods makes a new revision of a configuration that the running server could not take. All other changes
// of the configuration it takes by itself, as it does keys and credentials.
const RestartHashAnnotation = "googlelogin.dev/restart-hash"

// terminationMargin is what a pod gets beyond the server's own drain before it is killed.
const terminationMargin = 10 * time.Second

// Deployment runs the callback server. With an autoscaler, its replicas are what to start from: see package controllers for how they
// are handed over.
func Deployment(in Input) *appsv1ac.DeploymentApplyConfiguration {
	name := in.Login.Name
	return appsv1ac.Deployment(ServerName(name), in.Login.Namespace).
		WithLabels(Labels(name)).
		WithOwnerReferences(owner(in.Login)).
		WithSpec(appsv1ac.DeploymentSpec().
			WithReplicas(startReplicas(in.Login)).
			WithStrategy(strategy(in)).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(Selector(name))).
			WithTemplate(in.Rendering().Template))
}

func podTemplate(in Input) *corev1ac.PodTemplateSpecApplyConfiguration {
	annotations := plain(in.Login.Spec.Server.PodMetadata.Annotations)
	annotations[RestartHashAnnotation] = in.restartHash
	return corev1ac.PodTemplateSpec().
		WithLabels(podLabels(in.Login)).
		WithAnnotations(annotations).
		WithSpec(podSpec(in))
}

func strategy(in Input) *appsv1ac.DeploymentStrategyApplyConfiguration {
	if !Shared(in.Login) {
		// SQLite and Memory are held by one process: two pods would open one file, or disagree on who is signed in.
		return appsv1ac.DeploymentStrategy().WithType(appsv1.RecreateDeploymentStrategyType)
	}
	// One more than asked for, and never one less: a rollout is no outage, even of a single replica.
	return appsv1ac.DeploymentStrategy().
		WithType(appsv1.RollingUpdateDeploymentStrategyType).
		WithRollingUpdate(appsv1ac.RollingUpdateDeployment().WithMaxSurge(intstr.FromInt32(1)).WithMaxUnavailable(intstr.FromInt32(0)))
}

func podSpec(in Input) *corev1ac.PodSpecApplyConfiguration {
	drain := config.Default().DrainTimeout.Std()
	spec := corev1ac.PodSpec().
		WithServiceAccountName(cmp.Or(in.Login.Spec.Server.ServiceAccount.Name, ServerName(in.Login.Name))).
		WithAutomountServiceAccountToken(false).
		// Without this every Service of the namespace becomes a dozen environment variables of the server.
		WithEnableServiceLinks(false).
		WithTerminationGracePeriodSeconds(int64((drain + terminationMargin).Seconds())).
		WithSecurityContext(podSecurity()).
		WithContainers(container(in)).
		WithVolumes(volumes(in)...)
	schedule(spec, in.Login)
	return spec
}

func configArg() string {
	return fmt.Sprintf("--config=%s/%s", configDir, ConfigKey)
}
