package properties

import (
	"context"
	"encoding/json"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/workflows"
)

// now is the time of the scenario as statements carry it.
func (s *simulation) now() time.Time { return s.env.Now().UTC() }

// terms are what a statement is about, and who signs it: as they should be, or
// with a flaw.
func (s *simulation) terms(flaw string) (id, digest string, signer *evidence.Signer) {
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

func (s *simulation) decides(who access.Person, v access.Verdict, flaw string, bySignal bool) {
	id, digest, signer := s.terms(flaw)
	d := access.Decision{RequestID: id, PlanDigest: digest, Verdict: v, Approver: who, At: s.now()}
	e, err := signer.SignDecision(d)
	require.NoError(s, err)
	if flaw == "" && v == access.Approve {
		s.oracle.approvals = append(s.oracle.approvals, d)
	}
	s.send(workflows.SignedStatement{Envelope: e}, bySignal)
}

func (s *simulation) again() {
	if s.sent != nil {
		s.send(*s.sent, false)
	}
}

func (s *simulation) send(m workflows.SignedStatement, bySignal bool) {
	s.sent = &m
	if bySignal {
		s.env.SignalWorkflow(workflows.SignalDecision, m)
		return
	}
	s.update(workflows.UpdateDecide, m, func(answer any) {
		if d, ok := answer.(workflows.DecideResult); ok && d.Tally == access.TallyDenied {
			s.oracle.denied = true
		}
	})
}

func (s *simulation) extends(who access.Person, number int, adds time.Duration, flaw string) {
	if flaw == "again" {
		if s.order != nil {
			s.update(workflows.UpdateExtend, *s.order, nil)
		}
		return
	}
	id, digest, signer := s.terms(flaw)
	from := s.now()
	if v, err := s.env.QueryWorkflow(workflows.QueryStatus); err == nil {
		var st workflows.Status
		if v.Get(&st) == nil && st.ExpiresAt != nil {
			from = *st.ExpiresAt
		}
	}
	if flaw == "from a later end" {
		from = from.Add(10 * time.Minute)
	}
	e, err := signer.SignExtension(access.ExtensionOrder{RequestID: id, PlanDigest: digest, Number: number,
		From: from, Adds: access.Duration(adds), By: who, At: s.now()})
	if adds < 0 {
		require.Error(s, err, "no signer signs what nobody could read back")
		return
	}
	require.NoError(s, err)
	// An order that names a later end than the one in force fits when another has moved
	// the end there: it is an order of its own.
	if (flaw == "" || flaw == "from a later end") && who.ID == requester().ID {
		s.oracle.ordered += adds
	}
	s.order = &workflows.SignedStatement{Envelope: e}
	s.update(workflows.UpdateExtend, *s.order, nil)
}

func (s *simulation) picksUp(who access.Person, flaw string) {
	id, digest, signer := s.terms(flaw)
	e, err := signer.SignPickUp(access.PickUpOrder{RequestID: id, PlanDigest: digest, Grant: s.plan.Grants[0].Name,
		Recipient: s.recipient, By: who, At: s.now()})
	require.NoError(s, err)
	s.oracle.pickUps += btoi(flaw == "" && who.ID == requester().ID)
	s.update(workflows.UpdatePickUp, workflows.SignedStatement{Envelope: e}, nil)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// confirms confirms the planned start, as a server does just before it: with all
// decisions that the ledger has.
func (s *simulation) confirms() {
	ctx := context.Background()
	stored, err := s.ledger.Statements(ctx, s.plan.RequestID)
	require.NoError(s, err)
	var decisions []access.Decision
	for _, b := range stored {
		var e evidence.Envelope
		require.NoError(s, json.Unmarshal(b, &e))
		if d, err := evidence.ReadDecision(e); err == nil {
			decisions = append(decisions, d)
		}
	}
	e, err := s.signer.SignConfirmation(access.Confirmation{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest,
		Decisions: access.DecisionKeys(decisions), At: s.now()})
	require.NoError(s, err)
	b, err := json.Marshal(e)
	require.NoError(s, err)
	require.NoError(s, s.ledger.AddStatement(ctx, access.Statement{RequestID: s.plan.RequestID, Key: access.KeyConfirmation, Envelope: b}))
}

// ordersEnd records an order to end, as the server does before it tells anybody.
func (s *simulation) ordersEnd(kind access.EndKind) {
	o := access.EndOrder{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest, Kind: kind, By: "somebody", At: s.now()}
	e, err := s.signer.SignEnd(o)
	require.NoError(s, err)
	b, err := json.Marshal(e)
	require.NoError(s, err)
	if err := s.ledger.OrderEnd(context.Background(), o, b); err != nil {
		require.Equal(s, access.CodeConflict, access.CodeOf(err))
		return // it is over
	}
	s.oracle.stopped = true
}

func (s *simulation) ends(kind access.EndKind) {
	s.ordersEnd(kind)
	s.markEnd()
	s.env.SignalWorkflow(workflows.SignalEnd, workflows.EndRequest{Kind: kind, By: "somebody", At: s.now()})
}

func (s *simulation) cancels() {
	s.markEnd()
	s.env.CancelWorkflow()
}

func (s *simulation) markEnd() {
	if s.oracle.endedAt.IsZero() {
		s.oracle.endedAt = s.now()
	}
}

func (s *simulation) breaks(op faketarget.Op, f faketarget.Fault, times int) {
	for range times {
		s.target.FailNext(op, f)
	}
	s.troubled += time.Duration(times) * retryAtMost
}

func (s *simulation) update(name string, m workflows.SignedStatement, answered func(any)) {
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
