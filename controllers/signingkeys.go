package controllers

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
	"github.com/googlelogin/operator/controllers/rotation"
	"github.com/googlelogin/operator/server/config"
)

// signingKeys sees to the keys that sign access JWTs, rotates them, and shows their public side in the status.
func (r *Reconciler) signingKeys(ctx context.Context, s *scope) error {
	policy, _, err := keyPolicies(s.login)
	if err != nil {
		s.stall(v1beta1.ConditionKeysReady, v1beta1.ReasonInvalidSpec, err.Error())
		return nil
	}
	remembered := map[string]string{}
	content, err := r.ensureKeys(ctx, s, keySecret{
		name:       desired.SigningSecretName(s.login),
		secretType: signingKeysType,
		key:        desired.SigningKeysKey,
		named:      s.login.Spec.SigningKeys.SecretName != "",
		make: func() (keyContent, error) {
			content, err := newSigningKeys(s, policy)
			maps.Copy(remembered, content.annotations)
			return content, err
		},
		check: func(content []byte) error { return checkSigningKeys(content, s.now) },
		rotate: func(secret *corev1.Secret) (keyContent, error) {
			next, err := rotateSigningKeys(s, policy, secret)
			maps.Copy(remembered, secret.Annotations)
			maps.Copy(remembered, next.annotations)
			return next, err
		},
	})
	if err != nil || content == nil {
		return err
	}
	echoRequests(&s.login.Status, remembered)
	return showSigningKeys(s, policy, content)
}

// newSigningKeys is the content of a new Secret. Whatever the GoogleLogin asks for is carried out by it: no key could be newer.
func newSigningKeys(s *scope, policy rotation.Policy) (keyContent, error) {
	private, err := newKey()
	if err != nil {
		return keyContent{}, err
	}
	keys, err := rotation.Initial(s.now, private)
	if err != nil {
		return keyContent{}, err
	}
	keys, decision, err := rotation.Plan(keys, policy, s.now, rotation.None, newKey)
	if err != nil {
		return keyContent{}, err
	}
	content, err := json.Marshal(keys)
	if err != nil {
		return keyContent{}, fmt.Errorf("encode signing keys: %w", err)
	}
	out := keyContent{content: content, annotations: requestOf(s.login, nil).handled, lookAgain: decision.LookAgain}
	if len(s.asRead.Status.Keys) > 0 {
		out.notes = []keyNote{{corev1.EventTypeWarning, v1beta1.ReasonKeysReplaced, fmt.Sprintf(
			"Secret %q does not exist, so a new one was made: access tokens signed by the keys before it are refused", desired.SigningSecretName(s.login))}}
	}
	return out, nil
}

// newKey draws from crypto/rand: since Go 1.26 key generation takes no other source.
func newKey() (*ecdsa.PrivateKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	return private, nil
}

func rotateSigningKeys(s *scope, policy rotation.Policy, secret *corev1.Secret) (keyContent, error) {
	asked := requestOf(s.login, secret.Annotations)
	keys, err := rotation.Parse(secret.Data[desired.SigningKeysKey])
	if err != nil {
		return keyContent{}, err
	}
	keys, decision, err := rotation.Plan(keys, policy, s.now, asked.request, newKey)
	if err != nil {
		return keyContent{}, err
	}
	out := keyContent{content: secret.Data[desired.SigningKeysKey], lookAgain: decision.LookAgain, notes: keyNotes("signing", decision.Events)}
	if decision.Handled {
		out.annotations = asked.handled
	}
	// What did not change keeps its bytes too: somebody may have written it by hand.
	if decision.Changed {
		if out.content, err = json.Marshal(keys); err != nil {
			return keyContent{}, fmt.Errorf("encode signing keys: %w", err)
		}
	}
	return out, nil
}

// checkSigningKeys also refuses a file with no key whose time has come: a server could verify with it and not sign.
func checkSigningKeys(content []byte, now time.Time) error {
	keys, err := rotation.Parse(content)
	if err != nil {
		return err
	}
	for _, key := range rotation.States(keys, now) {
		if key.State == config.KeyCurrent {
			return nil
		}
	}
	return errors.New("no key in it is active")
}

func showSigningKeys(s *scope, policy rotation.Policy, content []byte) error {
	keys, err := rotation.Parse(content)
	if err != nil {
		return err
	}
	states := rotation.States(keys, s.now)
	s.login.Status.Keys = keyStatus(states)
	s.login.Status.NextRotationAt = statusTime(rotation.NextRotation(states, policy))
	return nil
}

func keyStatus(keys []rotation.Key) []v1beta1.KeyStatus {
	// A Secret that was adopted may hold more than the status can.
	keys = keys[max(0, len(keys)-maxSigningKeys):]
	out := make([]v1beta1.KeyStatus, 0, len(keys))
	for _, key := range keys {
		out = append(out, v1beta1.KeyStatus{
			KID:         key.KID,
			Algorithm:   key.Algorithm,
			State:       string(key.State),
			PublishedAt: statusTime(key.PublishedAt),
			ActivateAt:  statusTime(key.ActivateAt),
			RetireAt:    statusTime(key.RetireAt),
		})
	}
	return out
}

// statusTime cuts to seconds, as the API server stores times; otherwise the status would differ at every pass.
func statusTime(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	out := metav1.NewTime(t.Truncate(time.Second))
	return &out
}
