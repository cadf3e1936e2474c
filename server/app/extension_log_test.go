package app

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/ledger"
)

// newExtending is a server on a real ledger with active access, of which people decide
// each extension, and one that is asked for.
func newExtending(t *testing.T) (*starting, access.Request) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	book, err := ledger.Open(t.Context(), "sqlite:"+path)
	require.NoError(t, err)
	t.Cleanup(func() { book.Close() })
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	set, err := contracts.Parse(map[string][]byte{"orders.yaml": []byte(strings.Replace(testContract,
		"upTo: 1h}", "upTo: 1h, approvers: {from: [seniors]}}", 1))})
	require.NoError(t, err)
	s := &starting{fixture: newFixture(t, func(c *Config) { c.Ledger, c.Contracts = book, contractSet{set} }), book: book, db: db}
	s.r, _, err = s.Submit(t.Context(), alice, testInput, "")
	require.NoError(t, err)
	s.records(bob, access.Approve, access.TallySatisfied)
	end := s.now.Add(30 * time.Minute)
	grant, err := s.r.Plan.Grant(s.r.Plan.Grants[0].Name, end)
	require.NoError(t, err)
	require.NoError(t, book.IntendGrant(t.Context(), grant, s.now))
	require.NoError(t, book.MarkOpened(t.Context(), grant.Name, s.now, access.Activation(s.r.ID, s.now, end)))
	asked, err := s.Extend(t.Context(), alice, s.r.ID, "20m", "one more look", nil)
	require.NoError(t, err)
	require.NotNil(t, asked.Asked)
	s.now = s.now.Add(time.Minute)
	return s, asked
}

// TestCase95DenialOfAnExtensionIsTakenAway: no approval of an extension is signed where
// the log has a denial of it that the ledger no longer has, or the log is another one.
func TestCase95DenialOfAnExtensionIsTakenAway(t *testing.T) {
	max, approve := person("max", "seniors"), func(s *starting, asked access.Request) error {
		s.now = s.now.Add(time.Minute)
		_, err := s.Decide(t.Context(), sam, s.r.ID, DecisionInput{Verdict: access.Approve, PlanDigest: asked.Asked.Order.Digest})
		return err
	}
	t.Run("nobody has denied it", func(t *testing.T) {
		s, asked := newExtending(t)
		_ = approve(s, asked)
		require.Len(t, s.gateway.orders, 1)
	})
	const denial = `DELETE FROM statements WHERE key LIKE 'asked-%-deny-%';`
	for name, attack := range map[string]string{
		"the denial's statement is deleted":    denial,
		"and its event":                        denial + `DELETE FROM events WHERE idempotency_key LIKE 'asked-%-deny-%'`,
		"and its event is made something else": denial + `UPDATE events SET kind = 'act.refused' WHERE idempotency_key LIKE 'asked-%-deny-%'`,
		"and the log is cut off":               denial + `DELETE FROM log_hashes WHERE idx >= 2; DELETE FROM events WHERE seq >= (SELECT seq FROM events WHERE idempotency_key LIKE 'asked-%-deny-%')`,
	} {
		t.Run(name, func(t *testing.T) {
			s, asked := newExtending(t)
			_, err := s.Decide(t.Context(), max, s.r.ID, DecisionInput{Verdict: access.Deny, PlanDigest: asked.Asked.Order.Digest})
			require.NoError(t, err)
			s.sql(unlocked, attack)
			require.Equal(t, access.CodeEvidence, access.CodeOf(approve(s, asked)))
			require.Empty(t, s.gateway.orders)
		})
	}
}
