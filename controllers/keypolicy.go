package controllers

import (
	"fmt"
	"time"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/rotation"
)

const (
	// maxSigningKeys is how many keys the status can show.
	maxSigningKeys = 16
	// sealedRetain is how long an old key still opens what it sealed. What is kept longest is a refresh token of Google's, which
	// dies after six months without use; a year and a month leaves room for backups of it.
	sealedRetain = 400 * 24 * time.Hour
	// maxSealingKeys bounds the keyset. Once it is full, rotation waits: dropping a key that is needed would be worse.
	maxSealingKeys = 64
)

// keyPolicies reads spec.signingKeys. The API server has filled in the defaults and checked all rules; an error here speaks of an
// object that was stored before a rule existed.
func keyPolicies(login *v1beta1.GoogleLogin) (signing, sealing rotation.Policy, err error) {
	spec := login.Spec.SigningKeys
	var accessTokenTTL time.Duration
	for _, d := range []struct {
		field, value string
		to           *time.Duration
	}{
		{"signingKeys.rotationPeriod", string(spec.RotationPeriod), &signing.Period},
		{"signingKeys.prePublish", string(spec.PrePublish), &signing.PrePublish},
		{"signingKeys.jwksMaxAge", string(spec.JWKSMaxAge), &signing.JWKSMaxAge},
		{"session.accessTokenTTL", string(login.Spec.Session.AccessTokenTTL), &accessTokenTTL},
	} {
		if *d.to, err = time.ParseDuration(d.value); err != nil {
			return signing, sealing, fmt.Errorf("spec.%s is not a duration such as 10m or 24h", d.field)
		}
	}
	signing.MaxKeys = maxSigningKeys
	signing.Retain = rotation.SigningRetain(accessTokenTTL, signing.JWKSMaxAge)
	if spec.Retain != "" {
		if signing.Retain, err = time.ParseDuration(string(spec.Retain)); err != nil {
			return signing, sealing, fmt.Errorf("spec.signingKeys.retain is not a duration such as 10m or 24h")
		}
	}
	sealing = rotation.Policy{Period: signing.Period, PrePublish: signing.PrePublish, Retain: sealedRetain, MaxKeys: maxSealingKeys}
	return signing, sealing, nil
}
