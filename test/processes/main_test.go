package processes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is cmd/server, as it is released: the race detector of the tests is not in it.
var program string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "processes:", err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "processes")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "server")
	build := exec.Command("go", "build", "-o", program, "github.com/googlelogin/operator/cmd/server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the server: %w\n%s", err, output)
	}
	return m.Run(), nil
}
