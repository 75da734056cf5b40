package controlplane

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Kubeconfig returns the path of a kubeconfig of an administrator, which lasts until the test ends.
func (p *Plane) Kubeconfig(t testing.TB) string {
	t.Helper()
	p.Config(t)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, p.env.KubeConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Kubectl runs kubectl as an administrator and returns what it prints. The test fails if kubectl does.
func (p *Plane) Kubectl(t testing.TB, stdin []byte, args ...string) string {
	t.Helper()
	config := p.Kubeconfig(t)
	var stdout, stderr bytes.Buffer
	command := exec.Command(filepath.Join(os.Getenv(assetsVariable), "kubectl"), append([]string{"--kubeconfig=" + config}, args...)...) //nolint:gosec // the program under test's own environment, named by whoever runs the tests
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("kubectl %q: %v\n%s", args, err, &stderr)
	}
	return stdout.String()
}
