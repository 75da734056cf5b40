package controllers

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/googlelogin/operator/api/v1beta1"
)

// TestAPodThatTriesAgainChangesNothingInTheStatus plays the kubelet between two tries, which shows one trouble in two ways.
func TestAPodThatTriesAgainChangesNothingInTheStatus(t *testing.T) {
	waits := func(reason, message string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	}
	died := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", Message: "open storage: disk full"}}
	for name, tries := range map[string][2]corev1.ContainerStatus{
		"image": {
			{State: waits("ErrImagePull", "read udp 10.244.0.7:41234->10.0.0.10:53: i/o timeout")},
			{State: waits("ImagePullBackOff", `Back-off pulling image "example.com/server:1": ErrImagePull: read udp 10.244.0.7:50000->10.0.0.10:53: i/o timeout`)},
		},
		"crash": {
			{RestartCount: 3, State: waits("CrashLoopBackOff", "back-off 40s restarting failed container=server"), LastTerminationState: died},
			{RestartCount: 4, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, LastTerminationState: died},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := withSecret()(t)
			w.reconcile()
			try := func(status corev1.ContainerStatus) {
				status.Name, status.Image = "server", "example.com/server:1"
				pod := &corev1.Pod{}
				w.get("shop-googlelogin-starting", pod)
				pod.Status = corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{status}}
				if err := w.c.Status().Update(w.ctx, pod); err != nil {
					t.Fatal(err)
				}
				w.reconcile()
			}
			w.pod(corev1.PodStatus{})
			try(tries[0])
			w.wantCondition(v1beta1.ConditionAvailable, metav1.ConditionFalse, v1beta1.ReasonPodsFailing)
			w.writes.take()
			for range 2 {
				try(tries[1])
				try(tries[0])
			}
			if got := w.writes.take(); len(got) > 0 {
				t.Errorf("wrote %q, want nothing", got)
			}
		})
	}
}
