package controllers

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	// secretWatchRetry is how soon a watch is tried again that could not begin.
	secretWatchRetry = 5 * time.Second
	// secretWatchTime is how long one request for a watch lasts, as long as an informer's. One that went dead unnoticed ends with it.
	secretWatchTime = 5 * time.Minute
)

// secretWatch starts a pass when a Secret changes that has to do with a GoogleLogin. It is no informer: most Secrets of a cluster are none
// of our business, and even a list of their names would be most of what the manager holds. It has nothing listed, and keeps nothing.
// What it is sent is metadata; a pass that needs a Secret reads that one.
//
// What happens while there is no watch is lost, so GoogleLogins are all looked at when one begins anew.
type secretWatch struct {
	client client.WithWatch
	// namespaces to watch; an empty name is all of them.
	namespaces []string
	// loginsOf returns the GoogleLogins that a Secret has to do with, allLogins those of a namespace, or all of them.
	loginsOf  func(context.Context, client.Object) []reconcile.Request
	allLogins func(ctx context.Context, namespace string) ([]reconcile.Request, error)

	// waiting counts the namespaces whose first watch has not begun yet; begun is closed when there are none.
	waiting atomic.Int32
	begun   chan struct{}
}

func newSecretWatch(c client.WithWatch, namespaces []string) *secretWatch {
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	w := &secretWatch{client: c, namespaces: namespaces, begun: make(chan struct{})}
	w.waiting.Store(int32(len(namespaces))) //nolint:gosec // There are not that many.
	return w
}

// begin counts a namespace whose first watch has begun.
func (w *secretWatch) begin() {
	if w.waiting.Add(-1) == 0 {
		close(w.begun)
	}
}

type requests = workqueue.TypedRateLimitingInterface[reconcile.Request]

// Start implements source.Source.
func (w *secretWatch) Start(ctx context.Context, queue requests) error {
	for _, namespace := range w.namespaces {
		go w.watch(ctx, namespace, queue)
	}
	return nil
}

// WaitForSync implements source.SyncingSource: no pass runs before a change that it might miss is noticed.
func (w *secretWatch) WaitForSync(ctx context.Context) error {
	select {
	case <-w.begun:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the watch of Secrets: %w", ctx.Err())
	}
}

// String implements fmt.Stringer, for the log.
func (w *secretWatch) String() string { return "watch of Secrets' metadata" }

// watch begins a watch whenever there is none, until ctx ends.
func (w *secretWatch) watch(ctx context.Context, namespace string, queue requests) {
	begun := sync.OnceFunc(w.begin)
	for first := true; ctx.Err() == nil; first = false {
		err := w.watchOnce(ctx, namespace, first, queue, begun)
		if err == nil || ctx.Err() != nil {
			continue
		}
		ctrl.LoggerFrom(ctx).Error(err, "watch Secrets", "namespace", namespace)
		select {
		case <-ctx.Done():
		case <-time.After(secretWatchRetry):
		}
	}
}

// watchOnce watches from now on until the API server has forgotten where the watch was.
func (w *secretWatch) watchOnce(ctx context.Context, namespace string, first bool, queue requests, begun func()) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	now, err := w.version(ctx, namespace)
	if err != nil {
		return err
	}
	changes, err := watchtools.NewRetryWatcherWithContext(ctx, now, w.from(namespace, stop))
	if err != nil {
		return fmt.Errorf("watch from version %s: %w", now, err)
	}
	begun()
	if !first {
		if err := w.lookAtAll(ctx, namespace, queue); err != nil {
			return err
		}
	}
	for change := range changes.ResultChan() {
		switch change.Type {
		case watch.Added, watch.Modified, watch.Deleted:
			for _, login := range w.loginsOf(ctx, change.Object.(*metav1.PartialObjectMetadata)) {
				queue.Add(login)
			}
		case watch.Error:
			return expected(apierrors.FromObject(change.Object))
		case watch.Bookmark:
		}
	}
	return nil
}

// version is what the API server has right now. One Secret has to be asked for to learn it.
func (w *secretWatch) version(ctx context.Context, namespace string) (string, error) {
	list := secretList()
	if err := w.client.List(ctx, list, client.InNamespace(namespace), client.Limit(1)); err != nil {
		return "", fmt.Errorf("ask where to begin: %w", err)
	}
	return list.ResourceVersion, nil
}

// from asks for a watch. Where the version is too old, trying again with the same is no use, which RetryWatcher does not see.
func (w *secretWatch) from(namespace string, stop context.CancelFunc) *cache.ListWatch {
	return &cache.ListWatch{WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
		// Not all at once, where there are several.
		options.TimeoutSeconds = ptr.To(int64((secretWatchTime + rand.N(secretWatchTime)).Seconds())) //nolint:gosec // not a secret
		changes, err := w.client.Watch(ctx, secretList(), &client.ListOptions{Namespace: namespace, Raw: &options})
		if expired(err) {
			stop()
		}
		return changes, err
	}}
}

func secretList() *metav1.PartialObjectMetadataList {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("SecretList"))
	return list
}

func expired(err error) bool { return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) }

// expected leaves out the error that says no more than that the watch has to begin anew.
func expected(err error) error {
	if expired(err) {
		return nil
	}
	return err
}

// lookAtAll starts passes behind whatever else there is to do.
func (w *secretWatch) lookAtAll(ctx context.Context, namespace string, queue requests) error {
	logins, err := w.allLogins(ctx, namespace)
	if err != nil {
		return err
	}
	for _, login := range logins {
		if behind, ok := queue.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
			behind.AddWithOpts(priorityqueue.AddOpts{Priority: ptr.To(handler.LowPriority)}, login)
			continue
		}
		queue.Add(login)
	}
	return nil
}
