package controllers

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// fieldOwner is the name under which the API server knows which fields are ours.
const fieldOwner = "googlelogin-controller"

// applyConfiguration is what client-go's generated apply-configurations have in common, for a configuration A.
type applyConfiguration[A any] interface {
	*A
	runtime.ApplyConfiguration
	GetName() *string
	GetKind() *string
	WithUID(types.UID) *A
	WithResourceVersion(string) *A
}

// object is a Kubernetes object of the type T.
type object[T any] interface {
	*T
	client.Object
}

// apply makes the child that want describes, or brings it back to what want says, and leaves in live what the cluster has then.
// Fields that want does not name belong to whoever set them.
//
// It writes nothing when the fields that we own are what want says already, see owned.
//
// An object that this GoogleLogin does not control is refused with a *foreignError.
func apply[A, T any, P applyConfiguration[A], O object[T]](
	ctx context.Context, r *Reconciler, s *scope, want P, live O, extract func(O, string) (P, error),
) error {
	found, err := r.read(ctx, s.key(*want.GetName()), live)
	if err != nil {
		return fmt.Errorf("read %s %q: %w", *want.GetKind(), *want.GetName(), err)
	}
	return applyOver(ctx, r, s, want, live, found, false, extract)
}

// applyOver is apply for a live object that has been looked for. Locked, it fails if anybody has written to it since.
func applyOver[A, T any, P applyConfiguration[A], O object[T]](
	ctx context.Context, r *Reconciler, s *scope, want P, live O, found, locked bool, extract func(O, string) (P, error),
) error {
	// Without force a creation cannot take the fields of an object that appeared since it was looked for.
	options := []client.ApplyOption{client.FieldOwner(fieldOwner)}
	if found {
		if err := refuseForeign(s.login, live, *want.GetKind()); err != nil {
			return err
		}
		same, err := alreadySo(want, live, extract)
		if err != nil || same {
			return err
		}
		// The UID makes sure that it is still the object that was looked at.
		want.WithUID(live.GetUID())
		if locked {
			want.WithResourceVersion(live.GetResourceVersion())
		}
		options = append(options, client.ForceOwnership)
	}
	if err := r.Client.Apply(ctx, want, options...); err != nil {
		return fmt.Errorf("apply %s %q: %w", *want.GetKind(), *want.GetName(), err)
	}
	return decodeInto(want, live)
}

// read gets an object from the cache, or from the API server if the cache has none: the cache holds only what bears our labels, and of
// that no more than CacheOptions says.
func (r *Reconciler) read(ctx context.Context, key client.ObjectKey, into client.Object) (found bool, err error) {
	err = r.Client.Get(ctx, key, into)
	if apierrors.IsNotFound(err) {
		return r.readLive(ctx, key, into)
	}
	return err == nil, err
}

// readLive gets an object from the API server, with all that is in it.
func (r *Reconciler) readLive(ctx context.Context, key client.ObjectKey, into client.Object) (found bool, err error) {
	err = r.Live.Get(ctx, key, into)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

func alreadySo[P any, O client.Object](want P, live O, extract func(O, string) (P, error)) (bool, error) {
	has, err := owned(live, extract)
	if err != nil {
		return false, err
	}
	wanted, err := digestOf(want)
	return wanted == has, err
}

// decodeInto replaces live by what the API server answered, which the client has put into the configuration.
func decodeInto[T any, O object[T]](answer any, live O) error {
	encoded, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	*live = *new(T)
	return json.Unmarshal(encoded, live)
}
