package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/test/controlplane"
)

var plane controlplane.Plane

func TestMain(m *testing.M) {
	useLogger(slog.DiscardHandler)
	os.Exit(plane.Run(m))
}

// quiet are options of a manager that listens nowhere.
func quiet() options {
	return options{
		serverImage: "example.com/server:1", metricsAddress: "0", healthAddress: "0",
		leaseDuration: 30 * time.Second, renewDeadline: 20 * time.Second, retryPeriod: 5 * time.Second,
	}
}

// start runs a manager until the test ends.
func start(t *testing.T, config *rest.Config, o options) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	mgr, err := newManager(ctx, config, o, noop.Tracer{})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the manager ended with %v", err)
		}
	})
}

// team is one namespace, and what its people and the cluster's other controllers do there.
type team struct {
	*testing.T
	c  client.Client
	ns string
	// touches counts how often its GoogleLogin was touched.
	touches int
}

func newTeam(t *testing.T) *team {
	return &team{T: t, c: plane.Client(t), ns: plane.Namespace(t)}
}

func (x *team) create(obj client.Object) {
	x.Helper()
	if err := x.c.Create(context.Background(), obj); err != nil {
		x.Fatal(err)
	}
}

func (x *team) delete(obj client.Object) {
	x.Helper()
	if err := x.c.Delete(context.Background(), obj); err != nil {
		x.Fatal(err)
	}
}

func (x *team) get(name string, obj client.Object) error {
	return x.c.Get(context.Background(), client.ObjectKey{Namespace: x.ns, Name: name}, obj)
}

func (x *team) shop(change ...func(*v1beta1.GoogleLogin)) *v1beta1.GoogleLogin {
	x.Helper()
	login := &v1beta1.GoogleLogin{
		ObjectMeta: metav1.ObjectMeta{Namespace: x.ns, Name: "shop"},
		Spec: v1beta1.GoogleLoginSpec{
			Client:       v1beta1.Client{SecretRef: v1beta1.ClientSecretRef{Name: "shop-google"}},
			RedirectURIs: []v1beta1.RedirectURI{"https://shop.example.com/auth/callback"},
			Frontend:     v1beta1.Frontend{HomeURL: "https://shop.example.com/"},
			Access:       v1beta1.Access{HostedDomains: []v1beta1.HostedDomain{"example.com"}, Emails: []v1beta1.Email{}},
		},
	}
	for _, f := range change {
		f(login)
	}
	x.create(login)
	return login
}

func (x *team) clientSecret() *corev1.Secret {
	x.Helper()
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: x.ns, Name: "shop-google"},
		StringData: map[string]string{"client_id": "id-1", "client_secret": "hunter2-canary"},
	}
	x.create(secret)
	return secret
}

// await waits until a condition of shop has that status and reason.
func (x *team) await(condition string, status metav1.ConditionStatus, reason string) {
	x.Helper()
	controlplane.Eventually(x, func() string {
		login := &v1beta1.GoogleLogin{}
		if err := x.get("shop", login); err != nil {
			return err.Error()
		}
		got := meta.FindStatusCondition(login.Status.Conditions, condition)
		if got != nil && got.Status == status && got.Reason == reason {
			return ""
		}
		return fmt.Sprintf("want %s %s %s, conditions are %+v", condition, status, reason, login.Status.Conditions)
	})
}

// awaitObject waits until an object exists that is not the one with the UID not.
func (x *team) awaitObject(name string, obj client.Object, not string) {
	x.Helper()
	controlplane.Eventually(x, func() string {
		if err := x.get(name, obj); err != nil {
			return err.Error()
		}
		if string(obj.GetUID()) == not {
			return name + " is still the old one"
		}
		return ""
	})
}

// bindClaim plays the volume controller, rollOut the Deployment controller and the kubelet.
func (x *team) bindClaim() {
	x.Helper()
	claim := &corev1.PersistentVolumeClaim{}
	x.awaitObject("shop-data", claim, "")
	claim.Status.Phase = corev1.ClaimBound
	if err := x.c.Status().Update(context.Background(), claim); err != nil {
		x.Fatal(err)
	}
}

func (x *team) rollOut() {
	x.Helper()
	d := &appsv1.Deployment{}
	x.awaitObject("shop-googlelogin", d, "")
	d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: 1, UpdatedReplicas: 1, ReadyReplicas: 1, AvailableReplicas: 1}
	if err := x.c.Status().Update(context.Background(), d); err != nil {
		x.Fatal(err)
	}
}

