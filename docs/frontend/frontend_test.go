package frontend

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/httperr"
)

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// firsts are what the expression's first group matches, sorted.
func firsts(text, expression string) []string {
	var found []string
	for _, match := range regexp.MustCompile(expression).FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	slices.Sort(found)
	return found
}

// The server and the module name the same codes, and the document says what to do with each.
func TestTheListOfErrorsIsTheServers(t *testing.T) {
	var want []string
	for _, code := range httperr.LoginCodes() {
		want = append(want, string(code))
	}
	slices.Sort(want)
	_, texts, _ := strings.Cut(read(t, "googlelogin.js"), "export const errorTexts = ")
	texts, _, _ = strings.Cut(texts, "});")
	if diff := cmp.Diff(want, firsts(texts, `(?m)^  (\w+): '`)); diff != "" {
		t.Errorf("errorTexts of googlelogin.js (-server +module):\n%s", diff)
	}
	if diff := cmp.Diff(want, firsts(read(t, "README.md"), "(?m)^\\| `([a-z_]+)` \\|")); diff != "" {
		t.Errorf("table of README.md (-server +document):\n%s", diff)
	}
}

func TestEveryExportIsInTheDocument(t *testing.T) {
	document := read(t, "README.md")
	for _, name := range firsts(read(t, "googlelogin.js"), `(?m)^export (?:class|const|function) (\w+)`) {
		if !strings.Contains(document, "`"+name) && !strings.Contains(document, "class "+name) {
			t.Errorf("README.md does not say what %s is", name)
		}
	}
}

// A lock file that names a registry installs from that one alone.
func TestTheLockFileNamesNoRegistry(t *testing.T) {
	if named := firsts(read(t, "react/package-lock.json"), `("resolved": [^\n]*)`); len(named) > 0 {
		t.Errorf("package-lock.json has %d addresses, the first %s", len(named), named[0])
	}
}
