package controllers

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/controllers/desired"
)

// ensure makes a child that the spec asks for, and deletes one that it asks for no more: want is nil then.
func ensure[A, T any, P applyConfiguration[A], O object[T]](
	ctx context.Context, r *Reconciler, s *scope, want P, extract func(O, string) (P, error),
) error {
	live := O(new(T))
	if want != nil {
		return apply(ctx, r, s, want, live, extract)
	}
	return r.remove(ctx, s, live)
}

// remove deletes the server's child of that kind if there is one and it is ours. Only the cache is asked, which shows what bears our
// labels: an object that a pass has to delete has been made by one.
func (r *Reconciler) remove(ctx context.Context, s *scope, live client.Object) error {
	name := desired.ServerName(s.login.Name)
	err := r.Client.Get(ctx, s.key(name), live)
	if absent(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for a %T %q to delete: %w", live, name, err)
	}
	if refuseForeign(s.login, live, "") != nil || !live.GetDeletionTimestamp().IsZero() {
		return nil //nolint:nilerr // What is another's, or going already, is left alone.
	}
	// The UID makes sure that it is still the object that was looked at.
	uid := live.GetUID()
	err = r.Client.Delete(ctx, live, client.Preconditions{UID: &uid})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete %T %q: %w", live, name, err)
	}
	return nil
}

// removeKind is remove for a kind that the cluster may lack.
func (r *Reconciler) removeKind(ctx context.Context, s *scope, kind schema.GroupVersionKind) error {
	live := &metav1.PartialObjectMetadata{}
	live.SetGroupVersionKind(kind)
	return r.remove(ctx, s, live)
}

// absent reports that there is no such object: it does not exist, or its kind does not, or nothing of the kind has ever been watched.
func absent(err error) bool {
	var unwatched *cache.ErrResourceNotCached
	return notInstalled(err) || errors.As(err, &unwatched)
}

// notInstalled reports that the cluster does not serve a kind. Where its CRD was deleted a moment ago, the API server says no more than
// that nothing was found.
func notInstalled(err error) bool {
	return meta.IsNoMatchError(err) || apierrors.IsNotFound(err)
}
