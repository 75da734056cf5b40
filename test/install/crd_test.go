package install

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/test/controlplane"
)

// olderColumn stands for whatever an older release had not: a printer column goes with nothing else.
const olderColumn = "Next-Rotation"

func TestAnUpgradeBringsTheNewCRDAndUninstallingKeepsIt(t *testing.T) {
	const release = "upgraded"
	makeNamespace(t, release)
	// This API server has the CRD already, for the other tests.
	helm(t, "install", release, olderChart(t), "--namespace", release, "--take-ownership", "--force-conflicts")
	awaitColumn(t, false)
	login := &v1beta1.GoogleLogin{
		ObjectMeta: metav1.ObjectMeta{Namespace: release, Name: "shop"},
		Spec: v1beta1.GoogleLoginSpec{
			Client:       v1beta1.Client{SecretRef: v1beta1.ClientSecretRef{Name: "shop-google"}},
			RedirectURIs: []v1beta1.RedirectURI{"https://shop.example.com/auth/callback"},
			Frontend:     v1beta1.Frontend{HomeURL: "https://shop.example.com/"},
		},
	}
	c := plane.Client(t)
	if err := c.Create(context.Background(), login); err != nil {
		t.Fatal(err)
	}

	helm(t, "upgrade", release, chart, "--namespace", release)
	awaitColumn(t, true)
	wantTheSame(t, c, login)

	helm(t, "uninstall", release, "--namespace", release)
	awaitColumn(t, true)
	wantTheSame(t, c, login)
	if left := plane.Kubectl(t, nil, "get", "deployments,clusterroles", "--namespace", release, "--selector", "app.kubernetes.io/instance="+release, "--output", "name"); left != "" {
		t.Errorf("uninstalling left behind:\n%s", left)
	}
}

// olderChart is a copy of the chart whose CRD lacks something.
func olderChart(t *testing.T) string {
	t.Helper()
	older := filepath.Join(t.TempDir(), "googlelogin")
	if err := os.CopyFS(older, os.DirFS(chart)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(older, "files", "crd.yaml")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(content), "name: "+olderColumn, "name: Older", 1)
	if changed == string(content) {
		t.Fatalf("the CRD has no column %s", olderColumn)
	}
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return older
}

func awaitColumn(t *testing.T, want bool) {
	t.Helper()
	controlplane.Eventually(t, func() string {
		columns := plane.Kubectl(t, nil, "get", "crd", "googlelogins.googlelogin.dev", "--output", "jsonpath={.spec.versions[*].additionalPrinterColumns[*].name}")
		if strings.Contains(columns, olderColumn) != want {
			return "the CRD's columns are " + columns
		}
		return ""
	})
}

// wantTheSame fails the test if the object is gone, or was deleted and made again.
func wantTheSame(t *testing.T, c client.Client, login *v1beta1.GoogleLogin) {
	t.Helper()
	now := &v1beta1.GoogleLogin{}
	if err := c.Get(context.Background(), client.ObjectKeyFromObject(login), now); err != nil {
		t.Fatal(err)
	}
	if now.UID != login.UID || now.DeletionTimestamp != nil {
		t.Errorf("GoogleLogin %s did not survive", login.Name)
	}
}
