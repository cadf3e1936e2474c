package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

func TestCase13DecidedTooLate(t *testing.T) {
	w := newWorker(t)
	a := w.asks()
	w.now = start.Add(time.Hour + time.Second)
	late := a.decision(bob, access.Approve)
	_, err := a.verify(late)
	require.Equal(t, access.CodeTooLate, access.CodeOf(err))
	require.Equal(t, 1, a.eventCounts()[access.EventDecisionRefused])
	a.refuses(access.CodeEvidence, w.now.Add(time.Minute), late)
}

// TestCase12ApproveAndDeny: what they add up to does not depend on who came
// first, and both are recorded.
func TestCase12ApproveAndDeny(t *testing.T) {
	for _, first := range []access.Verdict{access.Approve, access.Deny} {
		t.Run(string(first)+" first", func(t *testing.T) {
			w := newWorker(t)
			a := w.asks()
			second := map[access.Verdict]access.Verdict{access.Approve: access.Deny, access.Deny: access.Approve}[first]
			one := a.decision(bob, first)
			_, err := a.verify(one)
			require.NoError(t, err)
			res, err := a.verify(a.decision(person("erin", "approvers"), second), one)
			require.NoError(t, err)
			require.Equal(t, access.TallyDenied, res.Tally)
			require.Equal(t, 2, a.eventCounts()[access.EventDecisionRecorded])
		})
	}
}

func TestCase11TheSameDecisionTwice(t *testing.T) {
	w := newWorker(t)
	a := w.asks()
	d := a.decision(bob, access.Approve)
	for range 2 {
		res, err := a.verify(d)
		require.NoError(t, err)
		require.Equal(t, access.TallySatisfied, res.Tally)
	}
	require.Equal(t, 1, a.eventCounts()[access.EventDecisionRecorded])
	require.Equal(t, 1, a.eventCounts()[access.EventRequestApproved])
}

// TestCase11ApprovedAgainWhileTheFirstIsVerified: an approval that its person sent twice,
// the second before the first was verified, is recorded once, and counts once. Somebody
// else's, and a denial of the same person, are recorded.
func TestCase11ApprovedAgainWhileTheFirstIsVerified(t *testing.T) {
	w := newWorker(t)
	a := w.asks(func(p *access.Plan) { p.Rule.Stages[0].Approvals = 2 })
	first := a.decision(bob, access.Approve)
	w.now = w.now.Add(time.Millisecond)
	second := a.decision(bob, access.Approve)
	_, err := a.verify(first)
	require.NoError(t, err)
	res, err := a.verify(second, first)
	require.NoError(t, err)
	require.Equal(t, access.TallyUndecided, res.Tally)
	require.Equal(t, 1, a.eventCounts()[access.EventDecisionRecorded])
	require.Len(t, a.request().Decisions, 1)
	res, err = a.verify(a.decision(person("erin", "approvers"), access.Approve), first)
	require.NoError(t, err)
	require.Equal(t, access.TallySatisfied, res.Tally)
	_, err = a.verify(a.decision(bob, access.Deny), first)
	require.NoError(t, err)
	require.Equal(t, 3, a.eventCounts()[access.EventDecisionRecorded])
}

func TestVerifyDecisionsRefusesAndRecords(t *testing.T) {
	for _, who := range []access.Person{alice, dave,
		{ID: "alice2", Kind: access.KindHuman, OnBehalfOf: "alice", Groups: []string{"approvers"}},
		{ID: "bot", Kind: access.KindAgent, OnBehalfOf: "bob", Groups: []string{"approvers"}}} {
		t.Run(who.ID, func(t *testing.T) {
			w := newWorker(t)
			a := w.asks()
			_, err := a.verify(a.decision(who, access.Approve))
			require.Equal(t, access.CodeForbidden, access.CodeOf(err))
			require.Equal(t, 1, a.eventCounts()[access.EventDecisionRefused])
		})
	}
}
