package controllers

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/test/controlplane"
)

var plane controlplane.Plane

func TestMain(m *testing.M) { os.Exit(plane.Run(m)) }

// world is one test's namespace on a real API server, with a reconciler that runs when the test says so.
type world struct {
	*testing.T
	ctx    context.Context
	c      client.WithWatch
	ns     string
	r      *Reconciler
	events *events.FakeRecorder
	writes *writes
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		T:      t,
		ctx:    context.Background(),
		c:      plane.Client(t),
		ns:     plane.Namespace(t),
		events: events.NewFakeRecorder(100),
		writes: &writes{},
	}
	counted := cached(interceptor.NewClient(w.c, w.writes.funcs()))
	w.r = &Reconciler{Client: counted, Live: w.c, Recorder: w.events, ServerImage: "example.com/server:1", Now: time.Now}
	return w
}

// shop makes a GoogleLogin called shop.
func (w *world) shop(change ...func(*v1beta1.GoogleLogin)) *v1beta1.GoogleLogin {
	w.Helper()
	login := shopIn(w.ns)
	for _, f := range change {
		f(login)
	}
	w.create(login)
	return login
}

func shopIn(ns string) *v1beta1.GoogleLogin {
	return &v1beta1.GoogleLogin{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "shop"},
		Spec: v1beta1.GoogleLoginSpec{
			Client:       v1beta1.Client{SecretRef: v1beta1.ClientSecretRef{Name: "shop-google"}},
			RedirectURIs: []v1beta1.RedirectURI{"https://shop.example.com/auth/callback"},
			Frontend:     v1beta1.Frontend{HomeURL: "https://shop.example.com/"},
			Access:       v1beta1.Access{HostedDomains: []v1beta1.HostedDomain{"example.com"}, Emails: []v1beta1.Email{}},
		},
	}
}

func clientSecret(ns string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "shop-google"},
		StringData: map[string]string{"client_id": "id-1", "client_secret": "hunter2-canary"},
	}
}

// started is a shop whose server is ready.
func (w *world) started(change ...func(*v1beta1.GoogleLogin)) *v1beta1.GoogleLogin {
	w.Helper()
	w.create(clientSecret(w.ns))
	login := w.shop(change...)
	w.reconcile()
	if login.Spec.Storage.Type == v1beta1.StorageSQLite {
		w.bindClaim()
	}
	w.rollOut()
	w.reconcile()
	return login
}

// reconcile runs one pass over shop.
func (w *world) reconcile() ctrl.Result {
	w.Helper()
	result, err := w.r.Reconcile(w.ctx, ctrl.Request{NamespacedName: w.key("shop")})
	if err != nil {
		w.Fatal(err)
	}
	return result
}

func (w *world) key(name string) client.ObjectKey {
	return client.ObjectKey{Namespace: w.ns, Name: name}
}

func (w *world) create(obj client.Object) {
	w.Helper()
	if err := w.c.Create(w.ctx, obj); err != nil {
		w.Fatal(err)
	}
}

func (w *world) get(name string, obj client.Object) {
	w.Helper()
	if err := w.c.Get(w.ctx, w.key(name), obj); err != nil {
		w.Fatal(err)
	}
}

func (w *world) update(obj client.Object) {
	w.Helper()
	if err := w.c.Update(w.ctx, obj); err != nil {
		w.Fatal(err)
	}
}

func (w *world) delete(obj client.Object) {
	w.Helper()
	if err := w.c.Delete(w.ctx, obj); err != nil {
		w.Fatal(err)
	}
}

// deleteAtOnce also plays the controllers that finalize an object.
func (w *world) deleteAtOnce(obj client.Object) {
	w.Helper()
	w.get(obj.GetName(), obj)
	obj.SetFinalizers(nil)
	w.update(obj)
	w.delete(obj)
}

func (w *world) exists(name string, obj client.Object) bool {
	w.Helper()
	err := w.c.Get(w.ctx, w.key(name), obj)
	if client.IgnoreNotFound(err) != nil {
		w.Fatal(err)
	}
	return err == nil
}

