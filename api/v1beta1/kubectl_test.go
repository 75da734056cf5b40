package v1beta1_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/docs/docstest"
)

// TestKubectlShowsWhatPeopleAskFor reads the table that the API server makes of the CRD's columns.
func TestKubectlShowsWhatPeopleAskFor(t *testing.T) {
	ns := plane.Namespace(t)
	reported(t, ns, `
observedGeneration: 1
issuer: https://shop.example.com/auth
readyReplicas: 2
nextRotationAt: "2026-12-24T12:00:00Z"
keys:
- {kid: old, algorithm: ES256, state: Previous}
- {kid: now, algorithm: ES256, state: Current}
conditions:
- {type: Accepted, status: "True", reason: Accepted, message: "", lastTransitionTime: "2026-11-24T12:00:00Z"}
- {type: Ready, status: "False", reason: PodsFailing, message: no room, lastTransitionTime: "2026-11-24T12:00:00Z"}
`)
	want := [][]string{
		{"NAME", "READY", "REASON", "ISSUER", "REPLICAS", "AGE"},
		{"shop", "False", "PodsFailing", "https://shop.example.com/auth", "2", "now"},
	}
	wide := [][]string{
		append(slices.Clone(want[0]), "KID", "NEXT-ROTATION", "MESSAGE"),
		append(slices.Clone(want[1]), "now", "2026-12-24T12:00:00Z", "no room"),
	}
	for name, row := range map[string]struct {
		args []string
		want [][]string
	}{
		"by kind":       {[]string{"googlelogins"}, want},
		"by short name": {[]string{"glogin"}, want},
		"wide":          {[]string{"glogin", "--output=wide"}, wide},
	} {
		t.Run(name, func(t *testing.T) {
			got := table(plane.Kubectl(t, nil, append([]string{"get", "--namespace", ns}, row.args...)...))
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("table (-want +got):\n%s", diff)
			}
		})
	}
	if got := plane.Kubectl(t, nil, "get", "crd", "googlelogins.googlelogin.dev", "--output=jsonpath={.spec.names.categories[*]}"); got != "googlelogin" {
		t.Errorf("categories %q, want googlelogin", got)
	}
}

// TestFieldSelectors asks as docs/operations.md does. What the schema defaults is selected like what somebody wrote.
func TestFieldSelectors(t *testing.T) {
	ns := plane.Namespace(t)
	reported(t, ns, "issuer: https://shop.example.com/auth", "metadata.name", "shop")
	reported(t, ns, "standInIssuer: http://stand-in.test", "metadata.name", "trial",
		"spec.client.secretRef.name", "trial-google", "spec.access", "{accounts: Any}", "spec.storage", "{type: Memory}", "spec.exposure", "{type: Ingress}")
	for selector, want := range map[string]string{
		"spec.client.secretRef.name=trial-google":           "trial",
		"spec.access.accounts=Any":                          "trial",
		"spec.access.accounts=Restricted":                   "shop",
		"spec.storage.type=SQLite":                          "shop",
		"spec.storage.type=Memory":                          "trial",
		"spec.exposure.type=None":                           "shop",
		"spec.exposure.type!=None":                          "trial",
		"status.issuer=https://shop.example.com/auth":       "shop",
		"status.standInIssuer!=":                            "trial",
		"spec.storage.type!=Memory,spec.exposure.type=None": "shop",
	} {
		t.Run(selector, func(t *testing.T) {
			got := plane.Kubectl(t, nil, "get", "googlelogins", "--namespace", ns, "--field-selector", selector, "--output=jsonpath={.items[*].metadata.name}")
			if got != want {
				t.Errorf("selected %q, want %q", got, want)
			}
		})
	}
}

func TestEverySelectableFieldIsDocumented(t *testing.T) {
	var got, want []string
	for _, row := range docstest.Table(t, "../../docs/operations.md", "field", 1) {
		got = append(got, "."+docstest.Code(row[0]))
	}
	for _, field := range googleLoginCRD(t).Spec.Versions[0].SelectableFields {
		want = append(want, field.JSONPath)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("selectable fields (-CRD +docs/operations.md):\n%s", diff)
	}
}

// reported makes a GoogleLogin of which the operator has said so.
func reported(t *testing.T, ns, status string, changes ...string) {
	t.Helper()
	c, o := apiServer(t), object(t, append([]string{"metadata.namespace", ns}, changes...)...)
	if err := c.Create(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	set(t, o, "status", status)
	if err := c.Status().Update(context.Background(), o); err != nil {
		t.Fatal(err)
	}
}

// table splits kubectl's table into cells, and leaves out how old the objects are, to the second.
func table(printed string) [][]string {
	var rows [][]string
	for line := range strings.Lines(printed) {
		rows = append(rows, regexp.MustCompile(` {2,}`).Split(strings.TrimSpace(line), -1))
	}
	age := slices.Index(rows[0], "AGE")
	for _, row := range rows[1:] {
		// An empty cell is none here, and the rows differ then.
		if age < len(row) && regexp.MustCompile(`^\d+s$`).MatchString(row[age]) {
			row[age] = "now"
		}
	}
	return rows
}
