package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/ledger"
)

// refuses checks that an opening opened nothing and left no row behind.
func (a asked) refuses(code access.Code, until time.Time, decisions ...evidence.Envelope) {
	a.Helper()
	require.Equal(a, code, access.CodeOf(a.open(until, decisions...)))
	require.Empty(a, a.target.Objects())
}

func TestCase24OpeningThatWasCutOff(t *testing.T) {
	half := 30 * time.Minute
	t.Run("the reply was lost: the next try finds it, and there is one", func(t *testing.T) {
		w := newWorker(t)
		a := w.asks()
		w.target.FailNext(faketarget.OpGrant, faketarget.LostReply)
		approval := a.decision(bob, access.Approve)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(a.open(start.Add(half), approval)))
		require.Equal(t, ledger.GrantIntended, a.row().Status, "known, although nobody was answered")
		require.NoError(t, a.open(start.Add(half), approval))
		require.Equal(t, []string{a.grant()}, w.target.Objects())
		require.Equal(t, 1, a.eventCounts()[access.EventGrantIntended])
		require.Equal(t, 1, a.eventCounts()[access.EventGrantOpened])
	})
	t.Run("nobody tried again: the name alone closes it", func(t *testing.T) {
		w := newWorker(t)
		a := w.asks()
		w.target.FailNext(faketarget.OpGrant, faketarget.LostReply)
		_ = a.open(start.Add(half), a.decision(bob, access.Approve))
		require.NoError(t, a.close())
		require.Empty(t, w.target.Objects())
		require.Equal(t, ledger.GrantClosed, a.row().Status)
	})
	t.Run("the row is written before the target is touched", func(t *testing.T) {
		w := newWorker(t)
		a := w.asks()
		w.target.FailNext(faketarget.OpGrant, faketarget.Unavailable)
		require.Error(t, a.open(start.Add(half), a.decision(bob, access.Approve)))
		require.Empty(t, w.effects)
		require.Equal(t, ledger.GrantIntended, a.row().Status)
	})
}

func TestCase10ApprovalUsedAgain(t *testing.T) {
	half := 30 * time.Minute
	t.Run("for another request", func(t *testing.T) {
		w := newWorker(t)
		a, b := w.asks(), w.asks()
		b.refuses(access.CodeEvidence, start.Add(half), a.decision(bob, access.Approve))
	})
	t.Run("long after it was given", func(t *testing.T) {
		w := newWorker(t)
		a := w.asks()
		approval := a.decision(bob, access.Approve)
		w.now = start.Add(11 * time.Minute)
		a.refuses(access.CodeTooLate, w.now.Add(half), approval)
	})
	t.Run("after the access was closed", func(t *testing.T) {
		w := newWorker(t)
		a := w.approvedAndOpen()
		require.NoError(t, a.close())
		a.refuses(access.CodeConflict, start.Add(half), a.decision(bob, access.Approve))
	})
}

