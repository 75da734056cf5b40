package controllers

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/googlelogin/operator/api/v1beta1"
)

// database reads the Secret with the URI of the PostgreSQL database, and the one with its authority's certificate, live and once. It
// does not contact the database: the operator may not even be able to reach it, and whether the servers can is their readiness.
func (r *Reconciler) database(ctx context.Context, s *scope) error {
	postgres := s.login.Spec.Storage.Postgres
	uri, found, err := r.databaseKey(ctx, s, "spec.storage.postgres.secretRef", postgres.SecretRef.Name, string(postgres.SecretRef.Key), "the URI of the database")
	if err != nil || !found {
		return err
	}
	if !isPostgresURI(trim(uri)) {
		s.stall(v1beta1.ConditionStorageReady, v1beta1.ReasonInvalidDatabaseURI, fmt.Sprintf(
			"key %s of Secret %q is not the URI of a PostgreSQL database, such as postgresql://user:password@host:5432/database",
			postgres.SecretRef.Key, postgres.SecretRef.Name))
		return nil
	}
	if ref := postgres.CASecretRef; ref != nil {
		ca, found, err := r.databaseKey(ctx, s, "spec.storage.postgres.caSecretRef", ref.Name, string(ref.Key), "the certificate of the database's authority")
		if err != nil || !found {
			return err
		}
		if !x509.NewCertPool().AppendCertsFromPEM(ca) {
			s.stall(v1beta1.ConditionStorageReady, v1beta1.ReasonInvalidDatabaseCA, fmt.Sprintf(
				"key %s of Secret %q holds no certificate in PEM: put the certificate of the authority there that signed the database's", ref.Key, ref.Name))
			return nil
		}
	}
	s.succeed(v1beta1.ConditionStorageReady, v1beta1.ReasonDatabaseFound, fmt.Sprintf("Secret %q holds the URI of a database", postgres.SecretRef.Name))
	return nil
}

// databaseKey reads one key of a Secret that field names, and says so in the condition if it is not there.
func (r *Reconciler) databaseKey(ctx context.Context, s *scope, field, name, key, holds string) (value []byte, found bool, err error) {
	var secret corev1.Secret
	err = r.Live.Get(ctx, s.key(name), &secret)
	if apierrors.IsNotFound(err) {
		s.waitAWhile(v1beta1.ConditionStorageReady, v1beta1.ReasonSecretNotFound, fmt.Sprintf(
			"Secret %q, which %s names, does not exist in this namespace: create it with %s under the key %s", name, field, holds, key),
			s.falseSince(v1beta1.ConditionStorageReady), patience)
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read Secret %q: %w", name, err)
	}
	if value, found = secret.Data[key]; !found {
		s.stall(v1beta1.ConditionStorageReady, v1beta1.ReasonSecretKeyMissing, fmt.Sprintf(
			"Secret %q lacks the key %s: add %s under it, or name another key in %s.key", name, key, holds, field))
	}
	return value, found, nil
}

// isPostgresURI looks at no more than the scheme. What the server makes of the rest is in its log and its readiness.
func isPostgresURI(uri string) bool {
	return strings.HasPrefix(uri, "postgresql://") || strings.HasPrefix(uri, "postgres://")
}
