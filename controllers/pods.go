package controllers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/googlelogin/operator/controllers/desired"
)

// trouble is why pods cannot start, and how long it may well pass by itself.
type trouble struct {
	message  string
	patience time.Duration
}

// podsTrouble returns why pods cannot start, as the pods themselves have it, or nothing if they are merely on their way. It leaves
// out whatever changes from one moment to the next, such as pod names, back-off times and restart counts: a status that is
// rewritten every few seconds hides what it says.
func podsTrouble(deployment string, pods []corev1.Pod) trouble {
	var troubles []trouble
	for i := range pods {
		if !pods[i].DeletionTimestamp.IsZero() {
			continue
		}
		if t := podTrouble(deployment, &pods[i]); t.message != "" {
			troubles = append(troubles, t)
		}
	}
	if len(troubles) == 0 {
		return trouble{}
	}
	return slices.MinFunc(troubles, func(a, b trouble) int { return cmp.Compare(a.message, b.message) })
}

func podTrouble(deployment string, pod *corev1.Pod) trouble {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable {
			return trouble{fmt.Sprintf(
				"Unschedulable: no node takes a pod of Deployment %q: %s: add nodes, or change resources, nodeSelector, affinity or tolerations in spec.server",
				deployment, steady(c.Message)), clusterPatience}
		}
	}
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if t := containerTrouble(deployment, &status); t.message != "" {
			return t
		}
	}
	return trouble{}
}

func containerTrouble(deployment string, status *corev1.ContainerStatus) trouble {
	if waiting := status.State.Waiting; waiting != nil {
		switch waiting.Reason {
		case "ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "SignatureValidationFailed", "ErrImageNeverPull":
			// The kubelet goes back and forth between the first two.
			return trouble{cannotPull("ImagePullBackOff", status, pullError(waiting.Message)), patience}
		case "InvalidImageName":
			return trouble{cannotPull(waiting.Reason, status, waiting.Message), 0}
		case "CreateContainerConfigError":
			return trouble{fmt.Sprintf("%s: container %s: %s: create what it lacks, or change spec.server.env", waiting.Reason, status.Name, steady(waiting.Message)), patience}
		case "CreateContainerError", "RunContainerError":
			return trouble{fmt.Sprintf("%s: container %s: %s", waiting.Reason, status.Name, steady(waiting.Message)), patience}
		}
	}
	if ended := lastEnd(status); ended != nil && !status.Ready {
		return trouble{crash(deployment, status.Name, ended), patience}
	}
	return trouble{}
}

func cannotPull(reason string, status *corev1.ContainerStatus, cause string) string {
	message := fmt.Sprintf("%s: image %s of container %s cannot be pulled", reason, status.Image, status.Name)
	if cause != "" {
		message += ": " + steady(cause)
	}
	return message + ": check spec.server.image and spec.server.imagePullSecrets"
}

// pullError is what the registry said. Between two tries the kubelet puts it behind the image's name and the error's.
func pullError(message string) string {
	backOff, waits := strings.CutPrefix(message, "Back-off pulling image ")
	if !waits {
		return message
	}
	_, wrapped, _ := strings.Cut(backOff, `": `)
	_, cause, _ := strings.Cut(wrapped, ": ")
	return cause
}

// crash says how a container ended. The server leaves its last words for this; those of a team's own container may be anything, and
// a status is read by more people than a log.
func crash(deployment, container string, ended *corev1.ContainerStateTerminated) string {
	message := fmt.Sprintf("CrashLoopBackOff: container %s ends with exit code %d (%s)", container, ended.ExitCode, ended.Reason)
	if container == desired.ServerContainer && ended.Message != "" {
		message += ": " + steady(ended.Message)
	}
	if ended.Reason == "OOMKilled" {
		return message + ": raise spec.server.resources.limits.memory"
	}
	return fmt.Sprintf("%s: see its log with `kubectl logs deployment/%s --container %s --previous`", message, deployment, container)
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

// steady brings what others wrote to the size of a message, and takes out the port that a connection began at, which is another at
// each try.
func steady(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		if _, to, arrow := strings.Cut(word, "->"); arrow {
			words[i] = to
		}
	}
	return strings.TrimSuffix(cleaned(strings.Join(words, " ")), ".")
}
