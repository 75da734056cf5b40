package storetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/docs/docstest"
)

// queriesPage says of each statement which index it goes by.
const queriesPage = "../../../docs/queries.md"

// Plan is how a database says that it runs a statement.
type Plan struct {
	// Indexes are those that it looks rows up in.
	Indexes []string
	// Sorts says that it puts in order what it found, since no index has that order.
	Sorts bool
}

// row is what docs/queries.md says of a statement.
type row struct {
	// In are the functions that run it.
	In   []string
	Plan Plan
}

// MatchTheirPage fails if docs/queries.md does not say of each statement of the package in the current folder what is so: which
// functions run it, by which indexes, and whether it sorts. database is how the page calls it. plans are by the statements' names.
func MatchTheirPage(t *testing.T, database string, plans map[string]Plan) {
	t.Helper()
	var known []string
	for _, cells := range docstest.Table(t, queriesPage, "of "+database+" itself", 0) {
		known = append(known, docstest.Code(cells[0]))
	}
	documented, actual := map[string]row{}, map[string]row{}
	for _, cells := range docstest.Table(t, queriesPage, "in "+database, 0) {
		name := docstest.Code(cells[0])
		if len(cells) != 5 || slices.Contains(cells, "") {
			t.Errorf("%s: %q: a row has statement, when, functions, index and rows", queriesPage, cells)
			continue
		}
		documented[name] = row{sorted(docstest.Codes(cells[2])), Plan{sorted(docstest.Codes(cells[3])), strings.Contains(cells[3], "sorted")}}
	}
	for name, users := range statements(t, known) {
		plan, ok := plans[name]
		if !ok {
			t.Errorf("%s has no plan: nobody asks whether it has an index", name)
		}
		actual[name] = row{sorted(users), Plan{sorted(plan.Indexes), plan.Sorts}}
	}
	if diff := cmp.Diff(actual, documented); diff != "" {
		t.Errorf("statements of %s (-code +docs/queries.md):\n%s", database, diff)
	}
}

// MatchTheirKeys fails if a foreign key is not on the page with the index that finds its rows. A deletion looks for them, and neither
// database says so in a plan. keys are the referencing columns, table.column, each with the indexes that begin with it and leave out no row.
func MatchTheirKeys(t *testing.T, database string, keys map[string][]string) {
	t.Helper()
	documented := map[string]bool{}
	for _, cells := range docstest.Table(t, queriesPage, "foreign key in "+database, 0) {
		column, index := docstest.Code(cells[0]), docstest.Code(cells[1])
		documented[column] = true
		if !slices.Contains(keys[column], index) {
			t.Errorf("%s has the indexes %q, and not %s", column, keys[column], index)
		}
	}
	for column := range keys {
		if !documented[column] {
			t.Errorf("%s does not have the foreign key %s", queriesPage, column)
		}
	}
}

func sorted(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
}
