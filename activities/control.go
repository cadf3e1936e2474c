package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/calls"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/failpoint"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/reconcile"
)

// Recorder is what Control needs of the ledger.
type Recorder interface {
	Advance(context.Context, ledger.Advance) error
	Record(context.Context, access.Event) error
}

// Control runs on the control queue and touches no target.
type Control struct {
	Ledger    Recorder
	Keyring   evidence.Keyring
	Alarms    reconcile.Alarms // nil: nobody hears of what is overdue
	Directory Directory        // nil: nobody knows more than what was signed
}

// Judge verifies every decision from scratch, refuses a new one that may not
// count, and records what they add up to. Idempotent: the ledger knows a
// decision by its person, verdict and time.
func (c *Control) Judge(ctx context.Context, in calls.JudgeInput) (calls.JudgeResult, error) {
	res, err := c.judge(ctx, in)
	if err != nil {
		refuse(ctx, c.Ledger, in.Plan, access.EventDecisionRefused, "decide", err)
		return calls.JudgeResult{}, calls.ToTemporal(err)
	}
	failpoint.Here(failpoint.DecisionRecorded)
	return res, nil
}

func (c *Control) judge(ctx context.Context, in calls.JudgeInput) (calls.JudgeResult, error) {
	envelopes := in.Decisions
	if in.New != nil {
		envelopes = append(envelopes[:len(envelopes):len(envelopes)], *in.New)
	}
	proof, err := c.Keyring.Authorize(in.Plan, envelopes)
	if err != nil {
		return calls.JudgeResult{}, err
	}
	roll, err := rollOf(ctx, c.Directory, proof)
	if err != nil {
		return calls.JudgeResult{}, err
	}
	proof = proof.Now(roll)
	plan := proof.Plan
	res := calls.JudgeResult{Standing: proof.Standing, Stages: proof.Stages}
	step := ledger.Advance{RequestID: plan.RequestID, At: plan.CreatedAt, Stages: proof.Stages, Decisions: proof.Decisions}
	if in.New != nil {
		d, err := c.Keyring.Decision(*in.New)
		if err != nil {
			return calls.JudgeResult{}, err
		}
		// The server checks this too; here it holds for those who go past it.
		still, err := roll.Still(d.Approver)
		if err != nil {
			return calls.JudgeResult{}, err
		}
		if err := plan.Rule.MayDecide(plan.Requester, still); err != nil {
			return calls.JudgeResult{}, err
		}
		if d.At.After(plan.PendingUntil) && d.Verdict == access.Approve {
			return calls.JudgeResult{}, access.Errorf(access.CodeTooLate, "the time for deciding is over")
		}
		envelope, err := json.Marshal(in.New)
		if err != nil {
			return calls.JudgeResult{}, err
		}
		res.Decision = &d
		key := fmt.Sprintf("decision-%s-%s-%d", d.Approver.Human(), d.Verdict, d.At.UnixMicro())
		step.At = d.At
		step.Events = append(step.Events, access.Event{
			At: d.At, Kind: access.EventDecided, Actor: d.Approver.ID, Message: d.Comment,
			Detail: map[string]string{"decision": string(d.Verdict), "planDigest": d.PlanDigest},
			Key:    key,
		})
		step.Statements = append(step.Statements, ledger.Statement{Key: key, Envelope: envelope})
	}
	if lost := lostVotes(proof, roll); len(lost) > 0 {
		step.Events = append(step.Events, access.Event{At: step.At, Kind: access.EventRecounted, Actor: "ramp",
			Message: strings.Join(lost, "; "), Key: "recounted " + strings.Join(lost, "; ")})
	}
	if proof.Standing == access.StandingSatisfied {
		step.To = access.StateApproved
		step.Events = append(step.Events, access.Event{At: step.At, Kind: access.EventApproved, Actor: "ramp",
			Message: approvedBy(plan), Key: "approved"})
	}
	return res, c.Ledger.Advance(ctx, step)
}

func approvedBy(plan access.Plan) string {
	if len(plan.Rule.Stages) == 0 {
		return "The contract approves this by itself."
	}
	return "Every stage is met."
}

// Record moves a request in the ledger. Idempotent.
func (c *Control) Record(ctx context.Context, in calls.RecordInput) error {
	if in.Overdue != nil && *in.Overdue && c.Alarms != nil {
		problem := "closing takes too long; Ramp keeps trying"
		if in.Problem != nil {
			problem = *in.Problem
		}
		c.Alarms.Raise(ctx, reconcile.Alarm{At: in.At, RequestID: in.RequestID, Message: problem})
	}
	return calls.ToTemporal(c.Ledger.Advance(ctx, advance(in)))
}

// advance is what was recorded on the wire, as the ledger takes it.
func advance(in calls.RecordInput) ledger.Advance {
	return ledger.Advance{
		RequestID: in.RequestID, To: in.To, Outcome: in.Outcome, At: in.At,
		ActiveAt: in.ActiveAt, ExpiresAt: in.ExpiresAt, Extensions: in.Extensions,
		Overdue: in.Overdue, Problem: in.Problem, Events: in.Events,
	}
}
