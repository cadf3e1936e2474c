package ledger_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/ledgertest"
)

func TestSearch(t *testing.T) {
	for name, address := range map[string]func() string{"sqlite": func() string { return "" }, "postgres": func() string { return ledgertest.Postgres(t) }} {
		t.Run(name, func(t *testing.T) {
			b := fresh(t, address())
			for name, test := range searches {
				t.Run(name, func(t *testing.T) { test(fixture{t, b.Ledger, b.raw}) })
			}
		})
	}
}

var searches = map[string]func(b fixture){
	"events are found by time, whatever their order in the log": func(b fixture) {
		day := time.Date(2031, 5, 1, 0, 0, 0, 0, time.UTC)
		for i, hour := range []int{3, 1, 2, 2, 0} { // recorded late, as after an outage
			require.NoError(b, b.AppendEvent(ctx, access.Event{At: day.Add(time.Duration(hour) * time.Hour), Kind: access.EventActRefused, Actor: fmt.Sprint("searched ", i%2)}))
		}
		f := ledger.EventSearch{Since: day.Add(time.Hour), Until: day.Add(3 * time.Hour), Kind: access.EventActRefused, Limit: 1}
		var at []int
		var leaves []int64
		for {
			items, next, err := b.SearchEvents(ctx, f)
			require.NoError(b, err)
			for _, e := range items {
				at, leaves = append(at, e.At.Hour()), append(leaves, e.Leaf)
			}
			if f.Cursor = next; next == "" {
				break
			}
		}
		require.Equal(b, []int{2, 2, 1}, at, "the latest first, each once, those from since on and before until")
		require.Greater(b, leaves[0], leaves[1], "of one time by their numbers")
		f = ledger.EventSearch{Actor: "searched 1", Since: day, Kind: access.EventActRefused}
		items, _, err := b.SearchEvents(ctx, f)
		require.NoError(b, err)
		require.Len(b, items, 2)
		for _, cursor := range []string{"x", "1", "1.2.3", "1.x", " 1.2", "01.2"} {
			_, _, err = b.SearchEvents(ctx, ledger.EventSearch{Cursor: cursor})
			b.code(access.CodeInvalid, err)
		}
	},
	"requests are found by person, contract, target, outcome and time": func(b fixture) {
		day := time.Date(2032, 5, 1, 0, 0, 0, 0, time.UTC)
		ask := func(i int, p access.Person, contract string, targets ...string) string {
			return b.submitted(func(s *ledger.Submission) {
				s.Request.Requester, s.Request.Contract, s.Request.CreatedAt = p, contract, day.Add(time.Duration(i)*time.Hour)
				s.Request.Plan.Grants = nil
				for n, target := range targets {
					s.Request.Plan.Grants = append(s.Request.Plan.Grants, access.PlannedGrant{Name: access.GrantName(s.Request.ID, n), Target: target})
				}
			}).Request.ID
		}
		human := access.Person{ID: "Sought@x", Email: "sought@example.com", Kind: access.KindHuman}
		first := ask(0, human, "audited", "audit/a", "audit/b")
		second := ask(1, access.Person{ID: "sought-bot", Kind: access.KindAgent, OnBehalfOf: "Sought@x"}, "audited", "audit/ab")
		third := ask(2, access.Person{ID: "other", Kind: access.KindHuman}, "audited-too", "audit/a")
		for _, set := range []string{`state = 'denied' WHERE id = '` + third + `'`, `state = 'ended', outcome = 'revoked' WHERE id = '` + first + `'`} {
			_, err := b.raw.Exec(`UPDATE requests SET ` + set)
			require.NoError(b, err)
		}
		for name, c := range map[string]struct {
			f    ledger.RequestSearch
			want []string
		}{
			"account":              {ledger.RequestSearch{Person: "sought@X"}, []string{second, first}},
			"agent":                {ledger.RequestSearch{Person: "sought-bot"}, []string{second}},
			"address":              {ledger.RequestSearch{Person: "Sought@Example.com"}, []string{first}},
			"contract":             {ledger.RequestSearch{Contract: "audited"}, []string{second, first}},
			"target":               {ledger.RequestSearch{Target: "audit/a"}, []string{third, first}},
			"no pattern":           {ledger.RequestSearch{Target: "audit/%"}, nil},
			"outcome":              {ledger.RequestSearch{Outcome: "revoked", Since: day}, []string{first}},
			"state":                {ledger.RequestSearch{Outcome: "denied", Since: day}, []string{third}},
			"time":                 {ledger.RequestSearch{Since: day.Add(time.Hour), Until: day.Add(2 * time.Hour)}, []string{second}},
			"all together":         {ledger.RequestSearch{Person: "sought@x", Contract: "audited", Target: "audit/b", Outcome: "revoked", Since: day, Until: day.Add(time.Hour)}, []string{first}},
			"contract and outcome": {ledger.RequestSearch{Contract: "audited", Outcome: "pending"}, []string{second}},
		} {
			var got []string
			for c.f.Limit = 1; ; {
				items, next, err := b.SearchRequests(ctx, c.f)
				require.NoError(b, err, name)
				for _, r := range items {
					got = append(got, r.ID)
				}
				if c.f.Cursor = next; next == "" {
					break
				}
			}
			require.Equal(b, c.want, got, name)
		}
		_, _, err := b.SearchRequests(ctx, ledger.RequestSearch{Cursor: "x"})
		b.code(access.CodeInvalid, err)
	},
	"each search has its index": func(b fixture) {
		b.fill()
		since := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		until := since.Add(90 * 24 * time.Hour)
		for set := range 1 << 4 {
			f, index := ledger.EventSearch{}, "events_time"
			if set&1 != 0 {
				f.Since, f.Until = since, until
			}
			if set&2 != 0 {
				f.Kind, index = access.EventActRefused, "events_kind_time"
			}
			if set&4 != 0 {
				f.Actor, index = "person 7", "events_actor"
			}
			if set&6 == 6 {
				index = "events_actor_kind"
			}
			if set&8 != 0 {
				f.Request, index = "0123456789abcdef", "events_request"
			}
			for _, cursor := range []string{"", fmt.Sprintf("%d.5", since.Add(24*time.Hour).UnixMicro())} {
				f.Cursor = cursor
				query, args, err := f.QueryFor(b.Ledger, 101)
				require.NoError(b, err)
				plan := b.explain(query, args)
				require.NotContains(b, plan, "Seq Scan", "%+v", f)
				if b.sqlite() {
					require.Regexp(b, `INDEX `+index+`\b`, plan, "%+v", f)
				} else if f.Request == "" { // Postgres sorts a few rows, where that is cheaper
					require.Regexp(b, `events_(time|kind_time|actor|actor_kind|request)\b`, plan, "%+v", f)
				}
				if index != "events_request" && b.sqlite() {
					require.NotContains(b, plan, "TEMP B-TREE", "rows of %+v come in the order of the index", f)
				}
			}
		}
		for set := range 1 << 5 {
			f, indexes := ledger.RequestSearch{}, []string{"requests_newest"}
			if set&1 != 0 {
				f.Since, f.Until = since, until
			}
			if set&2 != 0 {
				f.Outcome, indexes = "revoked", []string{"requests_outcome", "requests_state"}
			}
			if set&4 != 0 {
				f.Target, indexes = "target 1", []string{"requests_targets"}
			}
			if set&8 != 0 {
				f.Contract, indexes = "contract 1", []string{"requests_contract"}
			}
			if set&16 != 0 {
				f.Person, indexes = "person 7", []string{"requests_account", "requests_human", "requests_email"}
			}
			query, args, err := f.QueryFor(b.Ledger, 51)
			require.NoError(b, err)
			plan := b.explain(query, args)
			require.NotContains(b, plan, "Seq Scan", "%+v", f)
			if !b.sqlite() {
				require.Regexp(b, `requests_(newest|outcome|state|targets|contract|account|human|email)\b`, plan, "%+v", f)
				continue
			}
			for _, index := range indexes {
				how := `COVERING INDEX ` + index + `\b`
				if index == "requests_state" { // which lacks the id: rows of one state are read in their order
					how = `INDEX requests_state\b`
				}
				require.Regexp(b, how, plan, "the rows of %+v that do not match are not read", f)
			}
		}
	},
}

