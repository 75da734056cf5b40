package controllers

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/server/config"
)

// phase is a moment in a GoogleLogin's life, and what tools that know no GoogleLogin have to make of it.
type phase struct {
	name string
	// arrange brings a GoogleLogin called shop there.
	arrange func(t *testing.T) *world
	// kstatus and argo are the words of the library that Flux and Helm 4 ask, and of Argo CD.
	kstatus, argo string
	// reason is that of Ready; empty if the operator has not said anything yet.
	reason string
}

func phases() []phase {
	return []phase{
		{"just created", created(), "InProgress", "Progressing", ""},
		{"created paused", then(created(pausedFrom), pass), "InProgress", "Suspended", ""},
		{"the client's Secret is missing", then(created(), pass), "InProgress", "Progressing", v1beta1.ReasonSecretNotFound},
		{"the client's Secret is still missing", then(created(), pass, later(patience), pass), "Failed", "Degraded", v1beta1.ReasonSecretNotFound},
		{"the client's Secret lacks a key", then(created(), secretWithout("client_secret"), pass), "Failed", "Degraded", v1beta1.ReasonSecretKeyMissing},
		{"the volume is on its way", then(withSecret(onDisk), pass), "InProgress", "Progressing", v1beta1.ReasonVolumePending},
		{"the volume never comes", then(withSecret(onDisk), pass, later(clusterPatience), pass), "Failed", "Degraded", v1beta1.ReasonVolumePending},
		{"pods are starting", then(withSecret(), pass), "InProgress", "Progressing", v1beta1.ReasonRolloutInProgress},
		{"the first servers run", readyShop, "Current", "Healthy", v1beta1.ReasonReady},
		{"servers cannot be asked", then(readyShop, deaf, later(patience), pass), "Current", "Healthy", v1beta1.ReasonReady},
		{"the spec was changed a moment ago", then(readyShop, newAccess), "InProgress", "Progressing", v1beta1.ReasonReady},
		{"a changed configuration is not loaded yet", then(readyShop, newAccess, pass), "InProgress", "Progressing", v1beta1.ReasonConfigPending},
		{"a changed configuration is refused", then(readyShop, newAccess, pass, refuse, later(patience), pass), "Failed", "Degraded", v1beta1.ReasonConfigRefused},
		{"a changed image is rolled out", then(readyShop, newImage, pass), "InProgress", "Progressing", v1beta1.ReasonRolloutInProgress},
		{"an image cannot be pulled", then(withSecret(), pass, podsThat(cannotBePulled), pass), "InProgress", "Progressing", v1beta1.ReasonPodsFailing},
		{"an image still cannot be pulled", then(withSecret(), pass, podsThat(cannotBePulled), pass, later(patience), pass), "Failed", "Degraded", v1beta1.ReasonPodsFailing},
		{"an image has a name that is none", then(withSecret(), pass, podsThat(waitFor("InvalidImageName")), pass), "Failed", "Degraded", v1beta1.ReasonPodsFailing},
		{"a server crashes", then(withSecret(), pass, podsThat(crash1), pass), "InProgress", "Progressing", v1beta1.ReasonPodsFailing},
		{"a server crashes on and on", then(withSecret(), pass, podsThat(crash1), pass, later(patience), pass), "Failed", "Degraded", v1beta1.ReasonPodsFailing},
		{"a new image crashes after months of health", then(readyShop, later(24*time.Hour), newImage, pass, podsThat(crash1), pass), "InProgress", "Progressing", v1beta1.ReasonPodsFailing},
		{"a quota refuses the pods", then(withSecret(), pass, overQuota, pass), "InProgress", "Progressing", v1beta1.ReasonPodsFailing},
		{"a quota refuses the pods for good", then(withSecret(), pass, overQuota, pass, later(patience), pass), "Failed", "Degraded", v1beta1.ReasonPodsFailing},
		{"no node has room yet", then(withSecret(), pass, unscheduled, pass, later(patience), pass), "InProgress", "Progressing", v1beta1.ReasonPodsFailing},
		{"no node will ever have room", then(withSecret(), pass, unscheduled, pass, later(clusterPatience), pass), "Failed", "Degraded", v1beta1.ReasonPodsFailing},
		{"pods run and do not become ready", then(withSecret(), pass, deadlineExceeded, pass), "Failed", "Degraded", v1beta1.ReasonPodsFailing},
		{"keys cannot be read", then(readyShop, spoilKeys, pass), "Failed", "Degraded", v1beta1.ReasonKeysUnreadable},
		{"Google refuses the client", then(readyShop, rejected, pass), "Failed", "Degraded", v1beta1.ReasonRejectedByGoogle},
		{"a child's name is taken", then(withSecret(), takeName, pass), "Failed", "Degraded", v1beta1.ReasonOwnedByAnother},
		{"no Gateway API", then(withSecret(byRoute), noGatewayAPI, pass, podsRun, pass), "Failed", "Degraded", v1beta1.ReasonGatewayAPINotInstalled},
		{"the API server is in trouble", then(readyShop, secretsBroken, failingPass), "InProgress", "Progressing", v1beta1.ReasonReconcileError},
		{"switched off", then(readyShop, replicasZero, pass, podsGone, pass), "InProgress", "Suspended", v1beta1.ReasonScaledToZero},
		{"paused while Ready", then(readyShop, pauseIt, pass), "Current", "Suspended", v1beta1.ReasonReady},
		{"changed while paused", then(readyShop, pauseIt, pass, newAccess, pass), "InProgress", "Suspended", v1beta1.ReasonReady},
		{"mended after trouble", then(readyShop, rejected, pass, proven, pass), "Current", "Healthy", v1beta1.ReasonReady},
		{"being deleted", then(readyShop, deleted), "Terminating", "Progressing", v1beta1.ReasonReady},
	}
}

