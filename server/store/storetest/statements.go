package storetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var statement = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b`)

// Statements returns the names of the constants of the package in the current folder that hold SQL statements, so that a test can
// hold its table of them against what there is. A statement that has no name is an error, unless it is one of known.
func Statements(t *testing.T, known ...string) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == len(spec.Values) {
				for i, value := range spec.Values {
					if statement.MatchString(firstText(value)) {
						names = append(names, spec.Names[i].Name)
					}
				}
				return false
			}
			if text, ok := n.(*ast.BasicLit); ok && statement.MatchString(unquoted(text)) && !slices.Contains(known, unquoted(text)) {
				t.Errorf("%s: this statement has no name, and nobody asks whether it has an index: %s", file, text.Value)
			}
			return true
		})
	}
	slices.Sort(names)
	return names
}

// firstText is the text that an expression of texts begins with.
func firstText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return firstText(e.X)
	case *ast.BasicLit:
		return unquoted(e)
	}
	return ""
}

func unquoted(text *ast.BasicLit) string {
	if text.Kind != token.STRING {
		return ""
	}
	return strings.Trim(text.Value, "`\"")
}