// fill fills tables with a year's worth, in small, so that Postgres has figures to go by.
func (b fixture) fill() {
	b.Helper()
	n := `WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < 20000) `
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	for _, statement := range []string{
		n + fmt.Sprintf(`INSERT INTO events (seq, at, request_id, kind, actor, message, detail, idempotency_key)
			SELECT 100000 + i, %d + i * 1576800000, 'r' || i / 10, CASE WHEN i %% 20 = 0 THEN 'act.refused' ELSE 'grant.opened' END, CASE WHEN i %% 3 = 0 THEN 'person ' || i %% 500 ELSE 'ramp' END, 'm', '{}', '' FROM n`, begin),
		n + fmt.Sprintf(`INSERT INTO requests (id, state, outcome, contract, requester_id, requester_key, human_key, email_key, targets, input, requester, plan, plan_envelope, stages, decisions, created_at)
			SELECT 'r' || i, 'ended', CASE WHEN i %% 50 = 0 THEN 'revoked' ELSE 'expired' END, 'contract ' || i %% 40, 'person ' || i %% 500, 'person ' || i %% 500, 'person ' || i %% 500, 'person ' || i %% 500 || '@x',
				',target ' || i %% 30 || ',', '{}', '{}', '{}', '{}', '[]', '[]', %d + i * 1576800000 FROM n`, begin),
	} {
		_, err := b.raw.Exec(statement)
		require.NoError(b, err)
	}
	if !b.sqlite() {
		_, err := b.raw.Exec(`VACUUM ANALYZE`)
		require.NoError(b, err)
	}
}