func TestManagerServesATeamFromApplyToDelete(t *testing.T) {
	start(t, plane.ManagerConfig(t, "cluster-manager"), quiet())
	x := newTeam(t)
	login := x.shop()
	x.await(v1beta1.ConditionReady, metav1.ConditionFalse, v1beta1.ReasonSecretNotFound)

	secret := x.clientSecret()
	x.await(v1beta1.ConditionCredentialsReady, metav1.ConditionTrue, v1beta1.ReasonCredentialsFound)
	x.bindClaim()
	x.rollOut()
	x.await(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)

	t.Log("the client Secret changes")
	secret.StringData = map[string]string{"client_secret": "two words"}
	if err := x.c.Update(context.Background(), secret); err != nil {
		t.Fatal(err)
	}
	x.await(v1beta1.ConditionCredentialsReady, metav1.ConditionFalse, v1beta1.ReasonInvalidCredentials)
	x.delete(secret)
	x.await(v1beta1.ConditionCredentialsReady, metav1.ConditionFalse, v1beta1.ReasonSecretNotFound)
	x.clientSecret()
	x.await(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)

	t.Log("children are deleted")
	for name, child := range map[string]client.Object{
		"shop-googlelogin":  &corev1.Service{},
		"shop-config":       &corev1.ConfigMap{},
		"shop-sealing-keys": &corev1.Secret{},
		"shop-signing-keys": &corev1.Secret{},
	} {
		if err := x.get(name, child); err != nil {
			t.Fatal(err)
		}
		old := string(child.GetUID())
		x.delete(child)
		x.awaitObject(name, child, old)
	}

	t.Log("a pod cannot start")
	d := &appsv1.Deployment{}
	if err := x.get("shop-googlelogin", d); err != nil {
		t.Fatal(err)
	}
	d.Status.AvailableReplicas = 0
	if err := x.c.Status().Update(context.Background(), d); err != nil {
		t.Fatal(err)
	}
	x.await(v1beta1.ConditionAvailable, metav1.ConditionFalse, v1beta1.ReasonRolloutInProgress)
	x.failingPod(d)
	x.await(v1beta1.ConditionAvailable, metav1.ConditionFalse, v1beta1.ReasonPodsFailing)

	x.wantEvent(v1beta1.ReasonSecretNotFound)
	x.wantEvent(v1beta1.ReasonReady)

	t.Log("the GoogleLogin is deleted")
	x.delete(login)
	x.wantNothingLeft()
}

// failingPod plays a kubelet that cannot pull the image.
func (x *team) failingPod(d *appsv1.Deployment) {
	x.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: x.ns, Name: "shop-googlelogin-1", Labels: d.Spec.Template.Labels},
		Spec:       d.Spec.Template.Spec,
	}
	x.create(pod)
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name:  "server",
		State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull"}},
	}}
	if err := x.c.Status().Update(context.Background(), pod); err != nil {
		x.Fatal(err)
	}
}

func (x *team) wantEvent(reason string) {
	x.Helper()
	controlplane.Eventually(x, func() string {
		var list eventsv1.EventList
		if err := x.c.List(context.Background(), &list, client.InNamespace(x.ns)); err != nil {
			return err.Error()
		}
		for _, e := range list.Items {
			if e.Reason == reason && e.Regarding.Kind == "GoogleLogin" && e.Regarding.Name == "shop" && e.ReportingController == controllerName {
				return ""
			}
		}
		return fmt.Sprintf("no event %s among %d", reason, len(list.Items))
	})
}

// wantNothingLeft waits for the garbage collector. The claim stays behind its protection, which another controller lifts when
// no pod uses it; that it is being deleted is what counts.
func (x *team) wantNothingLeft() {
	x.Helper()
	for name, child := range map[string]client.Object{
		"Secret shop-signing-keys":        &corev1.Secret{},
		"Secret shop-sealing-keys":        &corev1.Secret{},
		"ServiceAccount shop-googlelogin": &corev1.ServiceAccount{},
		"ConfigMap shop-config":           &corev1.ConfigMap{},
		"Service shop-googlelogin":        &corev1.Service{},
		"Deployment shop-googlelogin":     &appsv1.Deployment{},
		"PersistentVolumeClaim shop-data": &corev1.PersistentVolumeClaim{},
		"GoogleLogin shop":                &v1beta1.GoogleLogin{},
	} {
		var kind, object string
		if _, err := fmt.Sscan(name, &kind, &object); err != nil {
			x.Fatal(err)
		}
		controlplane.Eventually(x, func() string {
			err := x.get(object, child)
			if apierrors.IsNotFound(err) || (err == nil && kind == "PersistentVolumeClaim" && !child.GetDeletionTimestamp().IsZero()) {
				return ""
			}
			return name + " is left behind"
		})
	}
	if err := x.get("shop-google", &corev1.Secret{}); err != nil {
		x.Errorf("the team's own Secret: %v", err)
	}
}

func TestManagerOfSomeNamespacesNeedsRightsOnlyThere(t *testing.T) {
	inside, outside := newTeam(t), newTeam(t)
	o := quiet()
	o.namespaces = []string{inside.ns}
	start(t, plane.ManagerConfig(t, "namespaced-manager", inside.ns), o)
	outside.shop()
	inside.shop()
	inside.clientSecret()
	inside.bindClaim()
	inside.rollOut()
	inside.await(v1beta1.ConditionReady, metav1.ConditionTrue, v1beta1.ReasonReady)

	login := &v1beta1.GoogleLogin{}
	if err := outside.get("shop", login); err != nil {
		t.Fatal(err)
	}
	if login.Status.ObservedGeneration != -1 {
		t.Error("a GoogleLogin of another namespace was worked on")
	}
}
