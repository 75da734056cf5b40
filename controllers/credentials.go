package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/googlelogin/operator/api/v1beta1"
)

// credentials reads the Google client's Secret, live and once, and checks that the server will find a client ID and a client
// secret in it. Whether Google takes them the servers find out, and the servers step reports.
func (r *Reconciler) credentials(ctx context.Context, s *scope) error {
	client := s.login.Spec.Client
	var secret corev1.Secret
	err := r.Live.Get(ctx, s.key(client.SecretRef.Name), &secret)
	if apierrors.IsNotFound(err) {
		s.waitAWhile(v1beta1.ConditionCredentialsReady, v1beta1.ReasonSecretNotFound, fmt.Sprintf(
			"Secret %q, which spec.client.secretRef names, does not exist in this namespace: create it with the keys %s and %s, or with the console's download under %s",
			client.SecretRef.Name, client.SecretRef.ClientIDKey, client.SecretRef.ClientSecretKey, client.SecretRef.CredentialsKey),
			s.falseSince(v1beta1.ConditionCredentialsReady), patience)
		return nil
	}
	if err != nil {
		return fmt.Errorf("read Secret %q: %w", client.SecretRef.Name, err)
	}
	if problem := checkClientSecret(client, secret.Data); problem != nil {
		s.stall(v1beta1.ConditionCredentialsReady, problem.reason, problem.message)
		return nil
	}
	s.secretChangedAt = changedAt(&secret)
	s.succeed(v1beta1.ConditionCredentialsReady, v1beta1.ReasonCredentialsFound,
		fmt.Sprintf("Secret %q holds a client ID and a client secret", client.SecretRef.Name))
	return nil
}
