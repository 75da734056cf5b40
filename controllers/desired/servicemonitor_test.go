package desired_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// owned is how the API server writes down who applied a ServiceMonitor.
const owned = `{
  "f:metadata": {
    "f:labels": {"f:app.kubernetes.io/component": {}, "f:app.kubernetes.io/instance": {}, "f:app.kubernetes.io/managed-by": {}, "f:app.kubernetes.io/name": {}},
    "f:ownerReferences": {"k:{\"uid\":\"00000000-0000-0000-0000-000000000001\"}": {}}
  },
  "f:spec": {"f:endpoints": {}, "f:selector": {}}
}`

// TestWhatIsOwnedOfAServiceMonitorIsWhatWasApplied: a pass would otherwise write it again and again.
func TestWhatIsOwnedOfAServiceMonitorIsWhatWasApplied(t *testing.T) {
	in, err := desired.NewInput(shop(func(l *v1beta1.GoogleLogin) { l.Spec.Server.ServiceMonitor.Mode = v1beta1.Enabled }), "image", desired.ClusterKeys{})
	if err != nil {
		t.Fatal(err)
	}
	want := desired.ServiceMonitor(in)
	applied, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	live := &unstructured.Unstructured{}
	if err := live.UnmarshalJSON(applied); err != nil {
		t.Fatal(err)
	}
	live.SetLabels(map[string]string{"theirs": "too"})
	labels := live.GetLabels()
	for k, v := range desired.Labels("shop") {
		labels[k] = v
	}
	live.SetLabels(labels)
	live.SetManagedFields([]metav1.ManagedFieldsEntry{{
		Manager: "us", Operation: metav1.ManagedFieldsOperationApply, APIVersion: live.GetAPIVersion(), FieldsType: "FieldsV1",
		FieldsV1: metav1.NewFieldsV1(owned),
	}})
	got, err := desired.ExtractServiceMonitor(live, "us")
	if err != nil {
		t.Fatal(err)
	}
	asYAML := func(v any) string {
		out, err := yaml.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if diff := cmp.Diff(asYAML(want), asYAML(got)); diff != "" {
		t.Errorf("(-applied +owned):\n%s", diff)
	}
}
