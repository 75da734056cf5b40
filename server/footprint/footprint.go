// Package footprint keeps a server small that is idle for most of its life, and quick when it is not.
//
// Go's collector runs when the heap has doubled. Our heap is a few megabytes, so that it would run dozens of times a second under
// load, to save what nobody misses. Tune lets the heap grow further, up to a bound well below the container's memory; Run gives
// back to the system what load took, once it is over.
package footprint

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// gcPercent is how far the heap may grow beyond what is alive. Four times saves most of the collector's work; more saves little.
	gcPercent = 400
	// memoryLimit is when the collector works harder instead: the container has 128 MiB by default, and the program's own text takes
	// up to 25 of them.
	memoryLimit = 48 << 20
)

// Tune sets the collector, unless the environment has set it.
func Tune(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

const (
	every = 5 * time.Second
	// quiet is how much is allocated in that time by probes and the like, or by a handful of checks a second.
	quiet = 1 << 20
	// worthwhile is how much must have been allocated since memory was given back, to do it again.
	worthwhile = 4 << 20
)

// Run gives memory back whenever load has ended, until ctx ends.
func Run(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	w := watch{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if w.over(allocated()) {
				GiveBack()
			}
		}
	}
}

// watch tells when load has ended from how much was allocated in all.
type watch struct{ last, givenBack uint64 }

func (w *watch) over(allocated uint64) bool {
	over := allocated-w.last < quiet && allocated-w.givenBack >= worthwhile
	w.last = allocated
	if over {
		w.givenBack = allocated
	}
	return over
}

// allocated is how many bytes were allocated since the process began.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// GiveBack returns unused memory to the system at once: what the collector finds, and the pages of the program itself. Most of
// those were needed for the start alone; the others come back from the page cache as they are used.
func GiveBack() {
	debug.FreeOSMemory()
	dropText()
}
