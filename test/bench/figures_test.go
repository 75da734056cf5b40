//go:build bench

package bench

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// figures are what a run has to print. One that was not measured is an error, not a zero.
type figures struct {
	t       *testing.T
	missing []string
}

func newFigures(t *testing.T, names ...string) *figures {
	f := &figures{t: t, missing: names}
	t.Cleanup(func() {
		if len(f.missing) > 0 {
			t.Errorf("not measured: %s", strings.Join(f.missing, " "))
		}
	})
	return f
}

// print writes one line to standard output. All other words go elsewhere.
func (f *figures) print(name string, value float64, unit string) {
	f.t.Helper()
	i := slices.Index(f.missing, name)
	if i < 0 {
		f.t.Fatalf("%s is measured twice, or is not on the list", name)
	}
	if !(value > 0) {
		f.t.Fatalf("%s is %v: that cannot have been measured", name, value)
	}
	f.missing = slices.Delete(f.missing, i, i+1)
	fmt.Printf("%s %.3f %s\n", name, value, unit)
}

// say tells how it goes.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "# "+format+"\n", args...) }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
