package evidence

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
)

func (s *story) ends(after time.Duration, kind access.EndKind, by string, signer *Signer) {
	o := access.EndOrder{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest, Kind: kind, By: by, At: at.Add(after)}
	s.keep(signer.SignEnd(o))
	s.event(access.EventEndOrdered, by, after, map[string]string{"end": string(kind)})
}

// TestCase56EndedLate: a pack says by how much access outlasted its end, be that the
// approved one, an extended one, or an order to end; and that it was never closed.
func TestCase56EndedLate(t *testing.T) {
	bob := human("bob", "approvers")
	due := time.Hour + 2*time.Minute
	for name, c := range map[string]struct {
		do   func(s *story)
		want Conclusion
		late time.Duration
		says string
	}{
		"in time":                   {func(s *story) { s.close(due, access.ReadBack{}) }, ProvenEnded, 0, "exactly as approved"},
		"within the target's bound": {func(s *story) { s.close(due+50*time.Second, access.ReadBack{}) }, ProvenEnded, 0, "exactly as approved"},
		"six minutes after its end": {func(s *story) { s.close(due+6*time.Minute, access.ReadBack{}) }, ProvenEndedLate, 6 * time.Minute, "it ended 6m late"},
		"after it was to be handed back": {func(s *story) {
			s.ends(10*time.Minute, access.EndRelease, "alice", s.server)
			s.close(30*time.Minute, access.ReadBack{})
		}, ProvenEndedLate, 20 * time.Minute, "it ended 20m late"},
		"after its requester had left": {func(s *story) {
			s.ends(10*time.Minute, access.EndOffboard, access.ActorDirectory, s.worker)
			s.close(30*time.Minute, access.ReadBack{})
		}, ProvenEndedLate, 20 * time.Minute, "it ended 20m late"},
		"soon after it was denied": {func(s *story) {
			s.decide(human("ben", "approvers"), access.Deny, 10*time.Minute)
			s.close(10*time.Minute+2*time.Second, access.ReadBack{})
		}, ProvenEnded, 0, "exactly as approved"},
		"extended, and in time": {func(s *story) {
			s.keep(s.server.SignExtension(access.ExtensionOrder{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest, Number: 1,
				From: at.Add(due), Adds: access.Duration(20 * time.Minute), By: human("alice"), At: at.Add(time.Hour)}))
			s.close(due+20*time.Minute, access.ReadBack{})
		}, ProvenEnded, 0, "exactly as approved"},
		"an end that was never recorded": {func(s *story) { s.state = access.StateActive }, ProvenOverdue, 3*time.Hour - due, "still open 1h58m later"},
		"not over yet":                   {func(s *story) { s.state, s.asOf = access.StateActive, due }, ProvenOpen, 0, "still open"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTale(t)
			s.evaluate()
			s.decide(bob, access.Approve, time.Minute)
			s.open(2 * time.Minute)
			c.do(s)
			r := s.verify(s.pack())
			require.Equal(t, c.want, r.Conclusion, r.Summary)
			require.True(t, r.Proven())
			require.Equal(t, c.late == 0, r.InTime())
			require.Equal(t, access.Duration(c.late), r.Late)
			require.Contains(t, r.Summary, c.says)
		})
	}
	t.Run("a bound that a receipt claims", func(t *testing.T) {
		s := newTale(t)
		s.evaluate()
		s.decide(bob, access.Approve, time.Minute)
		s.open(2*time.Minute, func(r *access.Receipt) { r.EndsWithin = access.Duration(100 * time.Hour) })
		s.close(due+mostBound+time.Second, access.ReadBack{})
		require.Equal(t, ProvenEndedLate, s.verify(s.pack()).Conclusion)
	})
	t.Run("an order to end that nobody signed", func(t *testing.T) {
		s := newTale(t)
		s.evaluate()
		s.event(access.EventEndOrdered, "alice", time.Minute, map[string]string{"end": "cancel"})
		require.Contains(t, s.verify(s.pack()).Summary, "an order to end that nobody signed")
		s = newTale(t)
		s.evaluate()
		s.ends(time.Minute, access.EndCancel, "alice", signer())
		require.Contains(t, s.verify(s.pack()).Summary, "an order to end")
	})
	for name, c := range map[string]struct {
		kind    access.EndKind
		by      string
		targets []string
		proven  bool
	}{
		"a worker of every target":            {access.EndOffboard, access.ActorDirectory, nil, true},
		"a worker of the plan's":              {access.EndOffboard, access.ActorDirectory, []string{"ssh/demo"}, true},
		"a worker of another target":          {access.EndOffboard, access.ActorDirectory, []string{"vault/main"}, false},
		"a worker that revokes":               {access.EndRevoke, "bob", nil, false},
		"a worker that says who has left":     {access.EndOffboard, "bob", nil, false},
		"a worker that speaks for the person": {access.EndRelease, "alice", nil, false},
	} {
		t.Run("an order to end of "+name, func(t *testing.T) {
			s, worker := newTale(t), signer()
			s.evaluate()
			s.decide(bob, access.Approve, time.Minute)
			s.open(2 * time.Minute)
			s.ends(10*time.Minute, c.kind, c.by, worker)
			s.close(30*time.Minute, access.ReadBack{})
			r := s.pack().Verify(NewKeyring(s.server.Public()), NewKeyring(s.worker.Public()).With(worker.Public(), c.targets...))
			require.Equal(t, c.proven, r.Conclusion == ProvenEndedLate, r.Summary)
			require.Equal(t, c.proven, r.Proven(), r.Summary)
		})
	}
	t.Run("Case60 a planned start that no server confirmed", func(t *testing.T) {
		start := at.Add(30 * time.Minute)
		s := newTale(t, func(p *access.Plan) { p.StartAt = &start })
		s.evaluate()
		s.decide(bob, access.Approve, time.Minute)
		s.open(30 * time.Minute)
		s.close(90*time.Minute, access.ReadBack{})
		require.Contains(t, s.verify(s.pack()).Summary, "no server has confirmed its planned start")
	})
}

