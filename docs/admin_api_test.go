package docs

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/docs/docstest"
	"github.com/googlelogin/operator/server/admin"
)

func TestAdminAPI_TheRoutesAreThoseThatAreServed(t *testing.T) {
	var got, want [][2]string
	for _, row := range docstest.Table(t, "admin-api.md", "route", 0) {
		got = append(got, [2]string{docstest.Code(row[0]), docstest.Code(row[1])})
	}
	for _, r := range admin.Routes() {
		want = append(want, [2]string{r.Method + " " + r.Path, string(r.Permission)})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-server +admin-api.md):\n%s", diff)
	}
}

func TestAdminAPI_TheCodesAreDocumented(t *testing.T) {
	const path = "../server/admin/problem.go"
	var got, want []string
	for _, row := range docstest.Table(t, "admin-api.md", "code", 0) {
		got = append(got, docstest.Code(row[0]))
	}
	for name, value := range constants(goFiles(t, path, ".go")[path]) {
		if isNamed(name, "code") {
			want = append(want, value)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("codes (-server +admin-api.md):\n%s", diff)
	}
}
