package sqlite

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/googlelogin/operator/server/store/storetest"
)

// A statement without an index would be quick in every test and slow in the one place that counts.
func TestStatements_UseTheIndexesOnTheirPage(t *testing.T) {
	store := openInternal(t, filepath.Join(t.TempDir(), "users.db"))
	plans := map[string]storetest.Plan{}
	for name, statement := range map[string]string{
		"selectUser": selectUser, "selectUserByIdentity": selectUserByIdentity, "selectUserByEmail": selectUserByEmail, "relinkUser": relinkUser,
		"upsertUser": upsertUser, "touchUser": touchUser, "insertSession": insertSession, "selectSessionByHandle": selectSessionByHandle,
		"touchSession": touchSession, "revokeSession": revokeSession, "revokeUserSessions": revokeUserSessions,
		"selectRevokedSince": selectRevokedSince, "revokeUserSession": revokeUserSession, "selectUserSessions": selectUserSessions,
		"deleteExpired": deleteExpired, "listUsers": listUsers, "listUsersByEmail": listUsersByEmail, "selectKeptSessions": selectKeptSessions,
		"insertEnds": insertEnds, "deleteUser": deleteUser, "deleteExpiredEnds": deleteExpiredEnds, "insertNonce": insertNonce,
		"deleteExpiredNonces": deleteExpiredNonces,
		"insertFamily":        insertFamily, "selectFamily": selectFamily, "selectUserFamilies": selectUserFamilies, "rotateFamily": rotateFamily,
	} {
		plans[name] = store.plan(t, name, statement)
	}
	storetest.MatchTheirPage(t, "SQLite", plans)
}

// step is how EXPLAIN QUERY PLAN tells of a table that is read. One WITHOUT ROWID is the index of its primary key.
var step = regexp.MustCompile(`^(SEARCH|SCAN) (\w+)(?: USING (?:COVERING )?(?:INDEX (\w+)|(PRIMARY KEY)))?`)

func (s *Store) plan(t *testing.T, name, statement string) storetest.Plan {
	t.Helper()
	rows, err := s.reader.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement, make([]any, strings.Count(statement, "?"))...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer rows.Close()
	var plan storetest.Plan
	for rows.Next() {
		var (
			id, parent, unused int
			detail             string
		)
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan.Sorts = plan.Sorts || strings.Contains(detail, "ORDER BY")
		read := step.FindStringSubmatch(detail)
		switch {
		case read == nil:
		case read[1] == "SCAN" || read[3]+read[4] == "":
			t.Errorf("%s reads a whole table: %s", name, detail)
		case read[4] != "":
			plan.Indexes = append(plan.Indexes, read[2])
		default:
			plan.Indexes = append(plan.Indexes, read[3])
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestForeignKeys_HaveAnIndex(t *testing.T) {
	store := openInternal(t, filepath.Join(t.TempDir(), "users.db"))
	rows, err := store.reader.QueryContext(t.Context(), `SELECT t.name || '.' || k."from", coalesce(i.name, '') FROM sqlite_schema t
		JOIN pragma_foreign_key_list(t.name) k
		LEFT JOIN pragma_index_list(t.name) i ON NOT i.partial
			AND EXISTS (SELECT 1 FROM pragma_index_info(i.name) c WHERE c.seqno = 0 AND c.name = k."from")
		WHERE t.type = 'table'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	keys := map[string][]string{}
	for rows.Next() {
		var column, index string
		if err := rows.Scan(&column, &index); err != nil {
			t.Fatal(err)
		}
		keys[column] = append(keys[column], index)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	storetest.MatchTheirKeys(t, "SQLite", keys)
}
