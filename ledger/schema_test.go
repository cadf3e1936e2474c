package ledger_test

import (
	"database/sql"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/ledger/ledgertest"
)

// TestBothDatabasesHaveOneSchema compares the two dialects' migrations by what
// they make: tables, columns, their kinds, whether they may be NULL and what they
// are by default, primary keys, and indexes with their conditions.
func TestBothDatabasesHaveOneSchema(t *testing.T) {
	inSQLite, inPostgres := fresh(t, "").raw, fresh(t, ledgertest.Postgres(t)).raw
	columns := texts(t, inSQLite, `SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || (c."notnull" OR c.pk > 0) || ' ' || coalesce(c.dflt_value, '') || ' ' || c.pk
		FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%'`)
	require.Greater(t, len(columns), 80)
	require.ElementsMatch(t, columns, texts(t, inPostgres, `SELECT c.table_name || '.' || c.column_name || ' ' || c.data_type || ' ' ||
		(c.is_nullable = 'NO')::int || ' ' || coalesce(c.column_default, '') || ' ' ||
		coalesce((SELECT array_position(i.indkey::int[], c.ordinal_position::int) FROM pg_index i WHERE i.indrelid = c.table_name::regclass AND i.indisprimary), -1) + 1
		FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name NOT LIKE 'goose%'`))
	indexes := texts(t, inSQLite, `SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`)
	require.GreaterOrEqual(t, len(indexes), 20)
	require.ElementsMatch(t, indexes, texts(t, inPostgres, `SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey' AND tablename NOT LIKE 'goose%'`))
}

// The two databases' own words for the same.
var (
	noise    = regexp.MustCompile(` using btree|public\.|::text|[()']|nextval.*regclass`)
	integers = regexp.MustCompile(`\b(bigint|integer|int)\b`)
)

func texts(t *testing.T, db *sql.DB, query string) (out []string) {
	rows, err := db.Query(query)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		require.NoError(t, rows.Scan(&s))
		s = integers.ReplaceAllString(noise.ReplaceAllString(strings.ToLower(s), ""), "int")
		out = append(out, strings.Join(strings.Fields(strings.ReplaceAll(s, "bytea", "blob")), " "))
	}
	require.NoError(t, rows.Err())
	return out
}