// TestVerifierAndWorkerAgree: what a worker allows by what was signed at the time, the
// verifier finds proven; and what a worker refuses and somebody opens or leaves open
// all the same, it does not, or it says how late.
func TestVerifierAndWorkerAgree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newTale(t)
		s.evaluate()
		s.plan.Extend.Times, s.plan.Extend.UpTo = 2, access.Duration(4*time.Hour)
		_, s.plan.Digest, _ = s.server.SignPlan(s.plan)
		s.statements, s.events = nil, nil
		s.event(access.EventRequestCreated, "alice", 0, map[string]string{"planDigest": s.plan.Digest})
		s.evaluate()
		s.state, s.asOf = access.StateActive, 5*time.Hour
		grant := s.plan.Grants[0].Name
		known := func() access.Signed {
			plan, _, err := s.server.SignPlan(s.plan)
			require.NoError(rt, err)
			a, err := NewKeyring(s.server.Public()).AuthorizeRequest(plan, s.statements, NewKeyring(s.worker.Public()))
			require.NoError(rt, err)
			return a.Signed
		}
		var end time.Time // of the grant, as the worker has it
		opened, closed, wrong, stopped := false, false, false, false
		now := time.Duration(0)
		for i := range rapid.IntRange(1, 8).Draw(rt, "acts") {
			now += time.Duration(rapid.IntRange(1, 25).Draw(rt, "minutes")) * time.Minute
			if opened && !closed && !at.Add(now).Before(end) {
				now, closed = end.Sub(at), true
				s.close(now, access.ReadBack{})
				break
			}
			switch rapid.SampledFrom([]string{"approve", "approve", "deny", "open", "open", "open by hand", "extend", "extend", "end"}).Draw(rt, fmt.Sprint("act ", i)) {
			case "approve":
				s.decide(human(rapid.SampledFrom([]string{"bob", "ben"}).Draw(rt, "who"), "approvers"), access.Approve, now)
			case "deny":
				s.decide(human("carol", "approvers"), access.Deny, now)
				stopped = opened || stopped
			case "open":
				if err := known().Term(grant).AllowsOpening(at.Add(now), at.Add(now+time.Hour)); err == nil && !opened {
					s.open(now)
					opened, end = true, at.Add(now+time.Hour)
				}
			case "open by hand":
				err := known().Term(grant).AllowsOpening(at.Add(now), at.Add(now+time.Hour))
				if opened || access.CodeOf(err) == access.CodeUnavailable {
					continue
				}
				if access.CodeOf(err) == access.CodeTooLate {
					now += 5 * time.Minute // a worker that looked in time may sign a few minutes later
				}
				s.open(now)
				opened, wrong, end = true, err != nil, at.Add(now+time.Hour)
			case "extend":
				if !opened || stopped || wrong {
					continue
				}
				o := access.ExtensionOrder{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest, Number: rapid.IntRange(1, 3).Draw(rt, "number"),
					From: end, Adds: access.Duration(20 * time.Minute), By: human("alice"), At: at.Add(now)}
				with := known()
				with.Extensions = append(with.Extensions, o)
				if with.CheckExtension(grant, o) == nil {
					s.keep(s.server.SignExtension(o))
					end = end.Add(20 * time.Minute)
				}
			case "end":
				s.ends(now, access.EndRevoke, "bob", s.server)
				stopped = true
			}
			if stopped && opened && !closed {
				closed = true
				s.close(now+time.Second, access.ReadBack{})
				break
			}
		}
		if closed {
			s.state = access.StateEnded
		}
		r := s.verify(s.pack())
		switch {
		case wrong:
			require.Equal(rt, NotProven, r.Conclusion, "opened though a worker refuses it: %s", r.Summary)
		case !opened:
			require.Equal(rt, NeverOpened, r.Conclusion, r.Summary)
		case closed:
			require.Equal(rt, ProvenEnded, r.Conclusion, r.Summary)
		default:
			require.Equal(rt, ProvenOverdue, r.Conclusion, r.Summary)
		}
	})
}
