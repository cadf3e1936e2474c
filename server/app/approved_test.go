package app

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// approvedExtension is an extension that people have approved, and that no worker has
// made yet.
func approvedExtension(t *testing.T) (*fixture, access.Request) {
	f, r := withExtension(t)
	asked, err := f.Extend(t.Context(), alice, r.ID, "20m", "one more look", nil)
	require.NoError(t, err)
	f.gateway.err = access.Errorf(access.CodeUnavailable, "no worker")
	_, err = f.Decide(t.Context(), sam, r.ID, DecisionInput{Verdict: access.Approve, PlanDigest: asked.Asked.Order.Digest})
	require.NoError(t, err)
	require.Len(t, f.gateway.orders, 1)
	return f, asked
}

// TestCase61ExtensionThatIsNeverMade: an order that was approved and not made while a
// worker would act on it is dead; the requester asks for another.
func TestCase61ExtensionThatIsNeverMade(t *testing.T) {
	f, asked := approvedExtension(t)
	f.now = f.now.Add(access.ActWithin)
	again, err := f.Extend(t.Context(), alice, asked.ID, "10m", "again", nil)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "the approved one is sent, and no other asked for")
	require.Equal(t, asked.Asked.Order.Digest, again.Asked.Order.Digest)
	require.Len(t, f.gateway.orders, 2)

	f.now = f.now.Add(time.Second)
	again, err = f.Extend(t.Context(), alice, asked.ID, "10m", "again", nil)
	require.NoError(t, err)
	require.Len(t, f.gateway.orders, 2)
	require.Equal(t, 2, again.Asked.Attempt)
	require.Equal(t, access.TallyUndecided, again.Asked.Tally, "people decide it anew")
	require.Equal(t, access.Duration(10*time.Minute), again.Asked.Order.Adds)
	f.gateway.err = nil
	_, err = f.Decide(t.Context(), sam, asked.ID, DecisionInput{Verdict: access.Approve, PlanDigest: asked.Asked.Order.Digest})
	require.Error(t, err, "nobody approves the dead one again")
	_, err = f.Decide(t.Context(), sam, asked.ID, DecisionInput{Verdict: access.Approve, PlanDigest: again.Asked.Order.Digest})
	require.Error(t, err, "the workflow's reply is that of another end")
	require.Len(t, f.gateway.orders, 3)
	order, err := f.keyring.VerifyExtension(f.gateway.orders[2])
	require.NoError(t, err)
	require.Equal(t, again.Asked.Order, order)
}

// TestCase57EndingsWaitForNoExtension: an extension that hangs holds up no order to end,
// and no other extension.
func TestCase57EndingsWaitForNoExtension(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, hangs := approvedExtension(t)
		f.gateway.err = nil
		other := f.request(access.StateActive)
		other.Plan.Extend.Rule = hangs.Plan.Extend.Rule
		other = f.ledger.put(other)
		asked, err := f.Extend(t.Context(), alice, other.ID, "20m", "one more look", nil)
		require.NoError(t, err)
		f.gateway.err = access.Errorf(access.CodeUnavailable, "no worker")
		_, err = f.Decide(t.Context(), sam, other.ID, DecisionInput{Verdict: access.Approve, PlanDigest: asked.Asked.Order.Digest})
		require.NoError(t, err)

		sent := map[string]int{}
		release := make(chan struct{})
		f.gateway.onExtend = func(id string) {
			f.gateway.extending.Lock()
			sent[id]++
			f.gateway.extending.Unlock()
			if id == min(hangs.ID, other.ID) { // the first of the list
				<-release
			}
		}
		go f.SendApproved(t.Context())
		go f.ResendStops(t.Context())
		synctest.Wait()
		require.Equal(t, map[string]int{hangs.ID: 1, other.ID: 1}, sent)
		_, err = f.Revoke(t.Context(), bob, hangs.ID, "now")
		require.NoError(t, err)
		told := len(f.gateway.ends)
		f.now = f.now.Add(resendAfter)
		time.Sleep(2 * resendEvery)
		synctest.Wait()
		require.Len(t, f.gateway.ends, told+1)
		close(release)
	})
}
