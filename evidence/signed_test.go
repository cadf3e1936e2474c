package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase55ReceiptOfAnotherTarget: the worker of another target, whose key counts for its own targets only,
// does not say how long this target's grant may be open.
func TestCase55ReceiptOfAnotherTarget(t *testing.T) {
	s := newTale(t)
	s.evaluate()
	s.decide(human("bob", "approvers"), access.Approve, time.Minute)
	s.open(2 * time.Minute)
	plan, _, err := s.server.SignPlan(s.plan)
	require.NoError(t, err)
	rogue, grant := signer(), s.plan.Grants[0]
	workers := NewKeyring().With(s.worker.Public(), grant.Target).With(rogue.Public(), "other/target")
	honest, err := NewKeyring(s.server.Public()).AuthorizeRequest(plan, s.statements, workers)
	require.NoError(t, err)
	for _, target := range []string{"other/target", grant.Target} {
		for name, end := range map[string]time.Time{"later": honest.Term(grant.Name).OpenBy.Add(s.plan.Duration.Std()), "at once": at.Add(3 * time.Minute)} {
			e, err := rogue.SignReceipt(access.Receipt{RequestID: s.plan.RequestID, Grant: grant.Name, Target: target, Kind: access.ReceiptOpened, At: at, ExpiresAt: &end})
			require.NoError(t, err)
			a, err := NewKeyring(s.server.Public()).AuthorizeRequest(plan, append(s.statements[:len(s.statements):len(s.statements)], e), workers)
			require.NoError(t, err)
			if !a.Term(grant.Name).Until.Equal(honest.Term(grant.Name).Until) {
				t.Errorf("%s, as of %s: the end is %v, and was opened until %v", name, target, a.Term(grant.Name).Until, honest.Term(grant.Name).Until)
			}
		}
	}
}
