package google

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/googlelogin/operator/server/publickey"
)

const (
	// defaultFresh is how long keys are used that came without a Cache-Control.
	defaultFresh = 10 * time.Minute
	// Cache-Control is obeyed between these: no provider gets asked at every login, and none pins its keys here for ever.
	minFresh, maxFresh = time.Minute, 24 * time.Hour
	// staleFor is how long old keys still count while new ones cannot be had. Longer would let whoever blocks our fetches keep a
	// withdrawn key alive.
	staleFor = time.Hour
	// refetchEvery bounds the fetches that unknown kids cause. Anyone can send those.
	refetchEvery = 10 * time.Second
)

// keySet fetches a provider's keys and remembers them. go-oidc's own would try every key for a token without a kid, fail at one
// odd key, ask again for each unknown kid, and not look at Cache-Control, use or key_ops.
type keySet struct {
	url    string
	client *http.Client
	now    func() time.Time
	log    *slog.Logger
	flight singleflight.Group

	mu         sync.Mutex
	keys       []publickey.Key
	freshUntil time.Time
	lastForced time.Time
}

func newKeySet(url string, client *http.Client, now func() time.Time, log *slog.Logger) *keySet {
	return &keySet{url: url, client: client, now: now, log: log}
}

// find returns the one key that a token with this header can be signed by. A key that is not there may have been published
// just now, so the keys are fetched once more, if that was not done a moment ago.
func (k *keySet) find(ctx context.Context, alg, kid string) (publickey.Key, error) {
	keys, err := k.current(ctx)
	if err != nil {
		return publickey.Key{}, err
	}
	key, err := choose(keys, alg, kid)
	if err == nil || !k.mayForce() {
		return key, err
	}
	if keys, err = k.fetch(ctx); err != nil {
		return publickey.Key{}, err
	}
	return choose(keys, alg, kid)
}

// choose picks by kid, or the only key that fits where the token names none. Two that fit are one too many.
func choose(keys []publickey.Key, alg, kid string) (publickey.Key, error) {
	key, err := publickey.Choose(keys, alg, kid)
	if err != nil {
		return publickey.Key{}, invalid("%v", err)
	}
	return key, nil
}

// current returns the remembered keys, fetched anew when they are no longer fresh.
func (k *keySet) current(ctx context.Context) ([]publickey.Key, error) {
	now := k.now()
	k.mu.Lock()
	keys, freshUntil := k.keys, k.freshUntil
	k.mu.Unlock()
	if keys != nil && now.Before(freshUntil) {
		return keys, nil
	}
	fetched, err := k.fetch(ctx)
	if err != nil && keys != nil && now.Before(freshUntil.Add(staleFor)) {
		return keys, nil
	}
	return fetched, err
}

// mayForce reports whether an unknown kid may cause a fetch now, and counts it if so.
func (k *keySet) mayForce() bool {
	now := k.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.lastForced.IsZero() && now.Before(k.lastForced.Add(refetchEvery)) {
		return false
	}
	k.lastForced = now
	return true
}

// fetch gets the keys, once for all who ask at the same time.
func (k *keySet) fetch(ctx context.Context) ([]publickey.Key, error) {
	done := k.flight.DoChan("", func() (any, error) { return shareable(ctx, k.log, callKeys, k.download) })
	select {
	case <-ctx.Done():
		return nil, unavailable("get keys", ctx.Err())
	case r := <-done:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.([]publickey.Key), nil
	}
}

func (k *keySet) download(ctx context.Context) ([]publickey.Key, error) {
	doc, header, err := get(ctx, k.client, callKeys, k.url, "")
	if err != nil {
		// Bad keys say nothing about a token, so this is never ErrTokenInvalid.
		return nil, unavailable("get keys", err)
	}
	keys, err := parseKeys(doc)
	if err != nil {
		return nil, unavailable("read keys", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys, k.freshUntil = keys, k.now().Add(freshness(header))
	return keys, nil
}

func parseKeys(doc object) ([]publickey.Key, error) {
	var raws []json.RawMessage
	if json.Unmarshal(doc["keys"], &raws) != nil {
		return nil, invalid("no list of keys")
	}
	return publickey.Parse(raws), nil
}

// freshness is the max-age of a Cache-Control less the Age, within bounds.
func freshness(h http.Header) time.Duration {
	fresh := defaultFresh
	for directive := range strings.SplitSeq(h.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(strings.ToLower(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return minFresh
		case "max-age":
			if n, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32); err == nil {
				fresh = time.Duration(n) * time.Second
			}
		}
	}
	if age, err := strconv.ParseInt(h.Get("Age"), 10, 32); err == nil && age > 0 {
		fresh -= time.Duration(age) * time.Second
	}
	return min(max(fresh, minFresh), maxFresh)
}
