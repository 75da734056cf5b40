package keyring

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/googlelogin/operator/server/config"
)

// Options of a Keyring.
type Options struct {
	// JWKSMaxAge is how long others may cache our public keys.
	JWKSMaxAge time.Duration
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// Log may be nil. Only key IDs, which are public, are logged.
	Log *slog.Logger
}

// Keyring holds the keys. It is safe for use by several goroutines.
type Keyring struct {
	now func() time.Time
	log *slog.Logger

	mu     sync.RWMutex
	maxAge time.Duration
	// keys are sorted by activateAt, the latest first.
	keys []key
	// publishedAt is when this process first had a key in its JWKS.
	publishedAt map[string]time.Time
	// published is the JWKS as it was last made.
	published jwks
}

var errNoKey = errors.New("no signing key is loaded")

// New returns a Keyring without keys.
func New(o Options) *Keyring {
	k := &Keyring{maxAge: o.JWKSMaxAge, now: o.Now, log: o.Log, publishedAt: map[string]time.Time{}, published: emptyJWKS()}
	if k.now == nil {
		k.now = time.Now
	}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	return k
}

// SetJWKSMaxAge changes how long others may cache our public keys. What they fetched before, they keep for as long as they were told
// then.
func (k *Keyring) SetJWKSMaxAge(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.maxAge = d
}

// Load replaces the keys by those in the file, a config.SigningKeys document. On an error the old ones stay.
func (k *Keyring) Load(path string) error {
	document, err := readFile(path)
	if err != nil {
		return fmt.Errorf("load signing keys: %w", err)
	}
	return k.Replace(document)
}

// Replace replaces the keys. On an error the old ones stay.
func (k *Keyring) Replace(document config.SigningKeys) error {
	keys, err := parseKeys(document)
	if err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	now := k.now()
	if !slices.ContainsFunc(keys, func(k key) bool { return !k.retired(now) }) {
		return errors.New("read signing keys: all of them are retired")
	}
	slices.SortFunc(keys, func(a, b key) int {
		if order := b.activateAt.Compare(a.activateAt); order != 0 {
			return order
		}
		return strings.Compare(a.kid, b.kid)
	})
	published, err := makeJWKS(keys, now)
	if err != nil {
		return fmt.Errorf("publish signing keys: %w", err)
	}

	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys, k.published = keys, published
	k.publishedAt = since(k.publishedAt, keys, now)
	current, _ := k.current(now)
	k.log.Info("signing keys loaded", "keys", len(keys), "kid", current.kid)
	return nil
}

// since keeps the times of keys that were there before, and forgets those of keys that are gone: a key that comes back has been
// out of the JWKS, and starts anew.
func since(before map[string]time.Time, keys []key, now time.Time) map[string]time.Time {
	after := map[string]time.Time{}
	for _, k := range keys {
		after[k.kid] = now
	}
	maps.DeleteFunc(before, func(kid string, _ time.Time) bool { _, still := after[kid]; return !still })
	maps.Copy(after, before)
	return after
}

// Ready returns nil if there is a key to sign with.
func (k *Keyring) Ready() error {
	k.mu.RLock()
	defer k.mu.RUnlock()
	_, err := k.current(k.now())
	return err
}

// current returns the key that signs now. The caller holds mu.
func (k *Keyring) current(now time.Time) (key, error) {
	var unpublished, early *key
	for i, candidate := range k.keys {
		switch {
		case candidate.retired(now):
		case !candidate.active(now):
			early = &k.keys[i]
		case now.Sub(k.publishedAt[candidate.kid]) >= k.maxAge:
			return candidate, nil
		case unpublished == nil:
			unpublished = &k.keys[i]
		}
	}
	best := cmp.Or(unpublished, early)
	if best == nil {
		return key{}, errNoKey
	}
	return *best, nil
}

// find returns the key with this ID, if it still verifies.
func (k *Keyring) find(kid string) (key, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	now := k.now()
	for _, candidate := range k.keys {
		if candidate.kid == kid && !candidate.retired(now) {
			return candidate, true
		}
	}
	return key{}, false
}
