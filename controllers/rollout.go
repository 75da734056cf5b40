package controllers

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// rollout reports how far the server's pods are.
func (r *Reconciler) rollout(ctx context.Context, s *scope) error {
	s.login.Status.Replicas, s.login.Status.ReadyReplicas = 0, 0
	if s.deployment == nil {
		s.wait(v1beta1.ConditionAvailable, v1beta1.ReasonWaiting, "the server is started once credentials, keys and storage are ready")
		return nil
	}
	status := s.deployment.Status
	s.login.Status.Replicas, s.login.Status.ReadyReplicas = status.Replicas, status.ReadyReplicas
	switch {
	case switchedOff(s.deployment):
		s.report(v1beta1.ConditionAvailable, finding{off, v1beta1.ReasonScaledToZero, "spec.server.replicas is 0, which switches the server off"})
		return nil
	case replicas(s.deployment) == 0:
		s.wait(v1beta1.ConditionAvailable, v1beta1.ReasonRolloutInProgress, fmt.Sprintf("pods of Deployment %q are stopping", s.deployment.Name))
		return nil
	case rolledOut(s.deployment):
		s.succeed(v1beta1.ConditionAvailable, v1beta1.ReasonAvailable, fmt.Sprintf("Deployment %q has all its pods ready", s.deployment.Name))
		return nil
	}
	return r.reportPods(ctx, s)
}

// reportPods says why the pods are not ready yet: the pods' own reason, if they have one.
func (r *Reconciler) reportPods(ctx context.Context, s *scope) error {
	if message := failureOf(s.deployment); message != "" {
		s.wait(v1beta1.ConditionAvailable, v1beta1.ReasonPodsFailing, message)
		return nil
	}
	pods, err := r.pods(ctx, s)
	if err != nil {
		return err
	}
	if message := podsProblem(pods); message != "" {
		s.wait(v1beta1.ConditionAvailable, v1beta1.ReasonPodsFailing, message)
		return nil
	}
	if tookTooLong(s.deployment) {
		s.wait(v1beta1.ConditionAvailable, v1beta1.ReasonPodsFailing, fmt.Sprintf(
			"the pods of Deployment %q do not become ready: see their log, and what their /readyz answers", s.deployment.Name))
		return nil
	}
	s.wait(v1beta1.ConditionAvailable, v1beta1.ReasonRolloutInProgress, fmt.Sprintf("pods of Deployment %q are starting", s.deployment.Name))
	return nil
}

// pods returns the server's pods, from the cache.
func (r *Reconciler) pods(ctx context.Context, s *scope) ([]corev1.Pod, error) {
	var pods corev1.PodList
	err := r.Client.List(ctx, &pods, client.InNamespace(s.login.Namespace), client.MatchingLabels(desired.Selector(s.login.Name)))
	if err != nil {
		return nil, fmt.Errorf("list the server's pods: %w", err)
	}
	return pods.Items, nil
}

// observed reports whether the Deployment's status speaks of its present spec.
func observed(d *appsv1.Deployment) bool { return d.Status.ObservedGeneration >= d.Generation }

func replicas(d *appsv1.Deployment) int32 {
	if d.Spec.Replicas == nil {
		return 1
	}
	return *d.Spec.Replicas
}

func switchedOff(d *appsv1.Deployment) bool {
	return replicas(d) == 0 && observed(d) && d.Status.Replicas == 0
}

// rolledOut holds when every pod is of the newest revision and available, as `kubectl rollout status` has it.
func rolledOut(d *appsv1.Deployment) bool {
	want, has := replicas(d), d.Status
	return want > 0 && observed(d) && has.UpdatedReplicas >= want && has.Replicas <= has.UpdatedReplicas && has.AvailableReplicas >= want
}

// failureOf returns why the Deployment cannot even make pods: a quota, or a policy that refuses them.
func failureOf(d *appsv1.Deployment) string {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
			return fmt.Sprintf("Deployment %q cannot make its pods: %s: %s", d.Name, c.Reason, c.Message)
		}
	}
	return ""
}

func tookTooLong(d *appsv1.Deployment) bool {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse && c.Reason == "ProgressDeadlineExceeded" {
			return true
		}
	}
	return false
}
