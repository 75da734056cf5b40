package main

import (
	"math"
	"testing"
)

func TestTheMemoryLimitIsNineTenthsOfTheContainers(t *testing.T) {
	for value, want := range map[string]int64{"": math.MaxInt64, "268435456": 241591905, "256Mi": 0, "0": 0, "-1": 0} {
		got, err := memoryLimit(func(string) string { return value })
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("MEMORY_LIMIT=%q gives %d, %v; want %d", value, got, err, want)
		}
	}
}
