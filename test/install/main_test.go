package install

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/googlelogin/operator/test/controlplane"
)

var plane controlplane.Plane

func TestMain(m *testing.M) { os.Exit(plane.Run(m)) }

const (
	root  = "../.."
	chart = root + "/charts/googlelogin"
)

// helm runs the pinned Helm, which `make test` builds before the tests' time begins, against the API server.
func helm(t *testing.T, args ...string) []byte {
	t.Helper()
	folder := output(t, nil, filepath.Join(root, "test/cluster/binaries.sh"), "helm")
	env := []string{"HOME=" + t.TempDir(), "KUBECONFIG=" + plane.Kubeconfig(t)}
	return output(t, env, filepath.Join(strings.TrimSpace(string(folder)), "helm"), args...)
}

func output(t *testing.T, env []string, program string, args ...string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command := exec.Command(program, args...)
	command.Env = append(os.Environ(), env...)
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s", filepath.Base(program), args, err, &stderr)
	}
	return stdout.Bytes()
}
