//go:build benchscale

package scale

import (
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
)

// cast watches the GoogleLogins, and plays the parts of the volume and the Deployment controllers when it is told to.
type cast struct {
	w  *world
	mu sync.Mutex
	// reasons are those of the conditions of each GoogleLogin whose status speaks of its present spec.
	reasons map[client.ObjectKey]map[string]string
	// services tells which GoogleLogins have their Service.
	services map[client.ObjectKey]bool
}

func newCast(w *world) *cast {
	w.Helper()
	c := &cast{w: w, reasons: map[client.ObjectKey]map[string]string{}, services: map[client.ObjectKey]bool{}}
	informers, err := cache.New(w.admin, cache.Options{
		Scheme:   w.plane.Scheme(w.T),
		ByObject: map[client.Object]cache.ByObject{&corev1.Service{}: {Transform: cache.TransformStripManagedFields()}},
	})
	if err != nil {
		w.Fatal(err)
	}
	for obj, see := range map[client.Object]func(client.Object, bool){
		&v1beta1.GoogleLogin{}: c.seeLogin,
		&corev1.Service{}:      c.seeService,
	} {
		informer, err := informers.GetInformer(w.ctx, obj)
		if err != nil {
			w.Fatal(err)
		}
		if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc:    func(obj any) { see(obj.(client.Object), true) },
			UpdateFunc: func(_, obj any) { see(obj.(client.Object), true) },
			DeleteFunc: func(obj any) {
				if obj, ok := obj.(client.Object); ok {
					see(obj, false)
				}
			},
		}); err != nil {
			w.Fatal(err)
		}
	}
	go func() {
		if err := informers.Start(w.Context()); err != nil {
			w.Error(err)
		}
	}()
	if !informers.WaitForCacheSync(w.ctx) {
		w.Fatal("the benchmark's own watches did not begin")
	}
	return c
}

func (c *cast) seeLogin(obj client.Object, _ bool) {
	login := obj.(*v1beta1.GoogleLogin)
	reasons := map[string]string{}
	if login.Status.ObservedGeneration == login.Generation {
		for _, condition := range login.Status.Conditions {
			reasons[condition.Type] = condition.Reason
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reasons[client.ObjectKeyFromObject(login)] = reasons
}

func (c *cast) seeService(obj client.Object, there bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.services[client.ObjectKeyFromObject(obj)] = there
}

func (c *cast) hasService(i int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.services[client.ObjectKey{Namespace: namespaceOf(i), Name: nameOf(i) + "-googlelogin"}]
}

// all reports whether every GoogleLogin has that reason in a condition.
func (c *cast) all(condition, reason string) func() bool {
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		n := 0
		for _, reasons := range c.reasons {
			if reasons[condition] == reason {
				n++
			}
		}
		return n == c.w.logins
	}
}

func (c *cast) bindClaims() {
	c.w.each(c.w.logins, func(i int) error {
		claim := &corev1.PersistentVolumeClaim{}
		if err := c.w.c.Get(c.w.ctx, client.ObjectKey{Namespace: namespaceOf(i), Name: nameOf(i) + "-data"}, claim); err != nil {
			return err
		}
		claim.Status.Phase = corev1.ClaimBound
		return c.w.c.Status().Update(c.w.ctx, claim)
	})
}

func (c *cast) rollOut() {
	c.w.each(c.w.logins, func(i int) error {
		d := &appsv1.Deployment{}
		if err := c.w.c.Get(c.w.ctx, client.ObjectKey{Namespace: namespaceOf(i), Name: nameOf(i) + "-googlelogin"}, d); err != nil {
			return err
		}
		d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: 1, UpdatedReplicas: 1, ReadyReplicas: 1, AvailableReplicas: 1}
		return c.w.c.Status().Update(c.w.ctx, d)
	})
}
