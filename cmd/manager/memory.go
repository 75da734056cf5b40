package main

import (
	"fmt"
	"math"
	"runtime/debug"
	"strconv"
)

const (
	// garbage is how much of it there may be, in percent of what is alive, half of Go's own default. The manager is idle most of the time, and has
	// that time rather than memory.
	garbage = 50
	// memoryLimitVariable has the container's limit in bytes, by the downward API.
	memoryLimitVariable = "MEMORY_LIMIT"
)

// saveMemory tells Go's collector what it cannot know. Go's own variables GOGC and GOMEMLIMIT come first.
func saveMemory(env func(string) string) error {
	limit, err := memoryLimit(env)
	if err != nil {
		return err
	}
	if env("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
	if env("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	return nil
}

// memoryLimit is how much Go may take: nine tenths of the container's limit, since not all of a process is Go's.
func memoryLimit(env func(string) string) (int64, error) {
	value := env(memoryLimitVariable)
	if value == "" {
		return math.MaxInt64, nil
	}
	limit, err := strconv.ParseInt(value, 10, 64)
	if err != nil || limit <= 0 {
		return 0, fmt.Errorf("%s %q is not a number of bytes: set it from limits.memory, as the chart does, or leave it out", memoryLimitVariable, value)
	}
	return limit / 10 * 9, nil
}
