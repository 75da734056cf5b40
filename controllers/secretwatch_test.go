package controllers

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// secretsSeen is a watch of a world's Secrets, each of which is a GoogleLogin's of the same name.
type secretsSeen struct {
	watch *secretWatch
	queue priorityqueue.PriorityQueue[reconcile.Request]

	mu sync.Mutex
	// limits are those of all lists that were asked for.
	limits []int64
}

func (w *world) watchSecrets(watched func(c client.WithWatch, list client.ObjectList, opts []client.ListOption) (watch.Interface, error)) *secretsSeen {
	w.Helper()
	seen := &secretsSeen{queue: priorityqueue.New[reconcile.Request]("secrets")}
	end := sync.OnceFunc(seen.queue.ShutDown)
	w.Cleanup(end)
	// Nobody waits forever for a pass that does not come.
	giveUp := time.AfterFunc(time.Minute, end)
	w.Cleanup(func() { giveUp.Stop() })
	asked := interceptor.NewClient(w.c, interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			seen.mu.Lock()
			seen.limits = append(seen.limits, (&client.ListOptions{}).ApplyOptions(opts).Limit)
			seen.mu.Unlock()
			return c.List(ctx, list, opts...)
		},
		Watch: func(_ context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) (watch.Interface, error) {
			return watched(c, list, opts)
		},
	})
	seen.watch = newSecretWatch(asked, []string{w.ns})
	seen.watch.loginsOf = func(_ context.Context, secret client.Object) []reconcile.Request {
		return []reconcile.Request{request(secret, secret.GetName())}
	}
	seen.watch.allLogins = func(_ context.Context, namespace string) ([]reconcile.Request, error) {
		return []reconcile.Request{{NamespacedName: client.ObjectKey{Namespace: namespace, Name: "all"}}}, nil
	}
	ctx, stop := context.WithCancel(w.ctx)
	w.Cleanup(stop)
	if err := seen.watch.Start(ctx, seen.queue); err != nil {
		w.Fatal(err)
	}
	if err := seen.watch.WaitForSync(ctx); err != nil {
		w.Fatal(err)
	}
	return seen
}

func TestASecretThatChangesStartsAPassAndIsNotListed(t *testing.T) {
	w := newWorld(t)
	old := clientSecret(w.ns)
	w.create(old)
	seen := w.watchSecrets(func(c client.WithWatch, list client.ObjectList, opts []client.ListOption) (watch.Interface, error) {
		return c.Watch(w.ctx, list, opts...)
	})
	w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "made"}})
	w.delete(old)
	for _, want := range []string{"made", "shop-google"} {
		if got, _ := seen.queue.Get(); got.Name != want || got.Namespace != w.ns {
			t.Errorf("a pass for %v, want one for %s", got, want)
		}
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	if diff := cmp.Diff([]int64{1}, seen.limits); diff != "" {
		t.Errorf("limits of the lists (-want +got):\n%s", diff)
	}
}

// While nobody watched, any Secret may have changed.
func TestAWatchThatBeginsAnewLooksAtAllGoogleLogins(t *testing.T) {
	for name, forgotten := range map[string]func() (watch.Interface, error){
		"told in the watch": func() (watch.Interface, error) {
			broken := watch.NewFakeWithChanSize(1, false)
			broken.Error(&metav1.Status{Status: metav1.StatusFailure, Code: http.StatusGone, Reason: metav1.StatusReasonExpired})
			return broken, nil
		},
		"told at once": func() (watch.Interface, error) { return nil, apierrors.NewResourceExpired("too old resource version") },
	} {
		t.Run(name, func(t *testing.T) {
			w, watches := newWorld(t), 0
			seen := w.watchSecrets(func(c client.WithWatch, list client.ObjectList, opts []client.ListOption) (watch.Interface, error) {
				watches++
				if watches == 1 {
					return forgotten()
				}
				return c.Watch(w.ctx, list, opts...)
			})
			got, priority, _ := seen.queue.GetWithPriority()
			if got.Name != "all" || priority != handler.LowPriority {
				t.Errorf("a pass for %v with priority %d, want one for all with %d", got, priority, handler.LowPriority)
			}
			w.create(clientSecret(w.ns))
			if got, _ := seen.queue.Get(); got.Name != "shop-google" {
				t.Errorf("a pass for %v, want one for shop-google", got)
			}
		})
	}
}

func TestNoPassRunsBeforeSecretsAreWatched(t *testing.T) {
	w := newWorld(t)
	watch := newSecretWatch(interceptor.NewClient(w.c, interceptor.Funcs{
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
			return apierrors.NewForbidden(corev1.Resource("secrets"), "", nil)
		},
	}), nil)
	ctx, stop := context.WithCancel(w.ctx)
	if err := watch.Start(ctx, nil); err != nil {
		t.Fatal(err)
	}
	inSync := make(chan error)
	go func() { inSync <- watch.WaitForSync(ctx) }()
	stop()
	if err := <-inSync; err == nil {
		t.Error("in sync without the right to watch Secrets")
	}
}
