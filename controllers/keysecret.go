package controllers

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

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
	// named says that the spec names this Secret, so that it is meant, whatever it looks like.
	named bool
	// make returns the content of a new Secret.
	make func() (keyContent, error)
	// check says what is wrong with the content, in words that do not quote it.
	check func(content []byte) error
	// rotate returns what becomes of the Secret's content now. It is asked only about content that check has let through.
	rotate func(*corev1.Secret) (keyContent, error)
}

// keyContent is what a Secret is to hold.
type keyContent struct {
	content []byte
	// annotations are set on the Secret. They are written together with the content, so that neither can be ahead of the other.
	annotations map[string]string
	// lookAgain is when there is something to do next.
	lookAgain time.Time
	// notes tell of what happened, once it has been written.
	notes []keyNote
}

// ensureKeys makes the Secret unless it exists, and rotates the keys in one that does. What it cannot read it never writes to:
// keys that were lost by overwriting them would end every session. It reports on KeysReady whatever stands in the way, and
// returns the content, nil unless it is sound.
//
// Of two managers at work at once, one is refused and looks again: a Secret is created, not applied, and written only over the
// version that was read.
func (r *Reconciler) ensureKeys(ctx context.Context, s *scope, k keySecret) ([]byte, error) {
	var secret corev1.Secret
	err := r.Live.Get(ctx, s.key(k.name), &secret)
	if apierrors.IsNotFound(err) {
		return r.createKeys(ctx, s, k)
	}
	if err != nil {
		return nil, fmt.Errorf("read Secret %q: %w", k.name, err)
	}
	asRead := secret.DeepCopy()
	notes, err := r.claimKeys(ctx, s, k, &secret)
	if err != nil {
		return nil, s.blame(v1beta1.ConditionKeysReady, v1beta1.ReasonKeysUnreadable, err)
	}
	if wrong := k.wrong(&secret); wrong != "" {
		s.stall(v1beta1.ConditionKeysReady, v1beta1.ReasonKeysUnreadable, fmt.Sprintf(
			"Secret %q cannot be used: %s. It is not overwritten: restore it from a backup, or delete it to get new keys, which signs everybody out", k.name, wrong))
		return nil, nil
	}
	next, err := k.rotate(&secret)
	if err != nil {
		return nil, err
	}
	next.notes = append(notes, next.notes...)
	return r.writeKeys(ctx, s, k, asRead, &secret, next)
}

func (r *Reconciler) createKeys(ctx context.Context, s *scope, k keySecret) ([]byte, error) {
	content, err := k.make()
	if err != nil {
		return nil, err
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.login.Namespace, Name: k.name, Annotations: content.annotations},
		Type:       k.secretType,
		Data:       map[string][]byte{k.key: content.content},
	}
	if err := r.own(s.login, secret); err != nil {
		return nil, err
	}
	if err := r.Client.Create(ctx, secret, client.FieldOwner(fieldOwner)); err != nil {
		return nil, fmt.Errorf("create Secret %q: %w", k.name, err)
	}
	r.concludeKeys(s, content)
	return content.content, nil
}

// writeKeys writes the Secret, in one write, if anything in it has changed.
func (r *Reconciler) writeKeys(ctx context.Context, s *scope, k keySecret, asRead, secret *corev1.Secret, next keyContent) ([]byte, error) {
	if !bytes.Equal(secret.Data[k.key], next.content) {
		secret.Data[k.key] = next.content
	}
	if secret.Annotations == nil {
		secret.Annotations = map[string]string{}
	}
	maps.Copy(secret.Annotations, next.annotations)
	if !equality.Semantic.DeepEqual(asRead, secret) {
		// The resourceVersion that was read is in it, so that this fails if anybody else has written meanwhile.
		err := r.Client.Update(ctx, secret, client.FieldOwner(fieldOwner))
		if apierrors.IsInvalid(err) {
			s.stall(v1beta1.ConditionKeysReady, v1beta1.ReasonKeysUnreadable, fmt.Sprintf("Secret %q cannot be changed, so its keys cannot rotate: %v", k.name, err))
			return asRead.Data[k.key], nil
		}
		if err != nil {
			return nil, fmt.Errorf("write Secret %q: %w", k.name, err)
		}
	}
	r.concludeKeys(s, next)
	return next.content, nil
}

// concludeKeys tells of what has been written, and asks to be back in time.
func (r *Reconciler) concludeKeys(s *scope, next keyContent) {
	for _, n := range next.notes {
		r.Recorder.Eventf(s.login, nil, n.severity, n.reason, "RotateKeys", "%s", cut(n.text))
	}
	if !next.lookAgain.IsZero() {
		s.lookAgain(max(next.lookAgain.Sub(s.now), time.Second))
	}
}

// wrong says what is wrong with the Secret; nothing if it can be used.
func (k keySecret) wrong(secret *corev1.Secret) string {
	if secret.Type != k.secretType {
		return fmt.Sprintf("it is of another type than %s", k.secretType)
	}
	content, ok := secret.Data[k.key]
	if !ok {
		return fmt.Sprintf("it lacks the key %s", k.key)
	}
	if err := k.check(content); err != nil {
		return fmt.Sprintf("key %s: %v", k.key, err)
	}
	return ""
}

// labelKeys lets people and the manager find the Secret.
func labelKeys(login *v1beta1.GoogleLogin, secret *corev1.Secret) {
	if secret.Labels == nil {
		secret.Labels = map[string]string{}
	}
	maps.Copy(secret.Labels, desired.Labels(login.Name))
}
