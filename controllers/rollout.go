package controllers

import (
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// rollout reports how far the server's pods are.
func (r *Reconciler) rollout(ctx context.Context, s *scope) error {
	r.endTurn(s)
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
		s.podsFail(trouble{message, patience})
		return nil
	}
	pods, err := r.pods(ctx, s)
	if err != nil {
		return err
	}
	if found := podsTrouble(s.deployment.Name, pods); found.message != "" {
		s.podsFail(found)
		return nil
	}
	if tookTooLong(s.deployment) {
		s.stall(v1beta1.ConditionAvailable, v1beta1.ReasonPodsFailing, fmt.Sprintf(
			"the pods of Deployment %q do not become ready: see their log, their events, and what their /readyz answers", s.deployment.Name))
		return nil
	}
	s.wait(v1beta1.ConditionAvailable, v1beta1.ReasonRolloutInProgress, fmt.Sprintf("pods of Deployment %q are starting", s.deployment.Name))
	return nil
}

// podsFail counts from when the pods were missed, or from when the Deployment last changed: a new image gets its own time.
func (s *scope) podsFail(found trouble) {
	since := s.falseSince(v1beta1.ConditionAvailable)
	switch changed := changedAt(s.deployment); {
	case changed.IsZero(): // The answer to an apply has no managed fields: it changed in this pass.
		since = s.now
	case changed.After(since):
		since = changed
	}
	s.waitAWhile(v1beta1.ConditionAvailable, v1beta1.ReasonPodsFailing, found.message, since, found.patience)
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
		refused := c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue
		unmade := c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse && c.Reason == "ReplicaSetCreateError"
		if refused || unmade {
			return fmt.Sprintf("Deployment %q cannot make its pods: %s: %s: mend the quota or the policy that it names, or ask for less in spec.server",
				d.Name, c.Reason, denial(c.Message))
		}
	}
	return ""
}

// denial leaves out the pod's name, which is another at each try.
func denial(message string) string {
	if pod, why, found := strings.Cut(message, " is forbidden: "); found && !strings.Contains(pod, ":") {
		message = why
	}
	return steady(message)
}

func tookTooLong(d *appsv1.Deployment) bool {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse && c.Reason == "ProgressDeadlineExceeded" {
			return true
		}
	}
	return false
}
