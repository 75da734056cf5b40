package docs

import (
	"encoding/json"
	"go/ast"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/docs/docstest"
	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/httperr"
)

// headings are what the pages say in English, by code.
func headings(t *testing.T) map[string]string {
	t.Helper()
	content, err := os.ReadFile("../server/pages/texts/en.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]string
	if err := json.Unmarshal(content, &texts); err != nil {
		t.Fatal(err)
	}
	return texts
}

// documented is a row of a table of codes.
type documented struct{ Status, Heading, Outcome string }

func TestErrors_TheClosedListIsDocumented(t *testing.T) {
	texts := headings(t)
	got, want := map[string]documented{}, map[string]documented{}
	for _, row := range docstest.Table(t, "errors.md", "code", 0) {
		got[docstest.Code(row[0])] = documented{row[1], row[2], docstest.Code(row[3])}
		for i, cell := range row {
			if cell == "" {
				t.Errorf("%s: column %d is empty", row[0], i+1)
			}
		}
	}
	for _, c := range httperr.LoginCodes() {
		outcome := "denied"
		if c.Status() >= http.StatusInternalServerError {
			outcome = "failed"
		}
		want[string(c)] = documented{strconv.Itoa(c.Status()), texts[string(c)+".title"], outcome}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("codes of a login (-code +errors.md):\n%s", diff)
	}
}

func TestErrors_TheOtherCodesAreDocumented(t *testing.T) {
	texts := headings(t)
	got, want := map[string]string{}, map[string]string{}
	for _, row := range docstest.Table(t, "errors.md", "code", 1) {
		got[docstest.Code(row[0])] = row[2]
	}
	for name, c := range constants(goFiles(t, "../server/httperr", "code.go")["../server/httperr/code.go"]) {
		if !slices.Contains(httperr.LoginCodes(), httperr.Code(c)) {
			want[c] = texts[c+".title"]
		}
		if texts[c+".title"] == "" {
			t.Errorf("%s has no heading", name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("other codes (-code +errors.md):\n%s", diff)
	}
}

// auditLog has the outcomes and the fields of every audit event.
const auditLog = "../server/audit/audit.go"

func TestAuditEvents_AreAllDocumented(t *testing.T) {
	got, want := map[string]bool{}, map[string]bool{}
	outcomes := map[string]bool{}
	for _, row := range docstest.Table(t, "audit-events.md", "event", 0) {
		got[docstest.Code(row[0])] = true
		for _, outcome := range docstest.Codes(row[1]) {
			outcomes[outcome] = true
		}
	}
	defined := map[string]bool{}
	for path, file := range goFiles(t, "../server", ".go") {
		for name, value := range constants(file) {
			switch {
			case isNamed(name, "event"):
				want[value] = true
			case isNamed(name, "outcome") && path == auditLog:
				defined[value] = true
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("audit events (-code +audit-events.md):\n%s", diff)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(defined)), slices.Sorted(maps.Keys(outcomes))); diff != "" {
		t.Errorf("outcomes (-code +audit-events.md):\n%s", diff)
	}
}

func TestAuditEvents_TheirFieldsAreDocumented(t *testing.T) {
	got, want := []string{}, []string{}
	for _, row := range docstest.Table(t, "audit-events.md", "field", 0) {
		got = append(got, docstest.Code(row[0])+" "+row[1])
		if docstest.Code(row[0]) == "version" && docstest.Code(row[2]) != strconv.Itoa(audit.Version) {
			t.Errorf("audit-events.md is about version %s, and the code writes %d", docstest.Code(row[2]), audit.Version)
		}
	}
	ast.Inspect(goFiles(t, auditLog, ".go")[auditLog], func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		called, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || len(call.Args) != 2 || !slices.Contains([]string{"String", "Bool", "Int", "Any"}, called.Sel.Name) {
			return true
		}
		if key, ok := call.Args[0].(*ast.BasicLit); ok {
			want = append(want, strings.Trim(key.Value, `"`)+" "+strings.ToLower(called.Sel.Name))
		}
		return true
	})
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields (-code +audit-events.md):\n%s", diff)
	}
}

// isNamed tells a constant by what its name begins with, exported or not.
func isNamed(name, prefix string) bool {
	rest := len(name) > len(prefix) && name[len(prefix)] >= 'A' && name[len(prefix)] <= 'Z'
	return rest && (name[0]|0x20) == prefix[0] && name[1:len(prefix)] == prefix[1:]
}
