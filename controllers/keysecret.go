package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// Types of the Secrets that hold keys. They tell these Secrets from a team's own, for people and for policies alike.
const (
	signingKeysType = corev1.SecretType("googlelogin.dev/signing-keys")
	sealingKeysType = corev1.SecretType("googlelogin.dev/sealing-keys")
)

// keySecret describes a Secret with keys of our making.
type keySecret struct {
	name       string
	secretType corev1.SecretType
	// key is where the content is.
	key string
	// make returns the content of a new Secret.
	make func() ([]byte, error)
	// check says what is wrong with the content, in words that do not quote it.
	check func(content []byte) error
}

// ensureKeys makes the Secret unless it exists, and never writes to one that does: keys that were lost by overwriting them would
// end every session. It reports on KeysReady whatever stands in the way, and returns the content only if it is sound.
//
// The Secret is created, not applied: if another manager makes it in the same moment, one of the two is refused and looks again.
func (r *Reconciler) ensureKeys(ctx context.Context, s *scope, k keySecret) (content []byte, err error) {
	var secret corev1.Secret
	err = r.Live.Get(ctx, s.key(k.name), &secret)
	if apierrors.IsNotFound(err) {
		return r.createKeys(ctx, s, k)
	}
	if err != nil {
		return nil, fmt.Errorf("read Secret %q: %w", k.name, err)
	}
	if err := refuseForeign(s.login, &secret, "Secret"); err != nil {
		return nil, s.blame(v1beta1.ConditionKeysReady, v1beta1.ReasonKeysUnreadable, err)
	}
	content, wrong := k.read(&secret)
	if wrong != "" {
		s.stall(v1beta1.ConditionKeysReady, v1beta1.ReasonKeysUnreadable, fmt.Sprintf(
			"Secret %q cannot be used: %s. It is not overwritten: restore it from a backup, or delete it to get new keys, which signs everybody out", k.name, wrong))
		return nil, nil
	}
	return content, nil
}

func (r *Reconciler) createKeys(ctx context.Context, s *scope, k keySecret) ([]byte, error) {
	content, err := k.make()
	if err != nil {
		return nil, err
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.login.Namespace,
			Name:      k.name,
			Labels:    desired.Labels(s.login.Name),
		},
		Type: k.secretType,
		Data: map[string][]byte{k.key: content},
	}
	if err := controllerutil.SetControllerReference(s.login, secret, r.Client.Scheme(), controllerutil.WithBlockOwnerDeletion(false)); err != nil {
		return nil, err
	}
	if err := r.Client.Create(ctx, secret, client.FieldOwner(fieldOwner)); err != nil {
		return nil, fmt.Errorf("create Secret %q: %w", k.name, err)
	}
	return content, nil
}

// read returns the content of the Secret, or what is wrong with it.
func (k keySecret) read(secret *corev1.Secret) (content []byte, wrong string) {
	if secret.Type != k.secretType {
		return nil, fmt.Sprintf("it is of another type than %s", k.secretType)
	}
	content, ok := secret.Data[k.key]
	if !ok {
		return nil, fmt.Sprintf("it lacks the key %s", k.key)
	}
	if err := k.check(content); err != nil {
		return nil, fmt.Sprintf("key %s: %v", k.key, err)
	}
	return content, ""
}
