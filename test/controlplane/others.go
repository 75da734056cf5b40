package controlplane

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// InstallGatewayAPI gives the API server the CRDs of the Gateway API, of the release whose types we use.
func (p *Plane) InstallGatewayAPI(t testing.TB) {
	t.Helper()
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	if err != nil {
		t.Fatalf("find the Gateway API's CRDs: %v", err)
	}
	p.install(t, filepath.Join(strings.TrimSpace(string(folder)), "config", "crd", "standard", "gateway.networking.k8s.io_httproutes.yaml"))
}

// InstallServiceMonitors gives the API server a stand-in for the Prometheus operator's CRD.
func (p *Plane) InstallServiceMonitors(t testing.TB) {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	p.install(t, filepath.Join(root, "test", "controlplane", "testdata", "servicemonitors.yaml"))
}

// install returns once the kinds are served. What is there already is left as it is.
func (p *Plane) install(t testing.TB, path string) {
	t.Helper()
	if _, err := envtest.InstallCRDs(p.Config(t), envtest.CRDInstallOptions{Scheme: p.Scheme(t), Paths: []string{path}, ErrorIfPathMissing: true}); err != nil {
		t.Fatal(err)
	}
}
