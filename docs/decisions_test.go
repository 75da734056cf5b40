package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Pages are cited by their number, so that each has one of its own.
func TestDecisions_AreNumberedOneByOne(t *testing.T) {
	pages, err := filepath.Glob("decisions/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no decisions: %v", err)
	}
	for i, page := range pages {
		number := i + 1
		if !strings.HasPrefix(filepath.Base(page), fmt.Sprintf("%04d-", number)) {
			t.Errorf("%s has not the number %d", page, number)
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if title := fmt.Sprintf("# %d. ", number); !strings.HasPrefix(string(text), title) {
			t.Errorf("%s does not begin with %q", page, title)
		}
	}
}
