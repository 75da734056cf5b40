package controllers

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// sealingKeys sees to the keys that seal the cookies of logins under way. It ends the work on KeysReady.
func (r *Reconciler) sealingKeys(ctx context.Context, s *scope) error {
	content, err := r.ensureKeys(ctx, s, keySecret{
		name:       desired.SealingKeysName(s.login.Name),
		secretType: sealingKeysType,
		key:        desired.SealingKeysKey,
		make:       newSealingKeys,
		check:      checkSealingKeys,
	})
	if err != nil || content == nil {
		return err
	}
	s.succeed(v1beta1.ConditionKeysReady, v1beta1.ReasonKeysPublished, "signing and sealing keys are in place")
	return nil
}

// newSealingKeys makes a Tink keyset of one AES-256-GCM key. "Insecure cleartext" is Tink's word for a keyset that no other key
// encrypts: it is as safe as the Secret that it lies in, like every key that Kubernetes hands to a pod.
func newSealingKeys() ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a sealing key: %w", err)
	}
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&out)); err != nil {
		return nil, fmt.Errorf("encode the sealing key: %w", err)
	}
	return out.Bytes(), nil
}

// checkSealingKeys drops Tink's own errors, lest they quote a key.
func checkSealingKeys(content []byte) error {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(content)))
	if err != nil {
		return errors.New("it is not a Tink keyset in JSON")
	}
	if _, err := aead.New(handle); err != nil {
		return errors.New("its keys are of another kind than AEAD")
	}
	return nil
}
