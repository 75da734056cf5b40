package audit

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/googlelogin/operator/server/limit"
	"github.com/googlelogin/operator/server/middleware"
)

const (
	// floodEvery is how often at most a client's refusals get a line.
	floodEvery = time.Minute
	// floodClients is how many clients are told apart, at about a hundred bytes each, and with it how many lines there are in a minute.
	floodClients = 1000
)

// others stands for all clients beyond floodClients. No address has it for its key.
const others = ""

// Flood writes down what one client can cause as often as it likes: the first time, and then once in a minute, with how often it was
// since. Its memory is bounded. It is safe for concurrent use.
type Flood struct {
	log Log
	now func() time.Time

	mu      sync.Mutex
	told    map[string]*told
	sweptAt time.Time
}

// told is when a client had its last line, and how often it came since.
type told struct {
	at    time.Time
	since int
}

// NewFlood writes to log.
func NewFlood(log Log, now func() time.Time) *Flood {
	return &Flood{log: log, now: now, told: map[string]*told{}}
}

// Record writes e, or counts it.
func (f *Flood) Record(r *http.Request, e Entry) {
	if e.Count = f.count(middleware.From(r.Context()).ClientIP); e.Count > 0 {
		f.log.Record(r, e)
	}
}

// count is what a line has to say now; zero if there is to be none.
func (f *Flood) count(client netip.Addr) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	last := f.find(limit.AddressKey(client), now)
	last.since++
	if now.Before(last.at.Add(floodEvery)) {
		return 0
	}
	count := last.since
	*last = told{at: now}
	return count
}

func (f *Flood) find(key string, now time.Time) *told {
	if last, ok := f.told[key]; ok {
		return last
	}
	if len(f.told) >= floodClients {
		f.sweep(now)
	}
	if len(f.told) >= floodClients {
		key = others
	}
	if f.told[key] == nil {
		f.told[key] = new(told)
	}
	return f.told[key]
}

// sweep forgets who had no line for a while, and what they did since: the metric has counted it. It looks at everybody, so seldom.
func (f *Flood) sweep(now time.Time) {
	if now.Before(f.sweptAt.Add(floodEvery)) {
		return
	}
	f.sweptAt = now
	for key, last := range f.told {
		if !now.Before(last.at.Add(floodEvery)) {
			delete(f.told, key)
		}
	}
}
