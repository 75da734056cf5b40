package controllers

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// deployment is generation 2 with so many pods wanted, in a state that the row changes.
func deployment(want int32, status appsv1.DeploymentStatus) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "shop-googlelogin", Generation: 2},
		Spec:       appsv1.DeploymentSpec{Replicas: ptr.To(want)},
		Status:     status,
	}
}

func pod(status corev1.PodStatus) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "shop-googlelogin-1", Labels: desired.Labels("shop")},
		Status:     status,
	}
}

func inContainer(status corev1.ContainerStatus) *corev1.Pod {
	status.Name, status.Image = "server", "example.com/server:1"
	return pod(corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{status}})
}

func TestRollout(t *testing.T) {
	starting := appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 1, UpdatedReplicas: 1}
	crashed := &corev1.ContainerStateTerminated{ExitCode: 2, Reason: "Error", Message: "open storage:\n disk full"}
	const notFound = "rpc error: code = NotFound desc = example.com/server:1: not found"
	for _, row := range []struct {
		name       string
		deployment *appsv1.Deployment
		pod        *corev1.Pod
		want       finding
	}{
		{"there is no server yet", nil, nil,
			finding{waiting, v1beta1.ReasonWaiting, "the server is started once credentials, keys and storage are ready"}},
		{"all pods are ready",
			deployment(1, appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1}), nil,
			finding{good, v1beta1.ReasonAvailable, `Deployment "shop-googlelogin" has all its pods ready`}},
		{"the status speaks of an older spec",
			deployment(1, appsv1.DeploymentStatus{ObservedGeneration: 1, Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1}), nil,
			finding{waiting, v1beta1.ReasonRolloutInProgress, `pods of Deployment "shop-googlelogin" are starting`}},
		{"the available pod is of the old revision",
			deployment(1, appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 1, UpdatedReplicas: 0, AvailableReplicas: 1}), nil,
			finding{waiting, v1beta1.ReasonRolloutInProgress, `pods of Deployment "shop-googlelogin" are starting`}},
		{"an old pod is still there",
			deployment(1, appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 2, UpdatedReplicas: 1, AvailableReplicas: 2}), nil,
			finding{waiting, v1beta1.ReasonRolloutInProgress, `pods of Deployment "shop-googlelogin" are starting`}},
		{"switched off", deployment(0, appsv1.DeploymentStatus{ObservedGeneration: 2}), nil,
			finding{off, v1beta1.ReasonScaledToZero, "spec.server.replicas is 0, which switches the server off"}},
		{"being switched off", deployment(0, appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 1}), nil,
			finding{waiting, v1beta1.ReasonRolloutInProgress, `pods of Deployment "shop-googlelogin" are stopping`}},
		{"a pod that the scheduler cannot place", deployment(1, starting),
			pod(corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/1 nodes are available: 1 Insufficient memory."}}}),
			finding{waiting, v1beta1.ReasonPodsFailing, `Unschedulable: no node takes a pod of Deployment "shop-googlelogin": 0/1 nodes are available: 1 Insufficient memory: add nodes, or change resources, nodeSelector, affinity or tolerations in spec.server`}},
		{"an image that cannot be pulled", deployment(1, starting),
			inContainer(corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull"}}}),
			finding{waiting, v1beta1.ReasonPodsFailing, "ImagePullBackOff: image example.com/server:1 of container server cannot be pulled: check spec.server.image and spec.server.imagePullSecrets"}},
		{"an image that cannot be pulled, and what the registry said", deployment(1, starting),
			inContainer(corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: notFound}}}),
			finding{waiting, v1beta1.ReasonPodsFailing, "ImagePullBackOff: image example.com/server:1 of container server cannot be pulled: " + notFound + ": check spec.server.image and spec.server.imagePullSecrets"}},
		{"an image that waits for its next try", deployment(1, starting),
			inContainer(corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: `Back-off pulling image "example.com/server:1": ErrImagePull: ` + notFound}}}),
			finding{waiting, v1beta1.ReasonPodsFailing, "ImagePullBackOff: image example.com/server:1 of container server cannot be pulled: " + notFound + ": check spec.server.image and spec.server.imagePullSecrets"}},
		{"an image that an older kubelet waits with", deployment(1, starting),
			inContainer(corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: `Back-off pulling image "example.com/server:1"`}}}),
			finding{waiting, v1beta1.ReasonPodsFailing, "ImagePullBackOff: image example.com/server:1 of container server cannot be pulled: check spec.server.image and spec.server.imagePullSecrets"}},
		{"a registry that cannot be reached from another port each time", deployment(1, starting),
			inContainer(corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "read udp 10.0.0.5:41234->10.0.0.10:53: i/o timeout"}}}),
			finding{waiting, v1beta1.ReasonPodsFailing, "ImagePullBackOff: image example.com/server:1 of container server cannot be pulled: read udp 10.0.0.10:53: i/o timeout: check spec.server.image and spec.server.imagePullSecrets"}},
		{"an image with a name that is none", deployment(1, starting),
			inContainer(corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "InvalidImageName", Message: "invalid reference format"}}}),
			finding{stalled, v1beta1.ReasonPodsFailing, "InvalidImageName: image example.com/server:1 of container server cannot be pulled: invalid reference format: check spec.server.image and spec.server.imagePullSecrets"}},
		{"a container that cannot be configured", deployment(1, starting),
			inContainer(corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CreateContainerConfigError", Message: `secret "x" not found`}}}),
			finding{waiting, v1beta1.ReasonPodsFailing, `CreateContainerConfigError: container server: secret "x" not found: create what it lacks, or change spec.server.env`}},
		{"a container that waits for its next try", deployment(1, starting),
			inContainer(corev1.ContainerStatus{RestartCount: 3, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 40s"}}, LastTerminationState: corev1.ContainerState{Terminated: crashed}}),
			finding{waiting, v1beta1.ReasonPodsFailing, "CrashLoopBackOff: container server ends with exit code 2 (Error): open storage: disk full: see its log with `kubectl logs deployment/shop-googlelogin --container server --previous`"}},
		{"a container in the middle of its next try", deployment(1, starting),
			inContainer(corev1.ContainerStatus{RestartCount: 4, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, LastTerminationState: corev1.ContainerState{Terminated: crashed}}),
			finding{waiting, v1beta1.ReasonPodsFailing, "CrashLoopBackOff: container server ends with exit code 2 (Error): open storage: disk full: see its log with `kubectl logs deployment/shop-googlelogin --container server --previous`"}},
		{"a container that had too little memory", deployment(1, starting),
			inContainer(corev1.ContainerStatus{LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}}}),
			finding{waiting, v1beta1.ReasonPodsFailing, "CrashLoopBackOff: container server ends with exit code 137 (OOMKilled): raise spec.server.resources.limits.memory"}},
		{"a container of the team's own, whose last words may be anything", deployment(1, starting),
			pod(corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "sidecar", LastTerminationState: corev1.ContainerState{Terminated: crashed}}}}),
			finding{waiting, v1beta1.ReasonPodsFailing, "CrashLoopBackOff: container sidecar ends with exit code 2 (Error): see its log with `kubectl logs deployment/shop-googlelogin --container sidecar --previous`"}},
		{"a container that is being made", deployment(1, starting),
			inContainer(corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}}),
			finding{waiting, v1beta1.ReasonRolloutInProgress, `pods of Deployment "shop-googlelogin" are starting`}},
		{"a quota that keeps pods from being made",
			deployment(1, appsv1.DeploymentStatus{ObservedGeneration: 2, Conditions: []appsv1.DeploymentCondition{{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate", Message: `pods "shop-googlelogin-7c9f8-x2k4p" is forbidden: exceeded quota: small, requested: pods=1`}}}), nil,
			finding{waiting, v1beta1.ReasonPodsFailing, `Deployment "shop-googlelogin" cannot make its pods: FailedCreate: exceeded quota: small, requested: pods=1: mend the quota or the policy that it names, or ask for less in spec.server`}},
		{"a policy that keeps pods from being made",
			deployment(1, appsv1.DeploymentStatus{ObservedGeneration: 2, Conditions: []appsv1.DeploymentCondition{{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate", Message: `admission webhook "images.example.com" denied the request: no: "a" is forbidden: b`}}}), nil,
			finding{waiting, v1beta1.ReasonPodsFailing, `Deployment "shop-googlelogin" cannot make its pods: FailedCreate: admission webhook "images.example.com" denied the request: no: "a" is forbidden: b: mend the quota or the policy that it names, or ask for less in spec.server`}},
		{"a quota that keeps the ReplicaSet from being made",
			deployment(1, appsv1.DeploymentStatus{ObservedGeneration: 2, Conditions: []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ReplicaSetCreateError", Message: "exceeded quota: sets"}}}), nil,
			finding{waiting, v1beta1.ReasonPodsFailing, `Deployment "shop-googlelogin" cannot make its pods: ReplicaSetCreateError: exceeded quota: sets: mend the quota or the policy that it names, or ask for less in spec.server`}},
		{"pods that run and never become ready",
			deployment(1, appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 1, UpdatedReplicas: 1, Conditions: []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded"}}}), nil,
			finding{stalled, v1beta1.ReasonPodsFailing, "the pods of Deployment \"shop-googlelogin\" do not become ready: see their log, their events, and what their /readyz answers"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			scheme := runtime.NewScheme()
			if err := corev1.AddToScheme(scheme); err != nil {
				t.Fatal(err)
			}
			pods := []client.Object{}
			if row.pod != nil {
				pods = append(pods, row.pod)
			}
			r := &Reconciler{Client: fake.NewClientBuilder().WithScheme(scheme).WithObjects(pods...).Build()}
			s := newScope(&v1beta1.GoogleLogin{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "shop"}}, time.Unix(0, 0))
			s.deployment = row.deployment
			if err := r.rollout(context.Background(), s); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, s.findings[v1beta1.ConditionAvailable], cmp.AllowUnexported(finding{})); diff != "" {
				t.Errorf("finding (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPodsThatEndAreNotCounted(t *testing.T) {
	now := metav1.Now()
	failing := *inContainer(corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull"}}})
	failing.DeletionTimestamp = &now
	if got := podsTrouble("shop-googlelogin", []corev1.Pod{failing}).message; got != "" {
		t.Errorf("problem %q of a pod that is being deleted", got)
	}
}
