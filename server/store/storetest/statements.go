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

// statements are the constants of the package in the current folder that hold SQL statements, by their names, each with the functions
// that run it. A statement that has no name is an error, unless it is one of known.
func statements(t *testing.T, known []string) map[string][]string {
	t.Helper()
	files := sources(t)
	found := map[string][]string{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == len(spec.Values) {
				for i, value := range spec.Values {
					if statement.MatchString(firstText(value)) {
						found[spec.Names[i].Name] = nil
					}
				}
				return false
			}
			if text, ok := n.(*ast.BasicLit); ok && statement.MatchString(unquoted(text)) && !slices.Contains(known, unquoted(text)) {
				t.Errorf("this statement has no name, and nobody asks whether it has an index: %s", text.Value)
			}
			return true
		})
	}
	for _, file := range files {
		for _, declared := range file.Decls {
			if function, ok := declared.(*ast.FuncDecl); ok {
				noteUses(found, function)
			}
		}
	}
	return found
}

// sources parses the package in the current folder, without its tests.
func sources(t *testing.T) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// noteUses adds a function to the statements that it names, unless it only prepares them.
func noteUses(found map[string][]string, function *ast.FuncDecl) {
	if strings.HasPrefix(function.Name.Name, "prepare") {
		return
	}
	ast.Inspect(function.Body, func(n ast.Node) bool {
		name, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		if users, ok := found[name.Name]; ok && !slices.Contains(users, function.Name.Name) {
			found[name.Name] = append(users, function.Name.Name)
		}
		return true
	})
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
