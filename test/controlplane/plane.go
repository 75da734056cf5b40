package controlplane

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// assetsVariable names the folder with the programs, as envtest has it.
const assetsVariable = "KUBEBUILDER_ASSETS"

// Plane is one control plane. The zero value is ready to use, and starts when it is first asked for something.
type Plane struct {
	// WithoutCollector leaves the controller manager out: nobody deletes what a deleted owner leaves behind.
	WithoutCollector bool

	start  sync.Once
	err    error
	scheme *runtime.Scheme
	// folder has what the programs are started with.
	folder  string
	env     *envtest.Environment
	manager *controllerManager
}

// Run runs a package's tests and stops the control plane that they started. Its result is for os.Exit.
func (p *Plane) Run(m *testing.M) int {
	code := m.Run()
	if err := p.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop control plane:", err)
		return 1
	}
	return code
}

// Config returns the address and credentials of an administrator.
func (p *Plane) Config(t testing.TB) *rest.Config {
	t.Helper()
	p.start.Do(func() { p.err = onLastingThread(p.up) })
	if p.err != nil {
		t.Fatal(p.err)
	}
	return rest.CopyConfig(p.env.Config)
}

// Scheme knows Kubernetes' own types and ours.
func (p *Plane) Scheme(t testing.TB) *runtime.Scheme {
	p.Config(t)
	return p.scheme
}

func (p *Plane) up() error {
	assets := os.Getenv(assetsVariable)
	if assets == "" {
		return fmt.Errorf("%s is not set: these tests need etcd, kube-apiserver and kube-controller-manager; run `make test`, which brings them", assetsVariable)
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	p.scheme = runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(p.scheme))
	utilruntime.Must(gatewayv1.Install(p.scheme))
	utilruntime.Must(desired.AddServiceMonitors(p.scheme))
	utilruntime.Must(v1beta1.AddToScheme(p.scheme))
	if p.folder, err = os.MkdirTemp("", "controlplane-"); err != nil {
		return err
	}
	if err := p.startAPIServer(assets, filepath.Join(root, "config", "crd", "bases")); err != nil {
		return err
	}
	if p.WithoutCollector {
		return nil
	}
	program, err := mortal(p.folder, filepath.Join(assets, "kube-controller-manager"))
	if err != nil {
		return err
	}
	p.manager, err = startControllerManager(program, p.env.KubeConfig)
	return err
}

// startAPIServer starts etcd too.
func (p *Plane) startAPIServer(assets, crds string) error {
	etcd, err := mortal(p.folder, filepath.Join(assets, "etcd"))
	if err != nil {
		return err
	}
	apiServer, err := mortal(p.folder, filepath.Join(assets, "kube-apiserver"))
	if err != nil {
		return err
	}
	p.env = &envtest.Environment{
		Scheme:                p.scheme,
		CRDDirectoryPaths:     []string{crds},
		ErrorIfCRDPathMissing: true,
		// A busy machine of CI takes longer than envtest's own 20 seconds.
		ControlPlaneStartTimeout: 2 * time.Minute,
		ControlPlaneStopTimeout:  time.Minute,
	}
	p.env.ControlPlane.Etcd = &envtest.Etcd{Path: etcd}
	// More than etcd's own 2 GiB, for whoever fills it. A limit costs nothing.
	p.env.ControlPlane.Etcd.Configure().Set("quota-backend-bytes", "8589934592")
	p.env.ControlPlane.GetAPIServer().Path = apiServer
	// envtest's own has room for 254 Services.
	p.env.ControlPlane.GetAPIServer().Configure().Set("service-cluster-ip-range", "10.0.0.0/16")
	if _, err := p.env.Start(); err != nil {
		return errors.Join(fmt.Errorf("start etcd and kube-apiserver from %s: %w", assets, err), p.env.Stop())
	}
	return nil
}

// Stop ends the control plane, if it was started, and all that is in it.
func (p *Plane) Stop() error {
	if p.env == nil {
		return nil
	}
	defer func() { _ = os.RemoveAll(p.folder) }()
	if p.manager == nil {
		return p.env.Stop()
	}
	return errors.Join(p.manager.stop(), p.env.Stop())
}

// moduleRoot finds the module's root from whatever package the test runs in.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find the module's root: no go.mod above the working directory")
		}
		dir = parent
	}
}
