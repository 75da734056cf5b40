package controllers

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/googlelogin/operator/controllers/desired"
)

// lateWatches start a pass for children of kinds that a cluster may lack when the manager starts, and get later. They see metadata
// alone; a pass reads such a child live.
type lateWatches struct {
	mgr        ctrl.Manager
	controller controller.Controller

	mu      sync.Mutex
	started map[schema.GroupVersionKind]bool
}

// Start implements manager.Runnable: with the leadership comes the watch of what the cluster has already, lest a child of another leader's
// making be overlooked.
func (l *lateWatches) Start(context.Context) error {
	for _, kind := range []schema.GroupVersionKind{httpRouteKind(), desired.ServiceMonitorKind()} {
		_, err := l.mgr.GetRESTMapper().RESTMapping(kind.GroupKind(), kind.Version)
		if meta.IsNoMatchError(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("ask whether the cluster has a %s: %w", kind.Kind, err)
		}
		if err := l.watch(kind); err != nil {
			return err
		}
	}
	return nil
}

func (l *lateWatches) watch(kind schema.GroupVersionKind) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.started[kind] {
		return nil
	}
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(kind)
	err := l.controller.Watch(source.Kind[client.Object](l.mgr.GetCache(), object, handler.EnqueueRequestsFromMapFunc(loginOfChild)))
	if err != nil {
		return fmt.Errorf("watch %s: %w", kind.Kind, err)
	}
	l.started[kind] = true
	return nil
}

// watchLate watches a kind from now on that the cluster turned out to have.
func (r *Reconciler) watchLate(kind schema.GroupVersionKind) error {
	if r.late == nil {
		return nil
	}
	return r.late.watch(kind)
}
