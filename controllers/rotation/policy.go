package rotation

import "time"

// Propagation is the longest that a written Secret may take to reach every pod: a kubelet looks once a minute, with jitter, and
// may answer from a cache. https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-files-from-a-pod
const Propagation = 2 * time.Minute

// Policy says how keys follow one another.
type Policy struct {
	// Period is how long a key is the current one.
	Period time.Duration
	// PrePublish is how long before its time the next key is published. It must cover JWKSMaxAge and Propagation.
	PrePublish time.Duration
	// JWKSMaxAge is how long others may cache the public keys. Zero for keys that nobody outside sees.
	JWKSMaxAge time.Duration
	// Retain is how long after its successor's activation a key is kept.
	Retain time.Duration
	// MaxKeys bounds the keys that exist at once. A rotation that would exceed it waits until a key has retired.
	MaxKeys int
}

// propagation is the time that a write gets to reach every pod. A PrePublish too short for Propagation is a test's, whose short
// periods only make sense with it.
func (p Policy) propagation() time.Duration {
	return min(Propagation, max(0, p.PrePublish-p.JWKSMaxAge))
}

// lead is the least time between a key's publication and its first signature. For JWKSMaxAge after the last pod has the key, a
// verifier may still hold a key set from that pod without it.
func (p Policy) lead() time.Duration { return p.JWKSMaxAge + p.propagation() }

// due is when the successor of current is to be published.
func (p Policy) due(current Entry) time.Time {
	return current.ActivateAt.Add(p.Period - p.PrePublish)
}

// successorTime is when a key published at now may follow current.
func (p Policy) successorTime(current Entry, now time.Time) time.Time {
	return later(current.ActivateAt.Add(p.Period), now.Add(p.lead()))
}

// SigningRetain is the Retain of signing keys where the team sets none: as long as an access token lives, and for a pod that
// learned of the new key late, and therefore went on with the old one.
func SigningRetain(accessTokenTTL, jwksMaxAge time.Duration) time.Duration {
	return accessTokenTTL + jwksMaxAge + Propagation
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
