package ledger_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/ledgertest"
)

// filled is a ledger with enough in it that reading a whole table would cost more than an
// index: rows as no request leaves them, since only their columns count here.
func filled(t *testing.T, postgres string) fixture {
	b := fresh(t, postgres)
	for _, statement := range []string{
		`INSERT INTO events (seq, at, request_id, kind, actor, message, detail, idempotency_key)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
			SELECT i, 1700000000000000 + i * CAST(1000000 AS BIGINT), 'r' || (i / 10), 'kind.' || (i % 40), 'actor-' || (i % 500), '', '{}', 'key-' || i FROM n`,
		`INSERT INTO requests (id, state, contract, requester_id, requester_key, human_key, email_key, targets, input, requester, plan, plan_envelope, stages, decisions, created_at, workflow_started)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000)
			SELECT 'r' || i, 'ended', 'contract-' || (i % 40), 'actor-' || (i % 500), 'actor-' || (i % 500), 'actor-' || (i % 500), '', ',t,', '{}', '{}', '{}', '{}', '[]', '[]', 1700000000000000 + i * CAST(1000000 AS BIGINT), 1 FROM n`,
		`INSERT INTO grants (name, request_id, target, principal, entitlement, expires_at, status, intended_at, closed_at)
			SELECT 'ramp-' || id, id, 't', 'p', '{}', created_at + 1, 'closed', created_at, created_at + 2 FROM requests`,
		`INSERT INTO holders (target, object, grant_name, state)
			SELECT 't', 'assignment/' || id, 'ramp-' || id, CASE WHEN id LIKE 'r7__' THEN 'holding' ELSE 'released' END FROM requests`,
		`INSERT INTO statements (request_id, key, envelope) SELECT id, 'decision-x', '{}' FROM requests`,
	} {
		_, err := b.raw.Exec(statement)
		require.NoError(t, err)
	}
	if !b.sqlite() { // ledgers in SQLite keep no figures of what is in them
		_, err := b.raw.Exec(`ANALYZE`)
		require.NoError(t, err)
	}
	return b
}

// plan returns how a database would run a statement.
func (b fixture) plan(query string, args []any) string {
	b.Helper()
	explain := "EXPLAIN "
	if b.sqlite() {
		explain = "EXPLAIN QUERY PLAN "
	}
	rows, err := b.raw.Query(explain+query, args...)
	require.NoError(b, err, "%s", query)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(b, err)
	var lines []string
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		require.NoError(b, rows.Scan(values...))
		text, _ := (*values[len(values)-1].(*any)).(string)
		lines = append(lines, text)
	}
	require.NoError(b, rows.Err())
	return strings.Join(lines, "\n")
}

// wholeTable is how the two databases say that they read all of one of the large tables.
var wholeTable = regexp.MustCompile(`(?m)^SCAN (events|requests|grants|statements|holders|e|s)( USING INTEGER PRIMARY KEY)?$|Seq Scan on (events|requests|grants|statements|holders)`)

// TestReadingUsesIndexes: what is read again and again costs what it returns, and not what
// the ledger holds, on both databases. The plans are the databases' own, of the statements
// that the ledger runs.
func TestReadingUsesIndexes(t *testing.T) {
	noon := time.UnixMicro(1700000000000000 + 20_000*1_000_000).UTC()
	reads := map[string]struct {
		do    func(b fixture) error
		index string // one that serves it, in either database's words
	}{
		"events after a number": {func(b fixture) error { _, err := b.Events(ctx, ledger.EventFilter{After: 19_000}); return err }, `INTEGER PRIMARY KEY|events_pkey`},
		"events of a request":   {func(b fixture) error { _, err := b.Events(ctx, ledger.EventFilter{RequestID: "r7"}); return err }, `events_request|events_once`},
		"leaves":                {func(b fixture) error { _, err := b.Entries(ctx, 256, 512); return err }, `INTEGER PRIMARY KEY|events_pkey`},
		"a timeline":            {func(b fixture) error { _, _, err := b.Timeline(ctx, "r7"); return err }, `events_request|events_once|events_kind`},
		"one request":           {func(b fixture) error { _, err := b.Ledger.Request(ctx, "r7"); return err }, `sqlite_autoindex_requests_1|requests_pkey`},
		"the newest requests":   {func(b fixture) error { _, _, err := b.Requests(ctx, ledger.RequestFilter{}); return err }, `requests_newest|requests_targets`},
		"requests of a person": {func(b fixture) error {
			_, _, err := b.Requests(ctx, ledger.RequestFilter{Requester: "actor-7"})
			return err
		}, `requests_requester`},
		"requests under a contract": {func(b fixture) error {
			_, _, err := b.Requests(ctx, ledger.RequestFilter{Contract: "contract-7"})
			return err
		}, `requests_contract`},
		"requests that wait": {func(b fixture) error {
			_, _, err := b.Requests(ctx, ledger.RequestFilter{States: []access.State{access.StatePending}})
			return err
		}, `requests_state`},
		"requests that are not over": {func(b fixture) error { _, err := b.Unfinished(ctx); return err }, `requests_state`},
		"requests not started":       {func(b fixture) error { _, err := b.Unstarted(ctx, noon); return err }, `requests_unstarted|requests_state`},
		"requests that start now": {func(b fixture) error {
			_, err := b.Starting(ctx, noon, noon.Add(10*time.Second))
			return err
		}, `requests_start|requests_state`}, // few are approved and not open
		"grants of a request":  {func(b fixture) error { _, err := b.Grants(ctx, ledger.GrantFilter{RequestID: "r7"}); return err }, `grants_request`},
		"grants that are due":  {func(b fixture) error { _, err := b.DueGrants(ctx, "t", noon, noon, 100); return err }, `grants_due`},
		"what grants hold now": {func(b fixture) error { _, err := b.Holders("t").Held(ctx, "assignment/"); return err }, `holders_held`},
		"statements":           {func(b fixture) error { _, err := b.Statements(ctx, "r7"); return err }, `statements_once`},
		"statements that are shown": {func(b fixture) error {
			_, err := b.ShownStatements(ctx, "r7", "r8")
			return err
		}, `statements_once`},
		"a person's history under a contract": {func(b fixture) error {
			_, err := b.History(ctx, access.Person{ID: "actor-7", Kind: access.KindHuman}, "contract-7", noon)
			return err
		}, `requests_contract|requests_newest|requests_account|requests_human`},
	}
	for name, postgres := range map[string]string{"sqlite": "", "postgres": ledgertest.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			b := filled(t, postgres)
			type ran struct {
				query string
				args  []any
			}
			var last []ran
			b.Watch(func(query string, args []any) { last = append(last, ran{query, args}) })
			for what, read := range reads {
				t.Run(what, func(t *testing.T) {
					b, uses := fixture{t, b.Ledger, b.raw}, regexp.MustCompile(read.index)
					last = nil
					require.NoError(t, read.do(b))
					require.NotEmpty(t, last)
					used := false
					for _, r := range last {
						plan := b.plan(r.query, r.args)
						require.NotRegexp(t, wholeTable, plan, "%s reads a whole table:\n%s", r.query, plan)
						used = used || uses.MatchString(plan)
					}
					require.True(t, used, "none of its statements uses %s", read.index)
				})
			}
		})
	}
}
