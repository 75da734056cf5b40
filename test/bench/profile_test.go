//go:build bench

package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// profile lets perf watch the program until the function that it returns is called, if the environment names a folder for what it
// sees: make bench PERF=/tmp/perf, and then perf report -i /tmp/perf/check.data. The figures of such a run count for nothing.
func (p *program) profile(t *testing.T, name string) (end func()) {
	t.Helper()
	dir := os.Getenv("PERF")
	if dir == "" {
		return func() {}
	}
	cmd := exec.Command("perf", "record", "-q", "-F", "997", "-g", "-o", filepath.Join(dir, name+".data"),
		"-p", strconv.Itoa(p.cmd.Process.Pid))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}
}

// linker leaves the names in that a profile needs.
func linker() string {
	if os.Getenv("PERF") != "" {
		return ""
	}
	return "-s -w"
}