// then goes on from a phase, step by step.
func then(arrange func(*testing.T) *world, steps ...func(*world)) func(*testing.T) *world {
	return func(t *testing.T) *world {
		w := arrange(t)
		for _, step := range steps {
			step(w)
		}
		return w
	}
}

func created(change ...func(*v1beta1.GoogleLogin)) func(*testing.T) *world {
	return func(t *testing.T) *world {
		w := newWorld(t)
		w.shop(append([]func(*v1beta1.GoogleLogin){inMemory}, change...)...)
		return w
	}
}

func withSecret(change ...func(*v1beta1.GoogleLogin)) func(*testing.T) *world {
	return then(created(change...), func(w *world) { w.create(clientSecret(w.ns)) })
}

// readyShop has a server that answers.
func readyShop(t *testing.T) *world {
	w, _ := withServers(t, "192.0.2.1")
	return w
}

func inMemory(l *v1beta1.GoogleLogin) { l.Spec.Storage = v1beta1.Storage{Type: v1beta1.StorageMemory} }
func onDisk(l *v1beta1.GoogleLogin)   { l.Spec.Storage = v1beta1.Storage{Type: v1beta1.StorageSQLite} }

func pausedFrom(l *v1beta1.GoogleLogin) {
	l.Annotations = map[string]string{v1beta1.AnnotationPaused: "true"}
}

func pass(w *world) { w.reconcile() }

func failingPass(w *world) {
	if _, err := w.r.Reconcile(w.ctx, ctrl.Request{NamespacedName: w.key("shop")}); err == nil {
		w.Fatal("the pass ended without the error")
	}
}

// later moves the clock, from wherever it is.
func later(d time.Duration) func(*world) {
	return func(w *world) {
		before := w.r.Now
		w.r.Now = func() time.Time { return before().Add(d + time.Second) }
	}
}

// change edits the spec.
func change(edit func(*v1beta1.GoogleLogin)) func(*world) {
	return func(w *world) {
		login := w.login()
		edit(login)
		w.update(login)
	}
}