// TestCase40StraightToTheWorker: anybody who drives a target's queue past server
// and workflow has only what evidence proves.
func TestCase40StraightToTheWorker(t *testing.T) {
	half := 30 * time.Minute
	w := newWorker(t)
	stranger := newWorker(t)
	t.Run("without any decision", func(t *testing.T) { w.asks().refuses(access.CodeEvidence, start.Add(half)) })
	t.Run("without any decision, at its start", func(t *testing.T) {
		at := start
		w.asks(func(p *access.Plan) { p.StartAt = &at }).refuses(access.CodeEvidence, start.Add(half))
	})
	t.Run("with the requester's own", func(t *testing.T) {
		a := w.asks()
		a.refuses(access.CodeEvidence, start.Add(half), a.decision(alice, access.Approve))
	})
	t.Run("with an outsider's", func(t *testing.T) {
		a := w.asks()
		a.refuses(access.CodeEvidence, start.Add(half), a.decision(dave, access.Approve))
	})
	t.Run("with a denial beside the approval", func(t *testing.T) {
		a := w.asks()
		a.refuses(access.CodeEvidence, start.Add(half), a.decision(bob, access.Approve), a.decision(person("erin", "approvers"), access.Deny))
	})
	t.Run("with one that somebody else signed", func(t *testing.T) {
		a := w.asks()
		forged := a
		forged.worker = stranger
		a.refuses(access.CodeEvidence, start.Add(half), forged.decision(bob, access.Approve))
	})
	t.Run("for longer than approved", func(t *testing.T) {
		a := w.asks()
		a.refuses(access.CodeEvidence, start.Add(half+time.Minute), a.decision(bob, access.Approve))
	})
	t.Run("with all that clocks may differ by", func(t *testing.T) {
		a := w.asks()
		approval := a.decision(bob, access.Approve)
		require.NoError(t, a.open(start.Add(half+access.ClockSkew-5*time.Second), approval))
		require.Equal(t, start.Add(half), a.row().ExpiresAt, "the worker's own clock says how long")
		require.NoError(t, a.open(start.Add(half), approval), "a retry finds it")
		require.NoError(t, a.close())
	})
	t.Run("before its start", func(t *testing.T) {
		at := start.Add(time.Hour)
		a := w.asks(func(p *access.Plan) { p.StartAt = &at })
		a.refuses(access.CodeEvidence, start.Add(half), a.decision(bob, access.Approve))
	})
	t.Run("a grant that is not in the plan", func(t *testing.T) {
		a := w.asks()
		_, err := a.env.ExecuteActivity(api.OpenGrant, api.OpenGrantInput{Plan: a.signed, Grant: access.GrantName(a.plan.RequestID, 1),
			ExpiresAt: start.Add(half), Decisions: []evidence.Envelope{a.decision(bob, access.Approve)}})
		require.Equal(t, access.CodeEvidence, access.CodeOf(api.FromTemporal(err)))
		require.Empty(t, a.target.Objects())
	})
}

// TestALifeCountsFromItsOpening: an opening that waited in its queue for longer than the
// access lasts opens all of what was approved, and no more than that by any clock.
func TestALifeCountsFromItsOpening(t *testing.T) {
	const length = 5 * time.Second
	ask := func(w *worker, change ...func(*access.Plan)) (asked, api.OpenGrantInput) {
		a := w.asks(append(change, func(p *access.Plan) { p.Duration, p.Extend = access.Duration(length), nil })...)
		return a, api.OpenGrantInput{Plan: a.signed, Decisions: []evidence.Envelope{a.decision(bob, access.Approve)}, Grant: a.grant(),
			ExpiresAt: w.now.Add(length), OnlyGrant: true, FromOpening: true}
	}
	open := func(a asked, in api.OpenGrantInput) (res api.OpenGrantResult, err error) {
		v, err := a.env.ExecuteActivity(api.OpenGrant, in)
		if err == nil {
			require.NoError(a, v.Get(&res))
		}
		return res, api.FromTemporal(err)
	}
	late := start.Add(20 * time.Second)
	t.Run("all of it", func(t *testing.T) {
		w := newWorker(t)
		a, in := ask(w)
		w.now = late
		res, err := open(a, in)
		require.NoError(t, err)
		require.Equal(t, late.Add(length), res.ExpiresAt)
		require.Equal(t, late.Add(length), a.row().ExpiresAt)
		require.Equal(t, late.Add(length), *a.request().ExpiresAt)
		w.now = late.Add(2 * time.Second)
		res, err = open(a, in)
		require.NoError(t, err, "a retry finds it")
		require.Equal(t, late.Add(length), res.ExpiresAt, "and moves no end")
	})
	t.Run("an attempt that was cut off began it", func(t *testing.T) {
		w := newWorker(t)
		a, in := ask(w)
		w.target.FailNext(faketarget.OpGrant, faketarget.LostReply)
		_, err := open(a, in)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
		w.now = late
		_, err = open(a, in)
		require.Error(t, err, "it may have been open since")
		require.Equal(t, start.Add(length), a.row().ExpiresAt)
	})
	t.Run("a message without it bounds it, as before", func(t *testing.T) {
		w := newWorker(t)
		a, in := ask(w)
		in.FromOpening, w.now = false, late
		_, err := open(a, in)
		require.ErrorContains(t, err, "the time for it was over")
		require.Empty(t, w.effects)
	})
	t.Run("a message cannot make it longer", func(t *testing.T) {
		w := newWorker(t)
		a, in := ask(w)
		in.ExpiresAt = start.Add(time.Hour)
		res, err := open(a, in)
		require.NoError(t, err)
		require.Equal(t, start.Add(length), res.ExpiresAt)
	})
	t.Run("a worker whose clock is fast cannot either", func(t *testing.T) {
		w := newWorker(t)
		w.now = time.Now().Add(time.Hour).UTC().Truncate(time.Second)
		a, in := ask(w, func(p *access.Plan) { p.CreatedAt, p.PendingUntil = w.now, w.now.Add(time.Hour) })
		_, err := open(a, in)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "by Temporal's clock its time is over, as this worker sees it")
		require.Empty(t, w.effects)
		rows, err := w.ledger.Grants(t.Context(), ledger.GrantFilter{RequestID: a.plan.RequestID})
		require.NoError(t, err)
		require.Empty(t, rows, "nothing has begun, so that another worker's attempt counts from its own beginning")
	})
	t.Run("nor does it outlast the contract's window", func(t *testing.T) {
		w := newWorker(t)
		end := late.Add(time.Second)
		a, in := ask(w, func(p *access.Plan) { p.NotAfter = &end })
		w.now = late
		res, err := open(a, in)
		require.NoError(t, err)
		require.Equal(t, end, res.ExpiresAt)
	})
}

