package app

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

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

const deniedAway = `DELETE FROM statements WHERE key LIKE 'asked-%-deny-%';`

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
	const denial = deniedAway
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

// TestCase95LogIsCutOffBeforeADenial: whoever cuts the log off just before the denial, so
// that what is left is whole, is found out by the checkpoint that was taken after it.
func TestCase95LogIsCutOffBeforeADenial(t *testing.T) {
	s, asked := newExtending(t)
	_, err := s.Decide(t.Context(), person("max", "seniors"), s.r.ID, DecisionInput{Verdict: access.Deny, PlanDigest: asked.Asked.Order.Digest})
	require.NoError(t, err)
	var seq int64
	require.NoError(t, s.db.QueryRow(`SELECT seq FROM events WHERE idempotency_key LIKE 'asked-%-deny-%'`).Scan(&seq))
	s.sql(unlocked, deniedAway, fmt.Sprintf(`DELETE FROM log_hashes WHERE idx >= %d; DELETE FROM events WHERE seq >= %d`, tlog.StoredHashIndex(0, seq-1), seq))
	s.now = s.now.Add(time.Minute)
	_, err = s.Decide(t.Context(), sam, s.r.ID, DecisionInput{Verdict: access.Approve, PlanDigest: asked.Asked.Order.Digest})
	require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	require.Empty(t, s.gateway.orders)
}

// TestCase95DenialBeforeAnExtensionIsSent: an approved order to extend is not sent where the
// log has a denial of it that came while it was approved, and that the ledger no longer
// has; neither by the loop, nor when its requester asks again.
func TestCase95DenialBeforeAnExtensionIsSent(t *testing.T) {
	for name, send := range map[string]func(s *starting) error{
		"sent again": func(s *starting) error { return s.extender.sendApproved(t.Context()) },
		"asked again": func(s *starting) error {
			_, err := s.Extend(t.Context(), alice, s.r.ID, "20m", "again", nil)
			return err
		},
	} {
		for _, attacked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, attacked %t", name, attacked), func(t *testing.T) {
				s, asked := newExtending(t)
				s.gateway.err = access.Errorf(access.CodeUnavailable, "no worker")
				_, err := s.Decide(t.Context(), sam, s.r.ID, DecisionInput{Verdict: access.Approve, PlanDigest: asked.Asked.Order.Digest})
				require.NoError(t, err)
				require.Len(t, s.gateway.orders, 1)
				if attacked {
					// Another server had read the request before the approval.
					denied := access.Decision{RequestID: s.r.ID, PlanDigest: asked.Asked.Order.Digest, Verdict: access.Deny, Approver: person("max", "seniors").Person, At: s.now}
					signed, err := s.decider.extensionSigner.SignExtensionDecision(denied)
					require.NoError(t, err)
					envelope, err := json.Marshal(signed)
					require.NoError(t, err)
					require.NoError(t, s.book.Advance(t.Context(), access.ExtensionDecided(denied, envelope)))
					s.sql(unlocked, deniedAway)
				}
				s.now = s.now.Add(time.Minute)
				err = send(s)
				require.Equal(t, name == "asked again", err != nil)
				require.Equal(t, attacked, len(s.gateway.orders) == 1)
			})
		}
	}
}

// TestCase98ExtensionIsAskedForOnceAtATime: of those who ask at one instant, all of whom saw that
// nothing waits, one is heard; so the bound on how often one may ask holds for all together.
func TestCase98ExtensionIsAskedForOnceAtATime(t *testing.T) {
	s, first := newExtending(t)
	_, err := s.Decide(t.Context(), sam, s.r.ID, DecisionInput{Verdict: access.Deny, PlanDigest: first.Asked.Order.Digest})
	require.NoError(t, err)
	r, err := s.requests.ledger.Request(t.Context(), s.r.ID)
	require.NoError(t, err)
	require.Equal(t, access.TallyDenied, r.Asked.Tally)
	heard, refused := 0, 0
	for n := range 50 {
		o := access.ExtensionOrder{RequestID: r.ID, PlanDigest: r.Plan.Digest, Number: 1, From: *r.ExpiresAt, Adds: access.Duration(time.Minute),
			By: alice.Person, Reason: fmt.Sprint(n), At: s.now}
		signed, err := s.extender.signer.SignExtension(o)
		require.NoError(t, err)
		// Each has read the request before any other was recorded.
		switch _, err := s.extender.ask(t.Context(), alice, r, o, signed); access.CodeOf(err) {
		case access.CodeConflict:
			refused++
		default:
			require.NoError(t, err)
			heard++
		}
	}
	require.Equal(t, []int{1, 49}, []int{heard, refused})
}

// TestCase98ExtensionOfASlowClock: the latest order is the one that the log has last, whatever
// time a server signed it with.
func TestCase98ExtensionOfASlowClock(t *testing.T) {
	s, first := newExtending(t)
	_, err := s.Decide(t.Context(), sam, s.r.ID, DecisionInput{Verdict: access.Deny, PlanDigest: first.Asked.Order.Digest})
	require.NoError(t, err)
	s.now = s.now.Add(-2 * time.Minute)
	again, err := s.Extend(t.Context(), alice, s.r.ID, "15m", "with the reason that was missing", nil)
	require.NoError(t, err)
	require.Equal(t, access.TallyUndecided, again.Asked.Tally)
	require.Equal(t, access.Duration(15*time.Minute), again.Asked.Order.Adds)
	s.sql(unlocked, `UPDATE statements SET id = -id WHERE key LIKE 'asked-extension %'`)
	r, err := s.requests.ledger.Request(t.Context(), s.r.ID)
	require.NoError(t, err)
	require.Equal(t, again.Asked.Order.Digest, r.Asked.Order.Digest, "the order of rows says nothing")
}