func newAccess(w *world) { w.changeAccess("other.example.com") }
func newImage(w *world) {
	change(func(l *v1beta1.GoogleLogin) { l.Spec.Server.Image = "example.com/server:2" })(w)
}
func replicasZero(w *world) {
	change(func(l *v1beta1.GoogleLogin) { l.Spec.Server.Replicas = ptr.To[int32](0) })(w)
}
func pauseIt(w *world) { change(pausedFrom)(w) }

func secretWithout(key string) func(*world) {
	return func(w *world) {
		secret := clientSecret(w.ns)
		delete(secret.StringData, key)
		w.create(secret)
	}
}

func (w *world) says(edit func(*config.Status)) {
	f := w.r.Servers.(*fleet)
	for address, status := range f.says {
		edit(&status)
		f.says[address] = status
	}
}

func deaf(w *world)   { clear(w.r.Servers.(*fleet).says) }
func refuse(w *world) { w.says(func(s *config.Status) { s.ConfigProblem = "unknown field" }) }
func rejected(w *world) {
	w.says(func(s *config.Status) { s.Credentials.Verdict = config.VerdictRejected })
}
func proven(w *world) {
	w.says(func(s *config.Status) { s.Credentials.Verdict = config.VerdictProven })
}

// podsThat plays the kubelet of a pod that is not ready.
func podsThat(fail func(*corev1.ContainerStatus)) func(*world) {
	return func(w *world) {
		status := corev1.ContainerStatus{Name: "server", Image: "example.com/server:1"}
		fail(&status)
		w.pod(corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{status}})
	}
}

func (w *world) pod(status corev1.PodStatus) {
	w.Helper()
	w.readyPod("shop-googlelogin-starting", "192.0.2.200")
	pod := &corev1.Pod{}
	w.get("shop-googlelogin-starting", pod)
	pod.Status = status
	if err := w.c.Status().Update(w.ctx, pod); err != nil {
		w.Fatal(err)
	}
}

func waitFor(reason string) func(*corev1.ContainerStatus) {
	return func(s *corev1.ContainerStatus) {
		s.State.Waiting = &corev1.ContainerStateWaiting{Reason: reason}
	}
}

func cannotBePulled(s *corev1.ContainerStatus) { waitFor("ImagePullBackOff")(s) }

func crash1(s *corev1.ContainerStatus) {
	s.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error"}
	s.State.Running = &corev1.ContainerStateRunning{}
}

func unscheduled(w *world) {
	w.pod(corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "0/1 nodes are available: 1 Insufficient memory."}}})
}

// deploymentSays plays the Deployment controller.
func deploymentSays(status appsv1.DeploymentStatus) func(*world) {
	return func(w *world) {
		d := &appsv1.Deployment{}
		w.get("shop-googlelogin", d)
		status.ObservedGeneration = d.Generation
		d.Status = status
		if err := w.c.Status().Update(w.ctx, d); err != nil {
			w.Fatal(err)
		}
	}
}

func overQuota(w *world) {
	deploymentSays(appsv1.DeploymentStatus{Conditions: []appsv1.DeploymentCondition{{
		Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate",
		Message: `pods "shop-googlelogin-7c9f8-x2k4p" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2`,
	}}})(w)
}

func deadlineExceeded(w *world) {
	deploymentSays(appsv1.DeploymentStatus{Replicas: 1, UpdatedReplicas: 1, Conditions: []appsv1.DeploymentCondition{{
		Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded",
	}}})(w)
}

func podsRun(w *world)  { w.rollOut() }
func podsGone(w *world) { deploymentSays(appsv1.DeploymentStatus{})(w) }

func spoilKeys(w *world) {
	secret := &corev1.Secret{}
	w.get("shop-signing-keys", secret)
	secret.Data = map[string][]byte{"keys.json": []byte("spoilt")}
	w.update(secret)
}

func takeName(w *world) {
	w.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "shop-config"}})
}

func noGatewayAPI(w *world)  { w.without(httpRouteKind()) }
func secretsBroken(w *world) { w.r.Live = broken(w.c) }

func deleted(w *world) {
	change(func(l *v1beta1.GoogleLogin) { l.Finalizers = []string{"example.com/slow"} })(w)
	w.delete(w.login())
}
