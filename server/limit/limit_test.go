package limit_test

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/limit"
)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newLimiter(keys int) (*limit.Limiter, *clock) {
	c := &clock{now: time.Unix(1_700_000_000, 0)}
	return limit.New(limit.Options{PerMinute: 6, Burst: 3, Keys: keys, Now: c.Now}), c
}

func TestRefusesPastTheBurstAndSaysHowLongToWait(t *testing.T) {
	l, c := newLimiter(10)
	for i := range 3 {
		if ok, _ := l.Allow("a"); !ok {
			t.Fatalf("event %d of a burst of 3 was refused", i+1)
		}
	}
	ok, wait := l.Allow("a")
	if ok || wait != 10*time.Second {
		t.Fatalf("fourth event: allowed=%v wait=%v, want a refusal with 10s", ok, wait)
	}
	c.now = c.now.Add(wait)
	if ok, _ := l.Allow("a"); !ok {
		t.Error("refused after the wait that was asked for")
	}
}

func TestARefusedEventIsNotCounted(t *testing.T) {
	l, c := newLimiter(10)
	for range 100 {
		l.Allow("a")
	}
	c.now = c.now.Add(10 * time.Second)
	if ok, _ := l.Allow("a"); !ok {
		t.Error("a client that kept asking waits longer than one that did not")
	}
}

func TestKeysDoNotShareABudget(t *testing.T) {
	l, _ := newLimiter(10)
	for range 4 {
		l.Allow("a")
	}
	if ok, _ := l.Allow("b"); !ok {
		t.Error("b pays for a")
	}
}

func TestMemoryIsBoundedAndTheQuietestKeyIsForgotten(t *testing.T) {
	l, _ := newLimiter(2)
	for range 4 {
		l.Allow("busy")
	}
	for i := range 1000 {
		l.Allow(fmt.Sprint("passing ", i))
		l.Allow("busy")
	}
	if got := l.Len(); got != 2 {
		t.Errorf("remembers %d keys, want 2", got)
	}
	if ok, _ := l.Allow("busy"); ok {
		t.Error("a key in constant use was forgotten, and its limit with it")
	}
}

func TestParallelEventsOfOneKeyNeverExceedTheBurst(t *testing.T) {
	l, _ := newLimiter(10)
	var allowed atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if ok, _ := l.Allow("a"); ok {
				allowed.Add(1)
			}
		})
	}
	wg.Wait()
	if got := allowed.Load(); got != 3 {
		t.Errorf("%d events allowed at once, want 3", got)
	}
}

func TestAddressKey(t *testing.T) {
	for _, row := range []struct{ name, a, b string }{
		{"neighbours in one /64", "2001:db8::1", "2001:db8::ffff:1"},
		{"IPv4 and the same mapped into IPv6", "203.0.113.7", "::ffff:203.0.113.7"},
		{"with and without a zone", "fe80::1%eth0", "fe80::1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, b := limit.AddressKey(netip.MustParseAddr(row.a)), limit.AddressKey(netip.MustParseAddr(row.b))
			if a != b {
				t.Errorf("%q and %q are two keys", a, b)
			}
		})
	}
	if limit.AddressKey(netip.MustParseAddr("203.0.113.7")) == limit.AddressKey(netip.MustParseAddr("203.0.113.8")) {
		t.Error("two IPv4 clients share a key")
	}
	if got := limit.AddressKey(netip.Addr{}); got != "unknown" {
		t.Errorf("an invalid address has key %q", got)
	}
}

func TestAKeyWhoseBudgetIsWholeAgainIsForgotten(t *testing.T) {
	l, c := newLimiter(1000)
	for i := range 1000 {
		l.Allow(fmt.Sprint("attack ", i))
	}
	c.now = c.now.Add(10 * time.Second)
	for i := range 1000 {
		l.Allow(fmt.Sprint("attack ", i%10))
		l.Allow(fmt.Sprint("later ", i))
	}
	if got := l.Len(); got > 1000+10 {
		t.Errorf("remembers %d keys", got)
	}
	c.now = c.now.Add(time.Hour)
	for i := range 1010 {
		l.Allow(fmt.Sprint("much later ", i%3, i))
		c.now = c.now.Add(time.Minute)
	}
	if got := l.Len(); got > 2 {
		t.Errorf("remembers %d keys an hour after the attack, want those of the last minute", got)
	}
}

func TestSet_BindsThoseWhoAskedBefore(t *testing.T) {
	l, c := newLimiter(10)
	for range 3 {
		l.Allow("a")
	}
	l.Set(60, 2)
	if ok, wait := l.Allow("a"); ok || wait != time.Second {
		t.Errorf("used up before: allowed=%v wait=%v, want a refusal with 1s", ok, wait)
	}
	c.now = c.now.Add(time.Hour)
	for range 2 {
		if ok, _ := l.Allow("a"); !ok {
			t.Error("refused within the new burst")
		}
	}
	if ok, _ := l.Allow("a"); ok {
		t.Error("the old burst is in force")
	}
}
