package docs

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	v1beta1 "github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
	"github.com/googlelogin/operator/docs/docstest"
)

// What the page shows to an app team reaches the server's container, and is among what the page says that the server reads.
func TestTracing_TheExampleReachesTheServer(t *testing.T) {
	content, err := os.ReadFile("tracing.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(content), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	var login v1beta1.GoogleLogin
	if err := yaml.UnmarshalStrict([]byte(example), &login); err != nil {
		t.Fatal(err)
	}
	var read, shown, set []string
	for _, row := range docstest.Table(t, "tracing.md", "variable", 0) {
		read = append(read, docstest.Codes(row[0])...)
	}
	for _, v := range login.Spec.Server.Env {
		if shown = append(shown, v.Name); !slices.Contains(read, v.Name) {
			t.Errorf("the page does not say what %s is", v.Name)
		}
	}
	for _, v := range desired.Deployment(desired.Input{Login: &login}).Spec.Template.Spec.Containers[0].Env {
		set = append(set, *v.Name)
	}
	if diff := cmp.Diff(shown, set); diff != "" || len(shown) == 0 {
		t.Errorf("variables (-shown +in the container):\n%s", diff)
	}
}
