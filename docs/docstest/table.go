// Package docstest reads the tables of documents, so that tests can hold them against the code.
package docstest

import (
	"os"
	"strings"
	"testing"
)

// Table returns the cells of the rows of a document's table, the one whose header begins with this cell. nth counts from 0.
func Table(t testing.TB, document, firstHeader string, nth int) [][]string {
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

// Code is what stands between a cell's first backticks.
func Code(cell string) string {
	_, rest, _ := strings.Cut(cell, "`")
	text, _, _ := strings.Cut(rest, "`")
	return text
}

// Codes are all texts between backticks.
func Codes(cell string) []string {
	parts := strings.Split(cell, "`")
	var found []string
	for i := 1; i < len(parts); i += 2 {
		found = append(found, parts[i])
	}
	return found
}
