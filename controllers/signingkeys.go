package controllers

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
	"github.com/googlelogin/operator/controllers/rotation"
	"github.com/googlelogin/operator/server/config"
)

// signingKeys sees to the keys that sign access JWTs, and shows their public side in the status.
func (r *Reconciler) signingKeys(ctx context.Context, s *scope) error {
	var keys config.SigningKeys
	content, err := r.ensureKeys(ctx, s, keySecret{
		name:       desired.SigningKeysName(s.login.Name),
		secretType: signingKeysType,
		key:        desired.SigningKeysKey,
		make:       func() ([]byte, error) { return newSigningKeys(s.now) },
		check:      func(content []byte) error { return checkSigningKeys(content, s.now) },
	})
	if err != nil || content == nil {
		return err
	}
	keys, err = rotation.Parse(content)
	if err != nil {
		return err
	}
	s.login.Status.Keys = keyStatus(rotation.States(keys, s.now))
	return nil
}

// newSigningKeys draws from crypto/rand: since Go 1.26 key generation takes no other source.
func newSigningKeys(now time.Time) ([]byte, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	keys, err := rotation.Initial(now, private)
	if err != nil {
		return nil, err
	}
	return json.Marshal(keys)
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

func keyStatus(keys []rotation.Key) []v1beta1.KeyStatus {
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
