package rotation

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/googlelogin/operator/server/config"
)

// Key is what may be shown of a signing key.
type Key struct {
	KID         string
	Algorithm   string
	State       config.KeyState
	PublishedAt time.Time
	ActivateAt  time.Time
	// RetireAt is zero for a key that signs or will.
	RetireAt time.Time
}

// States returns what each key is at now, in the order of their activation; keys whose retireAt has passed are left out. The
// file must have come from Parse or Initial.
func States(keys config.SigningKeys, now time.Time) []Key {
	var out []Key
	for _, key := range keys.Keys {
		if !key.RetireAt.IsZero() && !now.Before(key.RetireAt) {
			continue
		}
		out = append(out, public(key))
	}
	slices.SortStableFunc(out, func(a, b Key) int { return a.ActivateAt.Compare(b.ActivateAt) })
	current := -1
	for i := range out {
		out[i].State = config.KeyNext
		if out[i].ActivateAt.After(now) {
			continue
		}
		out[i].State = config.KeyPrevious
		current = i
	}
	if current >= 0 {
		out[current].State = config.KeyCurrent
	}
	return out
}

// public copies the two members of the JWK that are no secret.
func public(key config.SigningKey) Key {
	var header struct {
		KID       string `json:"kid"`
		Algorithm string `json:"alg"`
	}
	// Parse has read this document before; it cannot be broken here.
	_ = json.Unmarshal(key.JWK, &header)
	return Key{
		KID:         header.KID,
		Algorithm:   header.Algorithm,
		PublishedAt: key.PublishedAt,
		ActivateAt:  key.ActivateAt,
		RetireAt:    key.RetireAt,
	}
}
