package controllers

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// podsProblem returns why pods cannot start, as the pods themselves have it, or "" if they are merely on their way. It leaves
// out whatever changes from one moment to the next, such as pod names, back-off times and restart counts: a status that is
// rewritten every few seconds hides what it says.
func podsProblem(pods []corev1.Pod) string {
	var problems []string
	for i := range pods {
		if !pods[i].DeletionTimestamp.IsZero() {
			continue
		}
		if p := podProblem(&pods[i]); p != "" {
			problems = append(problems, p)
		}
	}
	if len(problems) == 0 {
		return ""
	}
	return slices.Min(problems)
}

func podProblem(pod *corev1.Pod) string {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable {
			return fmt.Sprintf("Unschedulable: %s", c.Message)
		}
	}
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if p := containerProblem(&status); p != "" {
			return p
		}
	}
	return ""
}

func containerProblem(status *corev1.ContainerStatus) string {
	if waiting := status.State.Waiting; waiting != nil {
		switch waiting.Reason {
		case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull":
			// The kubelet goes back and forth between the first two.
			return fmt.Sprintf("ImagePullBackOff: image %s of container %s cannot be pulled: check spec.server.image and spec.server.imagePullSecrets", status.Image, status.Name)
		case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
			return fmt.Sprintf("%s: container %s: %s", waiting.Reason, status.Name, waiting.Message)
		}
	}
	if ended := lastEnd(status); ended != nil && !status.Ready {
		return fmt.Sprintf("CrashLoopBackOff: container %s ends with exit code %d (%s): see its log with `kubectl logs --previous`", status.Name, ended.ExitCode, ended.Reason)
	}
	return ""
}

// lastEnd returns how a container ended that ought to run. Between two tries it is shown as running, which is why its last end
// counts and not what it is waiting for.
func lastEnd(status *corev1.ContainerStatus) *corev1.ContainerStateTerminated {
	ended := status.State.Terminated
	if ended == nil {
		ended = status.LastTerminationState.Terminated
	}
	if ended == nil || ended.ExitCode == 0 {
		return nil
	}
	return ended
}
