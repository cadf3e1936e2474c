package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// says signs a decision, as a server would that was made to skip its own checks.
func (a asked) says(p access.Person, change ...func(*access.Decision)) evidence.Envelope {
	d := access.Decision{RequestID: a.plan.RequestID, PlanDigest: a.plan.Digest, Verdict: access.Approve, Approver: p, At: a.now}
	for _, c := range change {
		c(&d)
	}
	e, err := a.signer.SignDecision(d)
	require.NoError(a, err)
	return e
}

// TestStagesAtTheWorker: what a rule asks of an approval holds where the power is, for
// decisions that come past the server's checks.
func TestStagesAtTheWorker(t *testing.T) {
	erin := person("erin", "security")
	payments := func(p access.Person, team string) access.Person {
		p.Attributes = map[string]string{"team": team}
		return p
	}
	rule := func(stages ...access.Stage) func(*access.Plan) {
		return func(p *access.Plan) { p.Rule.Stages = stages }
	}
	lead := access.Stage{Name: "lead", From: []string{"approvers"}, Approvals: 1}
	t.Run("an approval of the second level is refused before the first", func(t *testing.T) {
		w := newWorker(t)
		a := w.asks(rule(lead, access.Stage{Name: "security", From: []string{"security"}, Approvals: 1, Level: 1}))
		early := a.says(erin)
		_, err := a.verify(early)
		require.Equal(t, "not_asked_yet", access.IssuesOf(err)[0].Code)
		w.now = start.Add(time.Minute)
		first := a.says(bob)
		a.refuses(access.CodeEvidence, start.Add(30*time.Minute), early, first)
		_, err = a.verify(first)
		require.NoError(t, err)
		w.now = start.Add(2 * time.Minute)
		second := a.says(erin)
		res, err := a.verify(second, first)
		require.NoError(t, err)
		require.Equal(t, access.TallySatisfied, res.Tally)
		require.NoError(t, a.open(w.now.Add(30*time.Minute), first, second))
	})
	t.Run("an approval of another team", func(t *testing.T) {
		w := newWorker(t)
		same := lead
		same.Where = &access.ApproverCheck{Field: "attributes.team", In: []string{"payments"}}
		a := w.asks(rule(same))
		_, err := a.verify(a.says(payments(bob, "search")))
		require.Equal(t, "not_an_approver", access.IssuesOf(err)[0].Code)
		a.refuses(access.CodeEvidence, start.Add(30*time.Minute), a.says(payments(bob, "search")))
		a.refuses(access.CodeEvidence, start.Add(30*time.Minute), a.says(bob))
		require.NoError(t, a.open(start.Add(30*time.Minute), a.says(payments(bob, "payments"))))
	})
	t.Run("an approval without its words", func(t *testing.T) {
		w := newWorker(t)
		a := w.asks(func(p *access.Plan) { p.Rule.Comment, p.Rule.Confirm = 5, []string{"I have asked."} })
		_, err := a.verify(a.says(bob))
		require.Equal(t, access.CodeInvalid, access.CodeOf(err))
		require.Len(t, access.IssuesOf(err), 2)
		a.refuses(access.CodeEvidence, start.Add(30*time.Minute), a.says(bob, func(d *access.Decision) { d.Comment = "it is fine" }))
		require.NoError(t, a.open(start.Add(30*time.Minute), a.says(bob, func(d *access.Decision) {
			d.Comment, d.Confirmed = "it is fine", []string{"I have asked."}
		})))
	})
	t.Run("escalated only after its time", func(t *testing.T) {
		w := newWorker(t)
		a := w.asks(func(p *access.Plan) {
			p.Rule.Escalate = []access.Escalation{{After: access.Duration(10 * time.Minute), To: []string{"security"}}}
		})
		_, err := a.verify(a.says(erin))
		require.Equal(t, "not_an_approver", access.IssuesOf(err)[0].Code)
		a.refuses(access.CodeEvidence, start.Add(30*time.Minute), a.says(erin))
		w.now = start.Add(10 * time.Minute)
		late := a.says(erin)
		_, err = a.verify(late)
		require.NoError(t, err)
		require.NoError(t, a.open(w.now.Add(30*time.Minute), late))
	})
}
