package docs

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/docs/docstest"
)

func TestConditions_EveryConditionAndReasonIsDocumented(t *testing.T) {
	source := constants(goFiles(t, "../api/v1beta1", "conditions.go")["../api/v1beta1/conditions.go"])
	for header, prefix := range map[string]string{"condition": "Condition", "reason": "Reason"} {
		got, want := map[string]bool{}, map[string]bool{}
		for name, value := range source {
			if strings.HasPrefix(name, prefix) {
				want[value] = true
			}
		}
		for _, row := range docstest.Table(t, "conditions.md", header, 0) {
			got[docstest.Code(row[0])] = true
			for i, cell := range row {
				if cell == "" {
					t.Errorf("%s: column %d is empty", row[0], i+1)
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%ss (-conditions.go +conditions.md):\n%s", header, diff)
		}
	}
}
