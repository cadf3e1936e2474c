package proposals_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// order is an order to end that a server took and recorded.
func (f *fixture) order(p access.Plan) access.EndOrder {
	f.Helper()
	o := access.EndOrder{RequestID: p.RequestID, PlanDigest: p.Digest, Kind: access.EndCancel, By: "alice", At: time.Now().UTC().Truncate(time.Microsecond)}
	signed, err := f.server.SignEnd(o)
	require.NoError(f, err)
	envelope, err := json.Marshal(signed)
	require.NoError(f, err)
	require.NoError(f, f.ledger.OrderEnd(f.Context(), o, envelope))
	return o
}

// at has a worker say that contracts came into force at a time, such as after an approval and
// before a denial: only the log's order tells that it lies.
func at(when time.Time) func(*access.ContractsInForce) {
	return func(r *access.ContractsInForce) { r.At = when.UTC().Truncate(time.Microsecond) }
}

// TestCase107WorkersKeyOpensWhatWasNotApproved: whoever has the key of the target's worker
// and writes to the ledger brings nothing into force that people did not approve, or that
// somebody had denied or ended before. What was denied after it came into force stays.
func TestCase107WorkersKeyOpensWhatWasNotApproved(t *testing.T) {
	second := longer("1h")
	why := map[string]string{ // what refuses, where something else could
		"denied, and dated before":            "did not satisfy its rule (denied)",
		"the denial is taken away afterwards": "the signed decision is missing",
		"it was cancelled, and dated before":  "was over (event",
		"the log does not tell of it":         "the log does not tell",
	}
	for name, attack := range map[string]func(*fixture){
		"nobody decided": func(f *fixture) { require.NoError(f, f.opened(f.worker, f.proposed(f.first, second), f.first, second)) },
		"it was denied": func(f *fixture) {
			p := f.proposed(f.first, second)
			f.decides("olga", access.Deny, p)
			require.NoError(f, f.opened(f.worker, p, f.first, second))
		},
		"approved, and denied": func(f *fixture) {
			p := f.approved(f.first, second)
			f.decides("oscar", access.Deny, p)
			require.NoError(f, f.opened(f.worker, p, f.first, second))
		},
		"denied, and dated before": func(f *fixture) {
			p := f.approved(f.first, second)
			approved := time.Now()
			f.decides("oscar", access.Deny, p)
			require.NoError(f, f.opened(f.worker, p, f.first, second, at(approved)))
		},
		"the denial is taken away": func(f *fixture) {
			p := f.approved(f.first, second)
			d := f.decides("oscar", access.Deny, p)
			f.sql(`DELETE FROM statements WHERE key = ?`, access.KeyDecision(d))
			require.NoError(f, f.opened(f.worker, p, f.first, second))
		},
		"the denial is taken away afterwards": func(f *fixture) {
			p := f.approved(f.first, second)
			approved := time.Now()
			d := f.decides("oscar", access.Deny, p)
			require.NoError(f, f.opened(f.worker, p, f.first, second, at(approved)))
			f.sql(`DELETE FROM statements WHERE key = ?`, access.KeyDecision(d))
		},
		"it was cancelled, and dated before": func(f *fixture) {
			p := f.approved(f.first, second)
			approved := time.Now()
			f.order(p)
			require.NoError(f, f.opened(f.worker, p, f.first, second, at(approved)))
		},
		"it was cancelled, and the order is taken away": func(f *fixture) {
			p := f.approved(f.first, second)
			o := f.order(p)
			f.sql(`DELETE FROM statements WHERE key = ?`, access.KeyEnd(o))
			require.NoError(f, f.opened(f.worker, p, f.first, second))
		},
		"a decision that no server signed": func(f *fixture) {
			p := f.proposed(f.first, second)
			server := f.server
			f.server = f.own
			f.decides("olga", access.Approve, p)
			f.server = server
			require.NoError(f, f.opened(f.worker, p, f.first, second))
		},
		"approved only afterwards": func(f *fixture) {
			p := f.proposed(f.first, second)
			require.NoError(f, f.opened(f.worker, p, f.first, second))
			f.decides("olga", access.Approve, p)
		},
		"the approval of another request": func(f *fixture) {
			p := f.proposed(f.first, second)
			other := f.approved(f.first, second)
			f.sql(`INSERT INTO statements (request_id, key, envelope) SELECT ?, key, envelope FROM statements WHERE request_id = ?`, p.RequestID, other.RequestID)
			require.NoError(f, f.opened(f.worker, p, f.first, second))
		},
		"the log does not tell of it": func(f *fixture) {
			p := f.approved(f.first, second)
			record, err := f.worker.SignContracts(access.ContractsInForce{Number: 2, Set: second.Digest(), Replaces: f.first.Digest(), RequestID: p.RequestID, Grant: p.Grants[0].Name, At: time.Now().UTC()})
			require.NoError(f, err)
			f.sql(`INSERT INTO contracts_in_force (line, number, digest, grant_name, taken_at, record) VALUES ('proposals', 2, ?, ?, 0, ?)`, second.Digest(), p.Grants[0].Name, string(record))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			s := f.open()
			_, err := s.Read(t.Context())
			require.NoError(t, err)
			attack(f)
			got, err := s.Read(t.Context())
			require.NoError(t, err)
			require.Equal(t, access.CodeEvidence, access.CodeOf(got.Refused), "%v", got.Refused)
			require.ErrorContains(t, got.Refused, why[name])
			require.Equal(t, f.first, files(got))
			_, err = f.open().Read(t.Context())
			require.Equal(t, access.CodeEvidence, access.CodeOf(err), "a server that starts")
			require.Equal(t, 1, f.alarms(), "once, however many servers see it")
		})
	}
	f := newFixture(t)
	s := f.open()
	_, err := s.Read(t.Context())
	require.NoError(t, err)
	p := f.approved(f.first, second)
	require.NoError(t, f.opened(f.worker, p, f.first, second))
	f.decides("oscar", access.Deny, p)
	got, err := f.open().Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, second, files(got), "denied when it was in force: another request takes it back")
	require.Zero(t, f.alarms())
}

