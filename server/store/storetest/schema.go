package storetest

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// Schema is what a server relies on in a database.
type Schema struct {
	// Columns have their types by table.column.
	Columns map[string]string
	// Optional are the columns that an insert may leave out.
	Optional map[string]bool
	// Rules are the unique indexes and constraints that may refuse a row, as the database defines them, by their names. Their tables are the
	// first word.
	Rules map[string]string
}

// tables are those with a column.
func (s Schema) tables() map[string]bool {
	tables := map[string]bool{}
	for column := range s.Columns {
		table, _, _ := strings.Cut(column, ".")
		tables[table] = true
	}
	return tables
}

// ServesTheVersionBefore fails if a server that knows schema before could not go on beside schema after, as it does while an upgrade
// rolls out, and after it is undone: what it reads is there with the same type, what it leaves out has a default, and nothing refuses
// its rows that did not before.
func ServesTheVersionBefore(t *testing.T, before, after Schema) {
	t.Helper()
	tables := before.tables()
	ofOld := func(table string) bool { return tables[table] }
	for column, kind := range before.Columns {
		if now := after.Columns[column]; now != kind {
			t.Errorf("%s was %s and is now %q", column, kind, now)
		}
	}
	for _, column := range slices.Sorted(maps.Keys(after.Columns)) {
		table, _, _ := strings.Cut(column, ".")
		_, known := before.Columns[column]
		switch optional := after.Optional[column]; {
		case ofOld(table) && !known && !optional:
			t.Errorf("%s is new, and an insert of the version before leaves it out", column)
		case known && before.Optional[column] && !optional:
			t.Errorf("%s may not be left out any more", column)
		}
	}
	for name, rule := range after.Rules {
		table, _, _ := strings.Cut(rule, " ")
		if was, known := before.Rules[name]; ofOld(table) && (!known || was != rule) {
			t.Errorf("%s is new, and may refuse what the version before writes: %s", name, rule)
		}
	}
}