func (w *world) login() *v1beta1.GoogleLogin {
	w.Helper()
	login := &v1beta1.GoogleLogin{}
	w.get("shop", login)
	return login
}

// rollOut plays the Deployment controller and the kubelet: all pods are there and ready.
func (w *world) rollOut() {
	w.Helper()
	d := &appsv1.Deployment{}
	w.get("shop-googlelogin", d)
	rollOut(w.T, w.c, d)
}

func rollOut(t testing.TB, c client.Client, d *appsv1.Deployment) {
	t.Helper()
	d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: 1, UpdatedReplicas: 1, ReadyReplicas: 1, AvailableReplicas: 1}
	if err := c.Status().Update(context.Background(), d); err != nil {
		t.Fatal(err)
	}
}

// bindClaim plays the volume controller.
func (w *world) bindClaim() {
	w.Helper()
	claim := &corev1.PersistentVolumeClaim{}
	w.get("shop-data", claim)
	bindClaim(w.T, w.c, claim)
}

func bindClaim(t testing.TB, c client.Client, claim *corev1.PersistentVolumeClaim) {
	t.Helper()
	claim.Status.Phase = corev1.ClaimBound
	if err := c.Status().Update(context.Background(), claim); err != nil {
		t.Fatal(err)
	}
}

// wantCondition checks status and reason, and that the condition speaks of the present spec.
func (w *world) wantCondition(condition string, status metav1.ConditionStatus, reason string) metav1.Condition {
	w.Helper()
	login := w.login()
	got := meta.FindStatusCondition(login.Status.Conditions, condition)
	if got == nil {
		w.Fatalf("condition %s is absent, want %s %s", condition, status, reason)
	}
	if got.Status != status || got.Reason != reason {
		w.Errorf("condition %s is %s %s (%s), want %s %s", condition, got.Status, got.Reason, got.Message, status, reason)
	}
	if got.ObservedGeneration != login.Generation {
		w.Errorf("condition %s observed generation %d, want %d", condition, got.ObservedGeneration, login.Generation)
	}
	return *got
}

func (w *world) wantAbsent(condition string) {
	w.Helper()
	if got := meta.FindStatusCondition(w.login().Status.Conditions, condition); got != nil {
		w.Errorf("condition %s is %s %s (%s), want it absent", condition, got.Status, got.Reason, got.Message)
	}
}

// told drains the events so far.
func (w *world) told() []string {
	var out []string
	for {
		select {
		case e := <-w.events.Events:
			out = append(out, e)
		default:
			return out
		}
	}
}

// writes counts what a reconciler writes, by verb and kind.
type writes struct {
	mu  sync.Mutex
	all []string
}

func (w *writes) add(verb, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, verb+" "+what)
}

// take returns the writes since the last call.
func (w *writes) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.all
	w.all = nil
	return out
}

func (w *writes) funcs() interceptor.Funcs {
	return interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			w.add("create", obj.GetName())
			return c.Create(ctx, obj, opts...)
		},
		Update: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.UpdateOption) error {
			w.add("update", obj.GetName())
			return c.Update(ctx, obj, opts...)
		},
		Patch: func(ctx context.Context, c client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			w.add("patch", obj.GetName())
			return c.Patch(ctx, obj, patch, opts...)
		},
		Delete: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
			w.add("delete", obj.GetName())
			return c.Delete(ctx, obj, opts...)
		},
		Apply: func(ctx context.Context, c client.WithWatch, obj runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			named := obj.(interface {
				GetKind() *string
				GetName() *string
			})
			w.add("apply", *named.GetKind()+" "+*named.GetName())
			return c.Apply(ctx, obj, opts...)
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, obj client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			w.add("patch "+sub, obj.GetName())
			return c.SubResource(sub).Patch(ctx, obj, patch, opts...)
		},
	}
}
