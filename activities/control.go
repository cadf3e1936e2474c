package activities

import (
	"context"
	"encoding/json"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/failpoint"
	"ramp.dev/ramp/reconcile"
)

// Recorder is what Control needs of the ledger.
type Recorder interface {
	Advance(context.Context, access.Transition) error
	AppendEvent(context.Context, access.Event) error
}

// Control runs on the control queue and touches no target.
type Control struct {
	Ledger    Recorder
	Keyring   evidence.Keyring
	Alarms    reconcile.Alarms // nil: nobody hears of what is overdue
	Directory access.Directory // nil: nobody knows more than what was signed
}

// VerifyDecisions verifies every decision from scratch, refuses a new one that may not
// count, and records what they add up to. Idempotent: the ledger knows a
// decision by its person, verdict and time.
func (c *Control) VerifyDecisions(ctx context.Context, in api.VerifyDecisionsInput) (api.VerifyDecisionsResult, error) {
	res, err := c.verifyDecisions(ctx, in)
	if err != nil {
		recordRefusal(ctx, c.Ledger, in.Plan, access.EventDecisionRefused, access.ActDecide, err)
		return api.VerifyDecisionsResult{}, api.ToTemporal(err)
	}
	failpoint.Here(failpoint.DecisionRecorded)
	return res, nil
}

func (c *Control) verifyDecisions(ctx context.Context, in api.VerifyDecisionsInput) (api.VerifyDecisionsResult, error) {
	envelopes := in.Decisions
	if in.New != nil {
		envelopes = append(envelopes[:len(envelopes):len(envelopes)], *in.New)
	}
	proof, err := c.Keyring.Authorize(in.Plan, envelopes)
	if err != nil {
		return api.VerifyDecisionsResult{}, err
	}
	roll, err := directorySnapshot(ctx, c.Directory, proof)
	if err != nil {
		return api.VerifyDecisionsResult{}, err
	}
	proof = proof.Recount(roll)
	plan := proof.Plan
	res := api.VerifyDecisionsResult{Outcome: proof.Outcome, Stages: proof.Stages}
	step := access.Transition{RequestID: plan.RequestID, At: plan.CreatedAt, Stages: proof.Stages, Decisions: proof.Decisions}
	if in.New != nil {
		d, err := c.Keyring.VerifyDecision(*in.New)
		if err != nil {
			return api.VerifyDecisionsResult{}, err
		}
		// The server checks this too; here it holds for those who go past it.
		still, err := roll.Restrict(d.Approver)
		if err != nil {
			return api.VerifyDecisionsResult{}, err
		}
		if err := plan.Rule.MayDecide(plan.Requester, still); err != nil {
			return api.VerifyDecisionsResult{}, err
		}
		if d.At.After(plan.PendingUntil) && d.Verdict == access.Approve {
			return api.VerifyDecisionsResult{}, access.Errorf(access.CodeTooLate, "the time for deciding is over")
		}
		envelope, err := json.Marshal(in.New)
		if err != nil {
			return api.VerifyDecisionsResult{}, err
		}
		res.Decision = &d
		key := access.KeyDecision(d)
		step.At = d.At
		step.Events = append(step.Events, access.Event{
			At: d.At, Kind: access.EventDecisionRecorded, Actor: d.Approver.ID, Message: d.Comment,
			Detail: map[string]string{"decision": string(d.Verdict), "planDigest": d.PlanDigest},
			Key:    key,
		})
		step.Statements = append(step.Statements, access.Statement{Key: key, Envelope: envelope})
	}
	if lost := lostApprovals(proof, roll); len(lost) > 0 {
		step.Events = append(step.Events, access.Event{At: step.At, Kind: access.EventDecisionInvalidated, Actor: access.ActorRamp,
			Message: strings.Join(lost, "; "), Key: access.KeyInvalidated(strings.Join(lost, "; "))})
	}
	if proof.Outcome == access.DecisionsSatisfied {
		step.To = access.StateApproved
		step.Events = append(step.Events, access.Event{At: step.At, Kind: access.EventRequestApproved, Actor: access.ActorRamp,
			Message: approvedBy(plan), Key: access.KeyApproved})
	}
	return res, c.Ledger.Advance(ctx, step)
}

func approvedBy(plan access.Plan) string {
	if len(plan.Rule.Stages) == 0 {
		return "The contract approves this by itself."
	}
	return "Every stage is met."
}

// RecordTransition moves a request in the ledger. Idempotent.
func (c *Control) RecordTransition(ctx context.Context, in access.Transition) error {
	if in.Overdue != nil && *in.Overdue && c.Alarms != nil {
		problem := "closing takes too long; Ramp keeps trying"
		if in.Problem != nil {
			problem = *in.Problem
		}
		c.Alarms.Raise(ctx, reconcile.Alarm{At: in.At, RequestID: in.RequestID, Message: problem})
	}
	return api.ToTemporal(c.Ledger.Advance(ctx, in))
}
