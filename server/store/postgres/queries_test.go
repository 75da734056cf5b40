package postgres

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/googlelogin/operator/server/store/storetest"
)

// A statement without an index would be quick in every test and slow in the one place that counts. With this many rows the planner
// takes an index wherever there is one. One session of twenty was ended.
func TestStatements_UseTheIndexesOnTheirPage(t *testing.T) {
	server := Servers.Shared(t)
	store, err := openInternal(t, server.URIFile(t), "team/shop")
	if err != nil {
		t.Fatal(err)
	}
	for _, fill := range []string{
		`INSERT INTO googlelogin.users SELECT 'u'||n, 'iss', n::text, n||'@example.com', true, '', 'N', '', '', '', now(), now(), NULL FROM generate_series(1, 5000) n`,
		`INSERT INTO googlelogin.sessions SELECT 's'||n, sha256(n::text::bytea), 'u'||(n % 5000 + 1), now(), now(), now() + interval '30 days',
			CASE WHEN n % 20 = 0 THEN now() END, 'Browser', '' FROM generate_series(1, 20000) n`,
		`INSERT INTO googlelogin.used_nonces SELECT sha256(n::text::bytea), now() + n * interval '1 second' FROM generate_series(1, 20000) n`,
		`INSERT INTO googlelogin.ended_sessions SELECT 'e'||n, now() - n * interval '1 second' FROM generate_series(1, 20000) n`,
		`INSERT INTO googlelogin.refresh_families SELECT 's'||n, 'client', '', 1, '', now() FROM generate_series(1, 20000) n`,
		`ANALYZE googlelogin.ended_sessions, googlelogin.users, googlelogin.sessions, googlelogin.used_nonces, googlelogin.refresh_families`,
	} {
		if _, err := store.pool.Exec(t.Context(), fill); err != nil {
			t.Fatal(err)
		}
	}
	at, hash := time.Now(), make([]byte, 32)
	user := []any{"u1", "iss", "1", "1@example.com", true, "", "", "", "", "", at, at, nil}
	plans := map[string]storetest.Plan{}
	for name, row := range map[string]struct {
		statement string
		args      []any
	}{
		"selectUser":            {selectUser, []any{"u1"}},
		"lockByIdentity":        {lockByIdentity, []any{"iss", "1"}},
		"lockByEmail":           {lockByEmail, []any{"1@example.com"}},
		"selectByEmail":         {selectByEmail, []any{"1@example.com"}},
		"selectBySubject":       {selectBySubject, []any{"iss", "1"}},
		"updateIdentity":        {updateIdentity, []any{"iss", "1", "u1"}},
		"upsertUser":            {upsertUser, user},
		"insertSession":         {insertSession, []any{"s", hash, "u1", at, at, at, nil, "", ""}},
		"selectSessionByHandle": {selectSessionByHandle, []any{hash}},
		"touchSession":          {touchSession, []any{at, "s1"}},
		"revokeSession":         {revokeSession, []any{at, "s1"}},
		"revokeUserSessions":    {revokeUserSessions, []any{at, "u1"}},
		"revokeUserSession":     {revokeUserSession, []any{at, "s1", "u1"}},
		"selectUserSessions":    {selectUserSessions, []any{"u1", at, at, 50}},
		"selectRevokedSince":    {selectRevokedSince, []any{at.Add(-time.Minute)}},
		"deleteExpired":         {deleteExpired, []any{at, at.Add(-time.Hour), 200}},
		"selectUserByEmail":     {selectUserByEmail, []any{"1@example.com"}},
		"selectUserByIdentity":  {selectUserByIdentity, []any{"iss", "1"}},
		"listUsers":             {listUsers, []any{"u4000", 51}},
		"listUsersByEmail":      {listUsersByEmail, []any{"4", "4\U0010FFFF", "40@example.com", 51}},
		"selectKeptSessions":    {selectKeptSessions, []any{"u1", 50}},
		"lockUser":              {lockUser, []any{"u1"}},
		"insertEnds":            {insertEnds, []any{"u1"}},
		"deleteUser":            {deleteUser, []any{"u1"}},
		"deleteExpiredEnds":     {deleteExpiredEnds, []any{at.Add(-333 * time.Minute), 200}},
		"insertNonce":           {insertNonce, []any{hash, at}},
		"deleteExpiredNonces":   {deleteExpiredNonces, []any{at, 200}},
		"insertFamily":          {insertFamily, []any{at, "s1", "client", hash, 1, hash, at}},
		"selectFamily":          {selectFamily, []any{at, "s1"}},
		"selectUserFamilies":    {selectUserFamilies, []any{at, "u1", 50}},
		"rotateFamily":          {rotateFamily, []any{at, 2, hash, at, "s1", 1}},
	} {
		plans[name] = store.plan(t, name, row.statement, row.args...)
	}
	storetest.MatchTheirPage(t, "PostgreSQL", plans)
}

// node is a line of EXPLAIN that names an index.
var node = regexp.MustCompile(`(?:Index (?:Only )?Scan(?: Backward)? using|Bitmap Index Scan on|Conflict Arbiter Indexes:) (\w+)`)

func (s *Store) plan(t *testing.T, name, statement string, args ...any) storetest.Plan {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), "EXPLAIN "+statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	text := strings.Join(lines, "\n")
	if strings.Contains(text, "Seq Scan") {
		t.Errorf("%s reads a whole table:\n%s", name, text)
	}
	plan := storetest.Plan{Sorts: strings.Contains(text, "Sort Key:")}
	for _, found := range node.FindAllStringSubmatch(text, -1) {
		plan.Indexes = append(plan.Indexes, found[1])
	}
	return plan
}

func TestForeignKeys_HaveAnIndex(t *testing.T) {
	store, err := openInternal(t, Servers.Shared(t).URIFile(t), "team/shop")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := store.pool.Query(t.Context(), `SELECT r.relname || '.' || a.attname, coalesce(i.indexrelid::regclass::text, '')
		FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.conkey[1]
		LEFT JOIN pg_index i ON i.indrelid = r.oid AND i.indkey[0] = a.attnum AND i.indpred IS NULL
		WHERE k.contype = 'f' AND k.connamespace = 'googlelogin'::regnamespace`)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string][]string{}
	var column, index string
	_, err = pgx.ForEachRow(rows, []any{&column, &index}, func() error {
		keys[column] = append(keys[column], strings.TrimPrefix(index, "googlelogin."))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	storetest.MatchTheirKeys(t, "PostgreSQL", keys)
}
