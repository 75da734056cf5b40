package audit

import (
	"encoding/binary"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type clock struct{ now time.Time }

func newTestFlood() (*Flood, *clock) {
	c := &clock{time.Unix(1_000_000, 0)}
	return NewFlood(New(slog.New(slog.DiscardHandler)), func() time.Time { return c.now }), c
}

func address(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 10<<24|n)))
}

func TestFlood_TellsTheFirstAndThenOnceInAMinuteHowMany(t *testing.T) {
	f, c := newTestFlood()
	var got []int
	for _, wait := range []time.Duration{0, time.Second, 58 * time.Second, 999 * time.Millisecond, time.Millisecond, time.Second, time.Hour} {
		c.now = c.now.Add(wait)
		got = append(got, f.count(address(1)))
	}
	if diff := cmp.Diff([]int{1, 0, 0, 0, 4, 0, 2}, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestFlood_TellsClientsApartAsTheLimitDoes(t *testing.T) {
	f, _ := newTestFlood()
	for client, want := range map[string][2]int{"192.0.2.1": {1, 0}, "192.0.2.2": {1, 0}, "2001:db8::1": {1, 0}} {
		if got := [2]int{f.count(netip.MustParseAddr(client)), f.count(netip.MustParseAddr(client))}; got != want {
			t.Errorf("%s: %v, want %v", client, got, want)
		}
	}
	if f.count(netip.MustParseAddr("2001:db8::2")) != 0 {
		t.Error("a neighbour in the same /64 is another client")
	}
}

func TestFlood_IsBoundedInMemoryAndInLines(t *testing.T) {
	f, c := newTestFlood()
	var lines int
	flood := func() {
		lines = 0
		for n := range uint32(5 * floodClients) {
			if f.count(address(n)) > 0 {
				lines++
			}
		}
	}
	flood()
	if lines != floodClients+1 || len(f.told) != floodClients+1 {
		t.Errorf("%d lines, %d clients in memory, want %d of each", lines, len(f.told), floodClients+1)
	}
	c.now = c.now.Add(floodEvery)
	if got := f.count(address(4 * floodClients)); got != 1 {
		t.Errorf("a client that comes after the flood counts %d, want 1: there is room for it", got)
	}
	if len(f.told) != 1 {
		t.Errorf("%d clients in memory after the flood", len(f.told))
	}
	flood()
	if lines != floodClients || len(f.told) != floodClients+1 {
		t.Errorf("the next flood: %d lines, %d clients in memory", lines, len(f.told))
	}
}
