package controllers

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// annotationUsedBy is the UID of the GoogleLogin that uses a Secret with keys. A Secret that is to outlive its GoogleLogin has no
// owner reference, and this in its place.
const annotationUsedBy = "googlelogin.dev/used-by"

// claimKeys makes the Secret this GoogleLogin's, in memory: writeKeys writes it. A Secret that somebody controls is refused, and
// so is one without a controller, unless it is ours by its type or the spec names it.
func (r *Reconciler) claimKeys(ctx context.Context, s *scope, k keySecret, secret *corev1.Secret) ([]keyNote, error) {
	controlled := metav1.GetControllerOf(secret) != nil
	if controlled || (secret.Type != k.secretType && !k.named) {
		if err := refuseForeign(s.login, secret, "Secret"); err != nil {
			return nil, err
		}
	}
	if !controlled {
		if err := r.refuseShared(ctx, s, secret); err != nil {
			return nil, err
		}
	}
	var notes []keyNote
	if !controlled && secret.Annotations[annotationUsedBy] != string(s.login.UID) {
		notes = append(notes, keyNote{corev1.EventTypeNormal, v1beta1.ReasonKeysAdopted,
			fmt.Sprintf("Secret %q belonged to nobody; its keys are used from now on", secret.Name)})
	}
	return notes, r.own(s.login, secret)
}

// refuseShared refuses a Secret that another GoogleLogin uses without owning it. Two would rotate it against each other. The label
// tells which one; a Secret that somebody has stripped of it is taken for one that nobody uses.
func (r *Reconciler) refuseShared(ctx context.Context, s *scope, secret *corev1.Secret) error {
	user := secret.Labels[desired.LabelInstance]
	if user == "" || user == s.login.Name || secret.Annotations[annotationUsedBy] == "" {
		return nil
	}
	var other v1beta1.GoogleLogin
	err := r.Client.Get(ctx, s.key(user), &other)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("read GoogleLogin %q: %w", user, err)
	}
	if err == nil && string(other.UID) == secret.Annotations[annotationUsedBy] {
		return &foreignError{kind: "Secret", name: secret.Name, owner: fmt.Sprintf("GoogleLogin %q", user)}
	}
	return nil
}

// own marks the Secret as login's. The owner reference decides what the garbage collector does with it.
func (r *Reconciler) own(login *v1beta1.GoogleLogin, secret *corev1.Secret) error {
	labelKeys(login, secret)
	if secret.Annotations == nil {
		secret.Annotations = map[string]string{}
	}
	secret.Annotations[annotationUsedBy] = string(login.UID)
	if login.Spec.SigningKeys.DeletionPolicy == v1beta1.DeletionPolicyRetain {
		secret.OwnerReferences = slices.DeleteFunc(secret.OwnerReferences, func(o metav1.OwnerReference) bool { return o.UID == login.UID })
		return nil
	}
	return controllerutil.SetControllerReference(login, secret, r.Client.Scheme(), controllerutil.WithBlockOwnerDeletion(false))
}
