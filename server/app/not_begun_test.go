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

// unbegun is a server on a real ledger with one request that is approved and has one grant.
type unbegun struct {
	*fixture
	book *ledger.Ledger
	db   *sql.DB // as somebody has it who owns the database
	r    access.Request
	g    access.Grant
}

func newUnbegun(t *testing.T) *unbegun {
	book, db := newBook(t)
	u := &unbegun{fixture: newFixture(t, func(c *Config) { c.Ledger = book }), book: book, db: db}
	r, _, err := u.Submit(t.Context(), alice, testInput, "")
	require.NoError(t, err)
	u.r = r
	p := r.Plan.Grants[0]
	u.g = access.Grant{Name: p.Name, RequestID: r.ID, Target: p.Target, Principal: r.Plan.Principal, Entitlement: p.Entitlement, ExpiresAt: u.now.Add(time.Hour)}
	require.NoError(t, book.Advance(t.Context(), access.Transition{RequestID: r.ID, To: access.StateApproved, At: u.now}))
	return u
}

// ends has the request end, and the server look at it some time later.
func (u *unbegun) ends() {
	u.t.Helper()
	require.NoError(u.t, u.book.Advance(u.t.Context(), access.Ending(u.r.ID, access.OutcomeFailed, u.now)))
	u.ruleOutOnce(u.t.Context())
	require.Nil(u.t, u.signed(), "its target may be asked by its worker first")
	u.now = u.now.Add(ruleOutAfter + time.Second)
	u.ruleOutOnce(u.t.Context())
}

// signed is what the server has signed of the grant; nil if nothing.
func (u *unbegun) signed() *access.NotBegun {
	u.t.Helper()
	stored, err := u.book.Statements(u.t.Context(), u.r.ID)
	require.NoError(u.t, err)
	for _, b := range stored {
		var e evidence.Envelope
		require.NoError(u.t, json.Unmarshal(b, &e))
		if e.PayloadType == evidence.TypeNotBegun {
			n, err := evidence.NewKeyring(u.decider.signer.(*evidence.Signer).Public()).VerifyNotBegun(e)
			require.NoError(u.t, err)
			return &n
		}
	}
	return nil
}

// TestCase156SignedOnlyByTheLog: the server signs that a grant was never begun by what the
// verified log says, and not where somebody with all rights on the ledger's database has
// taken away that it was.
func TestCase156SignedOnlyByTheLog(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		u := newUnbegun(t)
		u.ends()
		n := u.signed()
		require.NotNil(t, n)
		require.Equal(t, access.NotBegun{RequestID: u.r.ID, PlanDigest: u.r.Plan.Digest, Grant: u.g.Name, Target: u.g.Target, LogSize: n.LogSize, At: u.now}, *n)
		require.Equal(t, access.CodeConflict, access.CodeOf(u.book.IntendGrant(t.Context(), u.g, u.now)), "nothing is opened any more")
		pack, err := u.Evidence(t.Context(), alice.Person, u.r.ID)
		require.NoError(t, err)
		report := pack.Verify(evidence.NewKeyring(u.decider.signer.(*evidence.Signer).Public()), evidence.Keyring{})
		require.Equal(t, evidence.NeverOpened, report.Conclusion, report.Summary)
	})
	t.Run("it is open", func(t *testing.T) {
		u := newUnbegun(t)
		require.NoError(t, u.book.IntendGrant(t.Context(), u.g, u.now))
		u.ends()
		require.Nil(t, u.signed())
	})
	for name, attack := range map[string]string{
		"its row is deleted":                          `DELETE FROM grants`,
		"and its event":                               `DELETE FROM grants; DELETE FROM events WHERE kind = 'grant.intended'`,
		"and its event is made another's":             `DELETE FROM grants; UPDATE events SET request_id = 'another' WHERE kind = 'grant.intended'`,
		"and its event is made something else":        `DELETE FROM grants; UPDATE events SET kind = 'act.refused', idempotency_key = '' WHERE kind = 'grant.intended'`,
		"and its event is made another grant's":       `DELETE FROM grants; UPDATE events SET detail = '{}', idempotency_key = '' WHERE kind = 'grant.intended'`,
		"and the log is cut off":                      `DELETE FROM grants; DELETE FROM events WHERE seq >= (SELECT seq FROM events WHERE kind = 'grant.intended'); DELETE FROM log_hashes WHERE idx >= 1`,
		"its event lost its key, so that no one sees": `DELETE FROM grants; UPDATE events SET idempotency_key = '' WHERE kind = 'grant.intended'`,
	} {
		t.Run(name, func(t *testing.T) {
			u := newUnbegun(t)
			require.NoError(t, u.book.IntendGrant(t.Context(), u.g, u.now))
			_, _, err := u.checkpoint(t.Context()) // as the server takes one every ten seconds
			require.NoError(t, err)
			_, err = u.db.Exec(unlocked + `; ` + attack)
			require.NoError(t, err)
			require.NoError(t, u.book.Advance(t.Context(), access.Ending(u.r.ID, access.OutcomeFailed, u.now)))
			require.Error(t, u.ruleOut(t.Context(), u.r.ID))
			require.Nil(t, u.signed())
		})
	}
}