// alarms counts the events that say that the ledger was changed.
func (f *fixture) alarms() (n int) {
	f.Helper()
	events, err := f.ledger.Events(f.Context(), ledger.EventFilter{Limit: 1000})
	require.NoError(f, err)
	for _, e := range events {
		if e.Kind == access.EventRecordAltered {
			n++
		}
	}
	return n
}

// TestCase107OlderRecordIsPutBack: a server that starts goes by no record that was replaced,
// wherever in the database it is put, and by no second record of one approval.
func TestCase107OlderRecordIsPutBack(t *testing.T) {
	second, third := longer("1h"), longer("2h")
	const put = `UPDATE contracts_in_force SET (digest, grant_name, record) = (SELECT digest, grant_name, record FROM contracts_in_force WHERE line = 'proposals' AND number = 2) WHERE line = 'proposals' AND number = 3`
	for name, attack := range map[string]func(*fixture){
		"in place of the newest": func(f *fixture) { f.sql(put) },
		"as the newest": func(f *fixture) {
			f.sql(`INSERT INTO contracts_in_force (line, number, digest, grant_name, taken_at, record) SELECT line, 4, digest, grant_name || 'x', taken_at, record FROM contracts_in_force WHERE line = 'proposals' AND number = 2`)
		},
		"alone": func(f *fixture) {
			f.sql(put)
			f.sql(`DELETE FROM contracts_in_force WHERE line = 'proposals' AND number < 3`)
		},
		"the newest is deleted": func(f *fixture) { f.sql(`DELETE FROM contracts_in_force WHERE line = 'proposals' AND number = 3`) },
		"all are deleted":       func(f *fixture) { f.sql(`DELETE FROM contracts_in_force`) },
		"the first, which a server signed": func(f *fixture) {
			f.sql(`UPDATE contracts_in_force SET record = (SELECT record FROM contracts_in_force WHERE line = 'proposals' AND number = 1) WHERE number = 3`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			_, err := f.open().Read(t.Context())
			require.NoError(t, err)
			f.take(f.worker, f.first, second)
			f.take(f.worker, second, third)
			got, err := f.open().Read(t.Context())
			require.NoError(t, err)
			require.Equal(t, third, files(got))
			attack(f)
			_, err = f.open().Read(t.Context())
			require.Equal(t, access.CodeEvidence, access.CodeOf(err), "%v", err)
		})
	}

}

// TestCase107ApprovalIsGoodOnce: when the contracts are again as they were before an approved
// change, whoever has the worker's key cannot bring the change into force a second time.
func TestCase107ApprovalIsGoodOnce(t *testing.T) {
	f, second := newFixture(t), longer("1h")
	_, err := f.open().Read(t.Context())
	require.NoError(t, err)
	p := f.approved(f.first, second)
	require.NoError(t, f.opened(f.worker, p, f.first, second))
	back := f.approved(second, f.first)
	now := time.Now().UTC().Truncate(time.Microsecond)
	record := func(grant string, p access.Plan, signed, logged time.Time) {
		require.NoError(t, f.ledger.OpenContracts(t.Context(), now.Add(time.Hour), access.ContractsInForce{Set: p.Change.Set, Replaces: p.Change.Replaces, RequestID: p.RequestID, Grant: grant, At: signed},
			func([][]byte) error { return nil }, f.worker.SignContracts, access.Event{At: logged, Kind: access.EventContractsInForce, Actor: access.ActorRamp}))
	}
	later := now.Add(20 * time.Second)
	record(back.Grants[0].Name, back, later, later)
	got, err := f.open().Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, f.first, files(got))
	record("once more", p, now.Add(-20*time.Second), later)
	_, err = f.open().Read(t.Context())
	require.Equal(t, access.CodeEvidence, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "those that they replaced later")
}
