package rotation_test

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/googlelogin/operator/controllers/rotation"
	"github.com/googlelogin/operator/server/config"
)

// history is what was written, and when: pods read it with a delay.
type history struct {
	at      []time.Time
	entries [][]rotation.Entry
}

func (h *history) write(at time.Time, entries []rotation.Entry) {
	h.at, h.entries = append(h.at, at), append(h.entries, entries)
}

// file is what a pod has at t that reads with this delay.
func (h *history) file(t time.Time, delay time.Duration) []rotation.Entry {
	i, found := slices.BinarySearchFunc(h.at, t.Add(-delay), time.Time.Compare)
	if !found {
		i--
	}
	return h.entries[max(i, 0)]
}

// signer is the key that a pod with this file signs with.
func signer(file []rotation.Entry, t time.Time) rotation.Entry {
	current := file[0]
	for _, e := range file {
		if !e.ActivateAt.After(t) {
			current = e
		}
	}
	return current
}

// publishes says whether a pod with this file has the key in its JWKS.
func publishes(file []rotation.Entry, id string, t time.Time) bool {
	return slices.ContainsFunc(file, func(e rotation.Entry) bool {
		return e.ID == id && (e.RetireAt.IsZero() || t.Before(e.RetireAt))
	})
}

// simulate runs the schedule for some time, with a controller that is away at random, and people who ask for rotations.
func simulate(t *testing.T, random *rand.Rand, p rotation.Policy, length time.Duration) *history {
	t.Helper()
	h := &history{}
	entries := []rotation.Entry{{ID: "first", State: config.KeyCurrent, PublishedAt: start, ActivateAt: start}}
	h.write(start, entries)
	draw := counter()
	for now := start; now.Before(start.Add(length)); {
		request := rotation.None
		if random.Intn(6) == 0 {
			request = rotation.Rotate
		}
		d, err := rotation.Schedule(entries, p, now, request, draw)
		if err != nil {
			t.Fatal(err)
		}
		if d.LookAgain.IsZero() || !d.LookAgain.After(now) {
			t.Fatalf("at %s the time to look again is %s", now, d.LookAgain)
		}
		if len(d.Entries) > p.MaxKeys {
			t.Fatalf("at %s there are %d keys", now, len(d.Entries))
		}
		if d.Changed {
			entries = d.Entries
			h.write(now, entries)
		}
		now = d.LookAgain
		switch random.Intn(8) {
		case 0: // away, for up to three periods
			now = now.Add(time.Duration(random.Int63n(int64(3 * p.Period))))
		case 1: // looks sooner than it has to
			now = now.Add(-time.Duration(random.Int63n(int64(now.Sub(h.at[len(h.at)-1]) + 1))))
		}
		now = later(now, h.at[len(h.at)-1].Add(time.Second)).Truncate(time.Second)
	}
	return h
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// TestYearsOfRotation checks at random moments, for random pods and verifiers, what the schedule promises: whoever caches the
// JWKS for its max age, fetched from any pod, knows the key of every token that any pod signs, until the token expires.
func TestYearsOfRotation(t *testing.T) {
	for _, row := range []struct {
		name   string
		policy rotation.Policy
		ttl    time.Duration
		length time.Duration
	}{
		{"the defaults for twenty years", monthly, 10 * time.Minute, 20 * 365 * day},
		{"a rotation each hour", rotation.Policy{Period: time.Hour, PrePublish: 10 * time.Minute, JWKSMaxAge: 5 * time.Minute,
			Retain: rotation.SigningRetain(time.Hour, 5*time.Minute), MaxKeys: 16}, time.Hour, 30 * day},
		{"a rotation each minute", rotation.Policy{Period: time.Minute, PrePublish: 30 * time.Second, JWKSMaxAge: 5 * time.Second,
			Retain: rotation.SigningRetain(time.Minute, 5*time.Second), MaxKeys: 16}, time.Minute, 2 * day},
		{"keys kept no longer than tokens", rotation.Policy{Period: day, PrePublish: 2 * time.Hour, JWKSMaxAge: time.Hour,
			Retain: 3 * time.Hour, MaxKeys: 16}, 3 * time.Hour, 3 * 365 * day},
		{"so few keys that rotations have to wait", rotation.Policy{Period: time.Hour, PrePublish: 10 * time.Minute, JWKSMaxAge: 5 * time.Minute,
			Retain: 24 * time.Hour, MaxKeys: 4}, 24 * time.Hour, 365 * day},
	} {
		t.Run(row.name, func(t *testing.T) {
			for seed := range int64(5) {
				random := rand.New(rand.NewSource(seed))
				h := simulate(t, random, row.policy, row.length)
				if len(h.at) < 20 {
					t.Fatalf("only %d writes, the simulation proves little", len(h.at))
				}
				for range 4000 {
					if problem := observe(random, h, row.policy, row.ttl); problem != "" {
						t.Fatalf("seed %d: %s", seed, problem)
					}
				}
			}
		})
	}
}

// observe picks a moment near a write, or near a key's activation or end, where things go wrong if they do.
func observe(random *rand.Rand, h *history, p rotation.Policy, ttl time.Duration) (problem string) {
	delay := min(rotation.Propagation, p.PrePublish-p.JWKSMaxAge)
	upTo := func(d time.Duration) time.Duration { return time.Duration(random.Int63n(int64(d) + 1)) }
	entries := h.entries[random.Intn(len(h.entries))]
	e := entries[random.Intn(len(entries))]
	signed := []time.Time{e.PublishedAt, e.ActivateAt, e.ActivateAt.Add(p.Period)}[random.Intn(3)].Add(upTo(2*delay) - delay)
	// The first key was never published beforehand: there was no other.
	if signed.Before(start.Add(p.JWKSMaxAge + delay)) {
		return ""
	}
	with := signer(h.file(signed, upTo(delay)), signed)
	verified := signed.Add(upTo(ttl - 1))
	fetched := verified.Add(-upTo(p.JWKSMaxAge))
	if !publishes(h.file(fetched, upTo(delay)), with.ID, fetched) {
		return fmt.Sprintf("a token signed at %s with key %s, verified at %s, meets a key set of %s without it",
			signed, with.ID, verified, fetched)
	}
	return ""
}
