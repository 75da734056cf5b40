package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// table returns the cells of the rows of a document's table, the one whose header begins with this cell. nth counts from 0.
func table(t *testing.T, document, firstHeader string, nth int) [][]string {
	t.Helper()
	content, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	inside := false
	for line := range strings.Lines(string(content)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case !strings.HasPrefix(line, "|"):
			inside = false
		case inside && strings.HasPrefix(cells[0], "---"):
		case inside:
			rows = append(rows, cells)
		case cells[0] == firstHeader:
			inside = nth == 0
			nth--
		}
	}
	if len(rows) == 0 {
		t.Fatalf("%s has no table of %q", document, firstHeader)
	}
	return rows
}

// code is what stands between a cell's first backticks.
func code(cell string) string {
	_, rest, _ := strings.Cut(cell, "`")
	text, _, _ := strings.Cut(rest, "`")
	return text
}

// codes are all texts between backticks.
func codes(cell string) []string {
	parts := strings.Split(cell, "`")
	var found []string
	for i := 1; i < len(parts); i += 2 {
		found = append(found, parts[i])
	}
	return found
}

// goFiles parses the Go files below folder, or those of them with this ending.
func goFiles(t *testing.T, folder, ending string) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	set := token.NewFileSet()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || (strings.HasPrefix(entry.Name(), ".") && len(entry.Name()) > 2)) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ending) {
			return nil
		}
		files[path], err = parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// constants are the string constants of a file by their names.
func constants(file *ast.File) map[string]string {
	found := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Names) != len(spec.Values) {
			return true
		}
		for i, name := range spec.Names {
			if literal, ok := spec.Values[i].(*ast.BasicLit); ok && literal.Kind == token.STRING {
				found[name.Name], _ = strconv.Unquote(literal.Value)
			}
		}
		return true
	})
	return found
}
