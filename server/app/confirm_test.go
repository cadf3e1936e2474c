package app

import (
	"database/sql"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// starting is a server on a real ledger with one request of a planned start, which
// bob has approved.
type starting struct {
	*fixture
	book *ledger.Ledger
	db   *sql.DB // as somebody has it who owns the database
	r    access.Request
	at   time.Time
}

func newStarting(t *testing.T) *starting {
	book, db := newBook(t)
	s := &starting{fixture: newFixture(t, func(c *Config) { c.Ledger = book }), book: book, db: db, at: testTime.Add(3 * time.Hour)}
	in := testInput
	in.StartAt = &s.at
	r, created, err := s.Submit(t.Context(), alice, in, "")
	require.NoError(t, err)
	require.True(t, created)
	s.r = r
	s.records(bob, access.Approve, access.TallySatisfied)
	require.NoError(t, book.Advance(t.Context(), access.Transition{RequestID: r.ID, To: access.StateScheduled, At: s.now}))
	return s
}

// records is what a worker records of a decision that it has verified.
func (s *starting) records(by access.Actor, v access.Verdict, tally access.Tally) {
	s.t.Helper()
	d := access.Decision{RequestID: s.r.ID, PlanDigest: s.r.Plan.Digest, Verdict: v, Approver: by.Person, At: s.now}
	signed, err := s.decider.signer.SignDecision(d)
	require.NoError(s.t, err)
	envelope, err := json.Marshal(signed)
	require.NoError(s.t, err)
	step := access.DecisionRecorded(d, envelope)
	if tally == access.TallySatisfied {
		step.To = access.StateApproved
	}
	require.NoError(s.t, s.book.Advance(s.t.Context(), step))
}

// confirmed reports whether the server has confirmed the planned start.
func (s *starting) confirmed() bool {
	s.t.Helper()
	stored, err := s.book.Statements(s.t.Context(), s.r.ID)
	require.NoError(s.t, err)
	for _, b := range stored {
		var e evidence.Envelope
		require.NoError(s.t, json.Unmarshal(b, &e))
		if e.PayloadType == evidence.TypeConfirmation {
			return true
		}
	}
	return false
}

func (s *starting) sql(statements ...string) {
	s.t.Helper()
	for _, q := range statements {
		_, err := s.db.Exec(q)
		require.NoError(s.t, err, q)
	}
}

const unlocked = `DROP TRIGGER IF EXISTS events_no_delete; DROP TRIGGER IF EXISTS events_no_update; DROP TRIGGER IF EXISTS log_hashes_no_update; DROP TRIGGER IF EXISTS log_hashes_no_delete`

// TestCase60ConfirmedOnlyWhole: when the planned start comes the server signs that the
// decisions are all, and does not where somebody with all rights on the ledger's
// database has taken a denial away, in whatever way.
func TestCase60ConfirmedOnlyWhole(t *testing.T) {
	t.Run("OK, shortly before its start", func(t *testing.T) {
		s := newStarting(t)
		require.Equal(t, int64(0), s.r.Plan.LogSize)
		s.confirmOnce(t.Context())
		require.False(t, s.confirmed(), "not yet")
		s.now = s.at.Add(-access.ConfirmAhead)
		s.confirmOnce(t.Context())
		require.True(t, s.confirmed())
		proof, err := s.proof(t.Context(), s.r.ID)
		require.NoError(t, err)
		require.NoError(t, proof.Term("").AllowsOpening(s.at, s.at.Add(30*time.Minute)), "a worker opens by it")
	})
	t.Run("denied", func(t *testing.T) {
		s := newStarting(t)
		s.records(bob, access.Deny, access.TallyDenied)
		s.now = s.at
		s.confirmOnce(t.Context())
		require.False(t, s.confirmed())
	})
	t.Run("ended", func(t *testing.T) {
		s := newStarting(t)
		_, err := s.Cancel(t.Context(), alice, s.r.ID, "")
		require.NoError(t, err)
		s.now = s.at
		s.confirmOnce(t.Context())
		require.False(t, s.confirmed())
	})
	for name, attack := range map[string]string{
		"the denial's statement is deleted":           `DELETE FROM statements WHERE key LIKE 'decision-%-deny-%'`,
		"and its event":                               `DELETE FROM statements WHERE key LIKE 'decision-%-deny-%'; DELETE FROM events WHERE idempotency_key LIKE 'decision-%-deny-%'`,
		"and its event is made another's":             `DELETE FROM statements WHERE key LIKE 'decision-%-deny-%'; UPDATE events SET request_id = 'another' WHERE idempotency_key LIKE 'decision-%-deny-%'`,
		"and its event is made something else":        `DELETE FROM statements WHERE key LIKE 'decision-%-deny-%'; UPDATE events SET kind = 'act.refused' WHERE idempotency_key LIKE 'decision-%-deny-%'`,
		"and the log is cut off":                      `DELETE FROM statements WHERE key LIKE 'decision-%-deny-%'; DELETE FROM events WHERE seq >= (SELECT seq FROM events WHERE idempotency_key LIKE 'decision-%-deny-%'); DELETE FROM log_hashes WHERE idx >= 3`,
		"the order to end is deleted, with its event": `DELETE FROM statements WHERE key LIKE 'end %'; DELETE FROM events WHERE kind = 'end.ordered'`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newStarting(t)
			if name[:9] == "the order" {
				_, err := s.Cancel(t.Context(), alice, s.r.ID, "")
				require.NoError(t, err)
			} else {
				s.now = s.now.Add(time.Minute)
				_, err := s.Decide(t.Context(), bob, s.r.ID, DecisionInput{Verdict: access.Deny, PlanDigest: s.r.Plan.Digest})
				require.NoError(t, err)
			}
			s.sql(unlocked, attack)
			s.now = s.at
			require.Error(t, s.confirm(t.Context(), s.r.ID))
			s.confirmOnce(t.Context())
			require.False(t, s.confirmed())
		})
	}
}
