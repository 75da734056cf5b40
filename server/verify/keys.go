package verify

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	// fetchTimeout bounds one fetch. Requests wait for it.
	fetchTimeout = 5 * time.Second
	// fetchEvery is the pause between two fetches that are asked for by tokens with unknown keys, or that failed: a stranger can make
	// up as many such tokens as they like.
	fetchEvery = 10 * time.Second
	// defaultStale is Options.StaleFor if that is zero.
	defaultStale = 24 * time.Hour
)

// keys are the issuer's, fetched when they are needed.
type keys struct {
	url    string
	client *http.Client
	stale  time.Duration
	now    func() time.Time

	mu sync.Mutex
	// byID is nil until a fetch succeeds.
	byID map[string]*ecdsa.PublicKey
	// freshUntil is when the keys should be fetched again.
	freshUntil time.Time
	// triedAt is when a fetch last began, and err how the last one ended.
	triedAt time.Time
	err     error
	// running is closed when the fetch that is under way ends; nil if none is.
	running chan struct{}
}

func newKeys(o Options) *keys {
	k := &keys{url: o.JWKSURL, client: o.Client, stale: o.StaleFor, now: o.Now}
	if k.client == nil {
		k.client = &http.Client{
			Timeout:       fetchTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	if k.stale == 0 {
		k.stale = defaultStale
	}
	return k
}

var errUnknownKey = errors.New("token names an unknown key")

// find returns the key with this ID. It fetches the keys if there are none, if their time is over, or if this one is not among them.
func (k *keys) find(ctx context.Context, kid string) (*ecdsa.PublicKey, error) {
	key, wait, err := k.look(kid)
	if wait == nil {
		return key, err
	}
	select {
	case <-wait:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.known(kid)
}

// look returns the key, or what to wait for: a fetch that was under way, or that it began.
func (k *keys) look(kid string) (*ecdsa.PublicKey, <-chan struct{}, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, err := k.known(kid)
	now := k.now()
	due := err != nil || !now.Before(k.freshUntil)
	if !due {
		return key, nil, nil
	}
	if k.running == nil && (k.triedAt.IsZero() || now.Sub(k.triedAt) >= fetchEvery) {
		k.triedAt, k.running = now, make(chan struct{})
		go k.fetch(k.running)
	}
	if k.running == nil || err == nil && !k.outdated(now) {
		return key, nil, err
	}
	return nil, k.running, nil
}

// outdated says that a request waits for newer keys, although its own is among those that are known: nobody has asked for a while, and
// the key may have been withdrawn. Otherwise the keys are renewed beside the requests, and a server that does not answer delays nobody.
func (k *keys) outdated(now time.Time) bool {
	return k.err == nil && now.Sub(k.freshUntil) > fetchEvery
}

// known looks among the keys that are there. The caller holds mu.
func (k *keys) known(kid string) (*ecdsa.PublicKey, error) {
	if k.byID == nil || !k.now().Before(k.freshUntil.Add(k.stale)) {
		return nil, errors.Join(ErrKeys, k.err)
	}
	key, ok := k.byID[kid]
	if !ok && k.err != nil {
		// It may be a key that was made since.
		return nil, errors.Join(ErrKeys, k.err)
	}
	if !ok {
		return nil, errUnknownKey
	}
	return key, nil
}

// fetch outlives the request that began it: others wait for it as well.
func (k *keys) fetch(done chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	byID, maxAge, err := fetchJWKS(ctx, k.client, k.url)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.running, k.err = nil, err
	if err == nil {
		k.byID, k.freshUntil = byID, k.now().Add(maxAge)
	}
	close(done)
}
