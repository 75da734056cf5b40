package install

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden files")

// Whoever lets the operator in reads this list: a right more or less is a change of the product, and shows up in a golden file.
func TestTheManagersRightsAreTheGoldenOnes(t *testing.T) {
	for _, mode := range []struct {
		name string
		// release is also the namespace. Both modes live on one API server, so their cluster-wide names must differ.
		release    string
		values     []string
		namespaces []string
	}{
		{name: "cluster-wide", release: "googlelogin", namespaces: []string{"googlelogin", "any-team"}},
		{
			name: "namespaces", release: "googlelogin-some", values: []string{"--set=namespaces={listed-team}"},
			namespaces: []string{"googlelogin-some", "listed-team", "other-team"},
		},
		{
			name: "namespaces-without-metrics", release: "googlelogin-few", values: []string{"--set=namespaces={single-team}", "--set=metrics.enabled=false"},
			namespaces: []string{"googlelogin-few", "single-team", "other-team"},
		},
	} {
		t.Run(mode.name, func(t *testing.T) {
			for _, ns := range mode.namespaces {
				makeNamespace(t, ns)
			}
			plane.Kubectl(t, rbacOf(t, mode.release, mode.values), "apply", "--server-side", "-f-")
			account := "system:serviceaccount:" + mode.release + ":" + mode.release + "-manager"
			var got strings.Builder
			for _, ns := range mode.namespaces {
				got.WriteString("$ kubectl auth can-i --list --namespace " + ns + " --as " + account + "\n")
				got.WriteString(trimLines(plane.Kubectl(t, nil, "auth", "can-i", "--list", "--namespace", ns, "--as", account)) + "\n")
			}
			compareGolden(t, filepath.Join("testdata", "rights", mode.name+".txt"), got.String())
		})
	}
}

// rbacOf renders the chart and leaves of it what gives rights.
func rbacOf(t *testing.T, release string, values []string) []byte {
	t.Helper()
	rendered := helm(t, append([]string{"template", release, chart, "--namespace", release, "--kube-version", "1.37.0"}, values...)...)
	var out bytes.Buffer
	for document := range bytes.SplitSeq(rendered, []byte("\n---")) {
		var object metav1.TypeMeta
		if err := yaml.Unmarshal(document, &object); err != nil {
			t.Fatal(err)
		}
		if object.Kind == "ServiceAccount" || strings.HasPrefix(object.APIVersion, "rbac.authorization.k8s.io/") {
			out.WriteString("\n---\n")
			out.Write(document)
		}
	}
	return out.Bytes()
}

func makeNamespace(t *testing.T, name string) {
	t.Helper()
	err := plane.Client(t).Create(context.Background(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

// trimLines drops the spaces with which kubectl fills its last column up.
func trimLines(table string) string {
	var out strings.Builder
	for line := range strings.Lines(table) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return out.String()
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not what the manager may do; if it should, run go test ./test/install -update (-want +got):\n%s", file, diff)
	}
}