// explain returns how the database runs a query.
func (b fixture) explain(query string, args []any) string {
	b.Helper()
	how := "EXPLAIN "
	if b.sqlite() {
		how += "QUERY PLAN "
	}
	rows, err := b.raw.QueryContext(ctx, how+query, args...)
	require.NoError(b, err, query)
	defer rows.Close()
	var out []string
	for rows.Next() {
		columns, err := rows.Columns()
		require.NoError(b, err)
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		require.NoError(b, rows.Scan(into...))
		out = append(out, values[len(values)-1].String)
	}
	require.NoError(b, rows.Err())
	return strings.Join(out, "\n")
}

// TestAuditSearchAmongMany: what a page of an auditor shows is read by the index alone,
// also where nearly everything is somebody else's.
func TestAuditSearchAmongMany(t *testing.T) {
	b := fresh(t, "")
	_, err := b.raw.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
		INSERT INTO events (seq, at, request_id, kind, actor, message, detail, idempotency_key)
		SELECT i, 1767225600000000 + (i * 7919 % 20000) * 1000000, '', CASE WHEN i % 500 = 0 THEN 'grant.drifted' ELSE 'act.refused' END, CASE WHEN i % 400 = 0 THEN 'alice' ELSE 'ramp' END, '', '{}', '' FROM n`)
	require.NoError(t, err)
	seen := map[int64]bool{}
	f := ledger.EventSearch{Actor: "alice", Limit: 7}
	var times []time.Time
	for {
		items, next, err := b.SearchEvents(ctx, f)
		require.NoError(t, err)
		for _, e := range items {
			require.False(t, seen[e.Leaf])
			seen[e.Leaf], times = true, append(times, e.At)
		}
		if f.Cursor = next; next == "" {
			break
		}
	}
	require.Len(t, seen, 50)
	require.True(t, slices.IsSortedFunc(times, func(a, b time.Time) int { return b.Compare(a) }))
	items, _, err := b.SearchEvents(ctx, ledger.EventSearch{Actor: "alice", Kind: access.EventGrantDrifted})
	require.NoError(t, err)
	require.Len(t, items, 10)
}
