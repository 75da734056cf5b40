package docs

import (
	"go/ast"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/googlelogin/operator/docs/docstest"
)

var (
	// caseID is an id, alone in its cell.
	caseID = regexp.MustCompile(`^[A-M][0-9]+$`)
	// idsInFunc are the ids that the name of a test begins with: TestB28_B29_Headers.
	idsInFunc = regexp.MustCompile(`^(?:Test|Fuzz)((?:[A-M][0-9]+_)+)`)
	// idInRow is the id that the name of a row begins with: "B12 no state".
	idInRow = regexp.MustCompile(`^([A-M][0-9]+) .`)
)

// notYet are the cases of finished sections whose feature is not there: groups.
var notYet = []string{"E73", "E74", "E75"}

// finished are the sections of which every case has a test.
const finished = "ABCDEFJ"

// suite has, for each id, the tests that carry it, and the names of all tests.
type suite struct {
	carrying map[string][]string
	tests    map[string]bool
}

func readSuite(t *testing.T) suite {
	t.Helper()
	s := suite{carrying: map[string][]string{}, tests: map[string]bool{}}
	for _, file := range goFiles(t, "..", "_test.go") {
		for _, declared := range file.Decls {
			if f, ok := declared.(*ast.FuncDecl); ok && (strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz")) {
				s.add(f)
			}
		}
	}
	return s
}

func (s suite) add(f *ast.FuncDecl) {
	name := f.Name.Name
	s.tests[name] = true
	if ids := idsInFunc.FindStringSubmatch(name); ids != nil {
		for id := range strings.SplitSeq(strings.Trim(ids[1], "_"), "_") {
			s.carrying[id] = append(s.carrying[id], name)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, _ := strconv.Unquote(literal.Value)
			if id := idInRow.FindStringSubmatch(text); id != nil {
				s.carrying[id[1]] = append(s.carrying[id[1]], name)
			}
		}
		return true
	})
}

// cases are the rows of the document: the id, and the tests that it names.
func cases(t *testing.T) map[string][]string {
	t.Helper()
	content, err := os.ReadFile("security-cases.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for line := range strings.Lines(string(content)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if id := strings.TrimSpace(cells[0]); len(cells) > 2 && caseID.MatchString(id) {
			if _, twice := found[id]; twice {
				t.Errorf("%s is there twice", id)
			}
			found[id] = docstest.Codes(cells[len(cells)-1])
		}
	}
	return found
}

func TestSecurityCases_EachHasATestThatCarriesItsID(t *testing.T) {
	s, listed := readSuite(t), cases(t)
	for id, named := range listed {
		for _, test := range named {
			if !s.tests[test] {
				t.Errorf("%s: there is no test %s", id, test)
			}
			if !slices.Contains(s.carrying[id], test) {
				t.Errorf("%s: %s does not carry it, neither in its name nor in that of a row", id, test)
			}
		}
		if strings.Contains(finished, id[:1]) && !slices.Contains(notYet, id) && len(named) == 0 {
			t.Errorf("%s has no test", id)
		}
	}
	for id, tests := range s.carrying {
		if _, known := listed[id]; !known {
			t.Errorf("%s, which %v carry, is not on the page", id, tests)
		}
	}
}

// TestSecurityCases_NoneIsMissing holds the ids that were there when the page was written: none may be dropped.
func TestSecurityCases_NoneIsMissing(t *testing.T) {
	listed := cases(t)
	for section, ids := range map[string][2]int{
		"A": {1, 11}, "B": {12, 29}, "C": {30, 39}, "D": {40, 66}, "E": {67, 76}, "F": {78, 84}, "G": {85, 95}, "H": {96, 102},
		"I": {103, 115}, "J": {1, 8}, "K": {1, 9}, "L": {1, 11}, "M": {1, 9},
	} {
		for n := ids[0]; n <= ids[1]; n++ {
			id := section + strconv.Itoa(n)
			if _, there := listed[id]; !there {
				t.Errorf("%s is gone", id)
			}
		}
	}
}
