package controllers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	corev1 "k8s.io/api/core/v1"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
	"github.com/googlelogin/operator/controllers/rotation"
)

// sealingKeys sees to the keys that seal the cookies of logins under way, and rotates them. It ends the work on KeysReady.
func (r *Reconciler) sealingKeys(ctx context.Context, s *scope) error {
	_, policy, err := keyPolicies(s.login)
	if err != nil {
		return nil //nolint:nilerr // The signing keys have reported it.
	}
	content, err := r.ensureKeys(ctx, s, keySecret{
		name:       desired.SealingKeysName(s.login.Name),
		secretType: sealingKeysType,
		key:        desired.SealingKeysKey,
		make:       func() (keyContent, error) { return newSealingKeys(s, policy) },
		check:      checkSealingKeys,
		rotate:     func(secret *corev1.Secret) (keyContent, error) { return rotateSealingKeys(s, policy, secret) },
	})
	if err != nil || content == nil {
		return err
	}
	s.succeed(v1beta1.ConditionKeysReady, v1beta1.ReasonKeysPublished, "signing and sealing keys are in place")
	return nil
}

// newSealingKeys makes a keyset of one AES-256-GCM key.
func newSealingKeys(s *scope, policy rotation.Policy) (keyContent, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return keyContent{}, fmt.Errorf("make a sealing key: %w", err)
	}
	set := &sealingSet{manager: keyset.NewManagerFromHandle(handle), entries: sealingEntries("", handle, s.now)}
	decision, err := set.rotate(policy, s.now, rotation.None)
	if err != nil {
		return keyContent{}, err
	}
	out, err := set.encode()
	out.lookAgain = decision.LookAgain
	maps.Copy(out.annotations, requestOf(s.login, nil).handled)
	return out, err
}

// rotateSealingKeys gives the next key to the servers first, which open with it from then on, and lets them seal with it later.
//
// An emergency is a rotation here: what the old keys sealed would be lost without them. To drop them too, delete the Secret.
func rotateSealingKeys(s *scope, policy rotation.Policy, secret *corev1.Secret) (keyContent, error) {
	content := secret.Data[desired.SealingKeysKey]
	handle, err := readKeyset(content)
	if err != nil {
		return keyContent{}, err
	}
	asked := requestOf(s.login, secret.Annotations)
	set := &sealingSet{
		manager: keyset.NewManagerFromHandle(handle),
		entries: sealingEntries(secret.Annotations[annotationSealingSchedule], handle, s.now),
	}
	decision, err := set.rotate(policy, s.now, min(asked.request, rotation.Rotate))
	if err != nil {
		return keyContent{}, err
	}
	out, err := set.encode()
	if err != nil {
		return keyContent{}, err
	}
	if !decision.Changed {
		out.content = content
	}
	if decision.Handled {
		maps.Copy(out.annotations, asked.handled)
	}
	out.lookAgain, out.notes = decision.LookAgain, keyNotes("sealing", decision.Events)
	return out, nil
}

// readKeyset drops Tink's own errors, lest they quote a key. "Insecure cleartext" is Tink's word for a keyset that no other key
// encrypts: it is as safe as the Secret that it lies in, like every key that Kubernetes hands to a pod.
func readKeyset(content []byte) (*keyset.Handle, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(content)))
	if err != nil {
		return nil, errors.New("it is not a Tink keyset in JSON")
	}
	return handle, nil
}

func checkSealingKeys(content []byte) error {
	handle, err := readKeyset(content)
	if err != nil {
		return err
	}
	if _, err := aead.New(handle); err != nil {
		return errors.New("its keys are of another kind than AEAD")
	}
	return nil
}