// TestTheLastAttemptSaysWhy: an opening that fails is tried again while there is time. After
// that the target's error stands, and not that the time is over.
func TestTheLastAttemptSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		before      time.Duration // the end of access
		fault       faketarget.Fault
		fromOpening bool
		final       bool
	}{
		"there is time":              {10 * time.Minute, faketarget.Unavailable, false, false},
		"there is none":              {time.Second, faketarget.Unavailable, false, true},
		"a busy target: there is":    {10 * time.Minute, faketarget.Throttled, false, false},
		"a busy target: there is no": {4 * time.Second, faketarget.Throttled, false, true},
		"counted from the opening":   {10 * time.Minute, faketarget.Unavailable, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorker(t)
			a := w.asks()
			w.target.FailNext(faketarget.OpGrant, c.fault)
			_, err := a.env.ExecuteActivity(api.OpenGrant, api.OpenGrantInput{Plan: a.signed, Decisions: []evidence.Envelope{a.decision(bob, access.Approve)},
				Grant: a.grant(), ExpiresAt: w.now.Add(c.before), FromOpening: c.fromOpening})
			var failed *temporal.ApplicationError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, c.final, failed.NonRetryable(), "%v", err)
			require.NotEqual(t, access.CodeInvalid, access.CodeOf(api.FromTemporal(err)))
			require.ErrorContains(t, err, "grant on "+targetName)
		})
	}
	require.Equal(t, []time.Duration{time.Second / 2, time.Second, 8 * time.Second, 10 * time.Second, 10 * time.Second},
		[]time.Duration{api.OpensAgainAfter(1, nil), api.OpensAgainAfter(2, nil), api.OpensAgainAfter(5, nil), api.OpensAgainAfter(6, nil), api.OpensAgainAfter(1000, nil)})
}

// TestHungUntilTheEnd: where a worker hung until access was over, people learn that, and not
// that something has expired which they never had.
func TestHungUntilTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		begun bool
		says  string
	}{
		"a worker that hung":      {true, "before " + targetName + " was open: the target's worker did not respond until then"},
		"grants that come before": {false, "before the turn of " + targetName + " came"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorker(t)
			a := w.asks()
			end := w.now.Add(time.Minute)
			in := api.OpenGrantInput{Plan: a.signed, Decisions: []evidence.Envelope{a.decision(bob, access.Approve)}, Grant: a.grant(), ExpiresAt: end}
			if c.begun { // an attempt of which nobody heard anything more
				w.target.FailNext(faketarget.OpGrant, faketarget.Unavailable)
				_, err := a.env.ExecuteActivity(api.OpenGrant, in)
				require.Error(t, err)
			}
			w.now = end
			_, err := a.env.ExecuteActivity(api.OpenGrant, in)
			var failed *temporal.ApplicationError
			require.ErrorAs(t, err, &failed)
			require.True(t, failed.NonRetryable(), "%v", err)
			require.ErrorContains(t, err, "the time for it was over, at "+access.FormatTime(end)+", "+c.says)
			require.Empty(t, w.effects)
			events, err := w.ledger.Events(t.Context(), ledger.EventFilter{RequestID: a.plan.RequestID})
			require.NoError(t, err)
			for _, e := range events {
				require.NotEqual(t, access.EventActRefused, e.Kind, "nobody was refused anything")
			}
		})
	}
}
