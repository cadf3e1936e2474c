package properties

import (
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/workflows"
)

// now is the story's time as statements carry it.
func (s *scene) now() time.Time { return s.env.Now().UTC() }

// terms are what a statement is about, and who signs it: as they should be, or
// with a flaw.
func (s *scene) terms(flaw string) (id, digest string, signer *evidence.Signer) {
	id, digest, signer = s.plan.RequestID, s.plan.Digest, s.signer
	switch flaw {
	case "forged":
		signer = s.stranger
	case "for another digest":
		digest = "sha256:0"
	case "for another request":
		id = "fedcba9876543210"
	}
	return id, digest, signer
}

func (s *scene) decides(who access.Person, v access.Verdict, flaw string, bySignal bool) {
	id, digest, signer := s.terms(flaw)
	d := access.Decision{RequestID: id, PlanDigest: digest, Verdict: v, Approver: who, At: s.now()}
	e, err := signer.SignDecision(d)
	require.NoError(s, err)
	if flaw == "" && v == access.Approve {
		s.seen.approvals = append(s.seen.approvals, d)
	}
	s.send(workflows.SignedStatement{Envelope: e}, bySignal)
}

func (s *scene) again() {
	if s.sent != nil {
		s.send(*s.sent, false)
	}
}

func (s *scene) send(m workflows.SignedStatement, bySignal bool) {
	s.sent = &m
	if bySignal {
		s.env.SignalWorkflow(workflows.SignalDecision, m)
		return
	}
	s.update(workflows.UpdateDecide, m, func(answer any) {
		if d, ok := answer.(workflows.DecideResult); ok && d.Outcome == access.DecisionsDenied {
			s.seen.denied = true
		}
	})
}

func (s *scene) extends(who access.Person, number int, adds time.Duration, flaw string) {
	id, digest, signer := s.terms(flaw)
	e, err := signer.SignExtension(access.ExtensionOrder{RequestID: id, PlanDigest: digest, Number: number,
		Adds: access.Duration(adds), By: who, At: s.now()})
	require.NoError(s, err)
	if flaw == "" && who.ID == requester().ID && adds > 0 {
		s.seen.ordered += adds
	}
	s.update(workflows.UpdateExtend, workflows.SignedStatement{Envelope: e}, nil)
}

func (s *scene) picksUp(who access.Person, flaw string) {
	id, digest, signer := s.terms(flaw)
	e, err := signer.SignPickUp(access.PickUpOrder{RequestID: id, PlanDigest: digest, Grant: s.plan.Grants[0].Name,
		Recipient: s.recipient, By: who, At: s.now()})
	require.NoError(s, err)
	s.seen.pickUps += btoi(flaw == "" && who.ID == requester().ID)
	s.update(workflows.UpdatePickUp, workflows.SignedStatement{Envelope: e}, nil)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (s *scene) stops(kind workflows.EndKind) {
	s.stopping()
	s.env.SignalWorkflow(workflows.SignalEnd, workflows.EndRequest{Kind: kind, By: "somebody", At: s.now()})
}

func (s *scene) cancels() {
	s.stopping()
	s.env.CancelWorkflow()
}

func (s *scene) stopping() {
	if s.seen.stoppedAt.IsZero() {
		s.seen.stoppedAt = s.now()
	}
}

func (s *scene) breaks(op faketarget.Op, f faketarget.Fault, times int) {
	for range times {
		s.target.FailNext(op, f)
	}
	s.troubled += time.Duration(times) * retryAtMost
}

func (s *scene) update(name string, m workflows.SignedStatement, answered func(any)) {
	s.env.UpdateWorkflow(name, "", &testsuite.TestUpdateCallback{
		OnAccept: func() {},
		OnReject: func(err error) { s.note("  refused: %v", err) },
		OnComplete: func(answer any, err error) {
			if err != nil {
				s.note("  not done: %v", err)
				return
			}
			s.note("  done")
			if answered != nil {
				answered(answer)
			}
		},
	}, m)
}
