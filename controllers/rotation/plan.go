package rotation

import (
	"crypto/ecdsa"
	"encoding/json"
	"slices"
	"time"

	"github.com/googlelogin/operator/server/config"
)

// Plan decides what becomes of a file of signing keys at now, and returns the file as it is to be. The file must have come from
// Parse or Initial; a key to add is drawn from newKey, at most one.
func Plan(keys config.SigningKeys, p Policy, now time.Time, request Request, newKey func() (*ecdsa.PrivateKey, error)) (config.SigningKeys, Decision, error) {
	jwks := map[string]json.RawMessage{}
	var entries []Entry
	for _, key := range keys.Keys {
		shown := public(key)
		jwks[shown.KID] = key.JWK
		entries = append(entries, Entry{shown.KID, key.State, key.PublishedAt.UTC(), key.ActivateAt.UTC(), key.RetireAt.UTC()})
	}
	decision, err := Schedule(entries, p, now, request, func() (string, error) {
		key, err := newKey()
		if err != nil {
			return "", err
		}
		jwk, err := encode(key)
		if err != nil {
			return "", err
		}
		kid := public(config.SigningKey{JWK: jwk}).KID
		jwks[kid] = jwk
		return kid, nil
	})
	if err != nil {
		return config.SigningKeys{}, Decision{}, err
	}
	var out config.SigningKeys
	for _, e := range decision.Entries {
		out.Keys = append(out.Keys, config.SigningKey{
			JWK: jwks[e.ID], State: e.State, PublishedAt: e.PublishedAt, ActivateAt: e.ActivateAt, RetireAt: e.RetireAt,
		})
	}
	return out, decision, nil
}

// NextRotation is when the next key takes over, as far as it is known now. keys are what States returns.
func NextRotation(keys []Key, p Policy) time.Time {
	if len(keys) == 0 {
		return time.Time{}
	}
	i := slices.IndexFunc(keys, func(k Key) bool { return k.State == config.KeyNext })
	if i >= 0 {
		return keys[i].ActivateAt
	}
	return keys[len(keys)-1].ActivateAt.Add(p.Period)
}
