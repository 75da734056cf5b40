package controllers

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/googlelogin/operator/api/v1beta1"
)

// database reads the Secret with the URI of the PostgreSQL database, live and once. It does not contact the database: the
// operator may not even be able to reach it, and whether the servers can is their readiness.
func (r *Reconciler) database(ctx context.Context, s *scope) error {
	ref := s.login.Spec.Storage.Postgres.SecretRef
	var secret corev1.Secret
	err := r.Live.Get(ctx, s.key(ref.Name), &secret)
	if apierrors.IsNotFound(err) {
		s.wait(v1beta1.ConditionStorageReady, v1beta1.ReasonSecretNotFound, fmt.Sprintf(
			"Secret %q, which spec.storage.postgres.secretRef names, does not exist in this namespace: create it with the URI of the database under the key %s",
			ref.Name, ref.Key))
		return nil
	}
	if err != nil {
		return fmt.Errorf("read Secret %q: %w", ref.Name, err)
	}
	uri, found := secret.Data[string(ref.Key)]
	switch {
	case !found:
		s.stall(v1beta1.ConditionStorageReady, v1beta1.ReasonSecretKeyMissing, fmt.Sprintf(
			"Secret %q lacks the key %s: add the URI of the database under it, or name another key in spec.storage.postgres.secretRef.key", ref.Name, ref.Key))
	case !isPostgresURI(trim(uri)):
		s.stall(v1beta1.ConditionStorageReady, v1beta1.ReasonInvalidDatabaseURI, fmt.Sprintf(
			"key %s of Secret %q is not the URI of a PostgreSQL database, such as postgresql://user:password@host:5432/database", ref.Key, ref.Name))
	default:
		s.succeed(v1beta1.ConditionStorageReady, v1beta1.ReasonDatabaseFound, fmt.Sprintf("Secret %q holds the URI of a database", ref.Name))
	}
	return nil
}

// isPostgresURI looks at no more than the scheme. What the server makes of the rest is in its log and its readiness.
func isPostgresURI(uri string) bool {
	return strings.HasPrefix(uri, "postgresql://") || strings.HasPrefix(uri, "postgres://")
}
