package footprint

import (
	"runtime/debug"
	"runtime/metrics"
	"testing"
)

func TestWatch_GivesBackOnceLoadIsOver(t *testing.T) {
	const mega = 1 << 20
	for name, row := range map[string]struct {
		allocated []uint64
		want      []bool
	}{
		"after the start":        {[]uint64{6 * mega, 6 * mega}, []bool{false, true}},
		"once":                   {[]uint64{6 * mega, 6 * mega, 6*mega + 1, 6*mega + 2}, []bool{false, true, false, false}},
		"not under load":         {[]uint64{6 * mega, 16 * mega, 26 * mega}, []bool{false, false, false}},
		"again after more":       {[]uint64{6 * mega, 6 * mega, 90 * mega, 90 * mega}, []bool{false, true, false, true}},
		"not for a little":       {[]uint64{6 * mega, 6 * mega, 8 * mega, 8 * mega}, []bool{false, true, false, false}},
		"for many a little more": {[]uint64{6 * mega, 6 * mega, 8 * mega, 8 * mega, 10 * mega, 10 * mega}, []bool{false, true, false, false, false, true}},
	} {
		var w watch
		for i, allocated := range row.allocated {
			if got := w.over(allocated); got != row.want[i] {
				t.Errorf("%s: at %d it is over: %v, want %v", name, i, got, row.want[i])
			}
		}
	}
}

func TestTune_LeavesWhatTheEnvironmentSet(t *testing.T) {
	for name, row := range map[string]struct {
		environment map[string]string
		percent     int
		limit       int64
	}{
		"nothing set": {nil, gcPercent, memoryLimit},
		"GOGC":        {map[string]string{"GOGC": "70"}, 77, memoryLimit},
		"GOMEMLIMIT":  {map[string]string{"GOMEMLIMIT": "1GiB"}, gcPercent, 1 << 30},
	} {
		// What the runtime would have made of the environment.
		percent, limit := debug.SetGCPercent(77), debug.SetMemoryLimit(1<<30)
		Tune(func(name string) string { return row.environment[name] })
		gotPercent, gotLimit := debug.SetGCPercent(percent), debug.SetMemoryLimit(limit)
		if gotPercent != row.percent || gotLimit != row.limit {
			t.Errorf("%s: %d%% and %d, want %d%% and %d", name, gotPercent, gotLimit, row.percent, row.limit)
		}
	}
}

func TestGiveBack_ReturnsWhatLoadTook(t *testing.T) {
	held := make([][]byte, 64)
	for i := range held {
		held[i] = make([]byte, 1<<20)
	}
	before := released()
	clear(held)
	GiveBack()
	if got := released() - before; got < 32<<20 {
		t.Errorf("%d bytes were given back, want most of 64 MiB", got)
	}
}

func released() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
