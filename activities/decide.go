package activities

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/failpoint"
)

// VerifyDecisions verifies every decision from scratch, refuses a new one that may
// not count, and records what they amount to. Idempotent: the ledger recognises a
// decision by its person, verdict and time.
func (c *Control) VerifyDecisions(ctx context.Context, in api.VerifyDecisionsInput) (api.VerifyDecisionsResult, error) {
	res, err := c.verifyDecisions(ctx, in)
	if err != nil {
		recordRefusal(ctx, c.Ledger, requestOf(in.Plan, in.Of), access.EventDecisionRefused, access.ActDecide, err)
		return api.VerifyDecisionsResult{}, api.ToTemporal(err)
	}
	failpoint.Here(failpoint.DecisionRecorded)
	return res, nil
}

// VerifyInTask is VerifyDecisions as a local activity. A refusal is a part of its result,
// and an error has no text of its own: the SDK writes the failure of a local activity
// into the history in clear, whatever else is encrypted (docs/threats.md, case 41).
func (c *Control) VerifyInTask(ctx context.Context, in api.VerifyDecisionsInput) (api.VerifyDecisionsResult, error) {
	res, err := c.verifyDecisions(ctx, in)
	if err == nil {
		failpoint.Here(failpoint.DecisionRecorded)
		return res, nil
	}
	recordRefusal(ctx, c.Ledger, requestOf(in.Plan, in.Of), access.EventDecisionRefused, access.ActDecide, err)
	if refused := api.RefusalOf(err); refused != nil {
		return api.VerifyDecisionsResult{Refused: refused}, nil
	}
	activity.GetLogger(ctx).Warn("decisions could not be verified; it is tried again", "error", err)
	return api.VerifyDecisionsResult{}, temporal.NewApplicationError("the decisions could not be verified", string(access.CodeUnavailable))
}

func (c *Control) verifyDecisions(ctx context.Context, in api.VerifyDecisionsInput) (api.VerifyDecisionsResult, error) {
	envelopes := in.Decisions
	if in.New != nil {
		envelopes = append(envelopes[:len(envelopes):len(envelopes)], *in.New)
	}
	plan, err := signedPlan(ctx, c.Ledger, in.Plan, in.Of)
	if err != nil {
		return api.VerifyDecisionsResult{}, err
	}
	proof, err := c.Keyring.Authorize(plan, envelopes)
	if err != nil {
		return api.VerifyDecisionsResult{}, err
	}
	if err := requireShown(plan, in.Shown); err != nil {
		return api.VerifyDecisionsResult{}, err
	}
	people, err := directorySnapshot(ctx, c.Directory, proof)
	if err != nil {
		return api.VerifyDecisionsResult{}, err
	}
	proof = proof.Recount(people)
	var decision *access.Decision
	if in.New != nil {
		if decision, err = c.verifyNewDecision(*in.New, proof, people); err != nil {
			return api.VerifyDecisionsResult{}, err
		}
	}
	recorded := decision
	if decision != nil && repeats(proof, *decision) {
		if proof, err = c.Keyring.Authorize(plan, in.Decisions); err != nil {
			return api.VerifyDecisionsResult{}, err
		}
		proof, recorded = proof.Recount(people), nil
	}
	t, err := decisionTransition(proof, people, recorded, in.New)
	if err != nil {
		return api.VerifyDecisionsResult{}, err
	}
	res := api.VerifyDecisionsResult{Decision: decision, Tally: proof.Tally, Stages: proof.Stages}
	if in.Of != nil {
		res.Decision = nil // the workflow has it, in the envelope that was verified
	}
	return res, c.Ledger.Advance(ctx, t)
}

// repeats reports whether an approval adds nothing to one that its person gave before and
// that counts: somebody sent it again while the first was being verified. The workflow
// keeps the first one, and the ledger records no other. A denial is always recorded.
func repeats(proof evidence.Authorized, d access.Decision) bool {
	return d.Verdict == access.Approve && slices.ContainsFunc(proof.Counted, func(earlier access.Decision) bool {
		return earlier.Verdict == access.Approve && access.KeyDecision(earlier) != access.KeyDecision(d) &&
			earlier.Approver.SameHuman(d.Approver) && !earlier.At.After(d.At) && (earlier.Passkey != nil || d.Passkey == nil)
	})
}

// requireShown requires that the plan which a workflow goes by, and operators read in the
// Temporal UI, is the one that was signed. Errors are CodeEvidence.
func requireShown(signed evidence.Envelope, shown *access.Plan) error {
	if shown == nil {
		return nil // the workflow has compared the two
	}
	plan, err := evidence.ReadPlan(signed)
	if err != nil {
		return err
	}
	if !sameJSON(plan, *shown) {
		return access.Errorf(access.CodeEvidence, "the plan that is shown is not the one that was signed")
	}
	return nil
}

// verifyNewDecision verifies a decision that nobody has accepted yet. The server
// checks all of this too; here it holds for a sender who goes past the server.
func (c *Control) verifyNewDecision(signed evidence.Envelope, proof evidence.Authorized, people access.DirectorySnapshot) (*access.Decision, error) {
	d, err := c.Keyring.VerifyDecision(signed)
	if err != nil {
		return nil, err
	}
	current, err := people.Restrict(d.Approver)
	if err != nil {
		return nil, err
	}
	plan, now := proof.Plan, d
	now.Approver = current
	if d.Verdict == access.Approve {
		// The requester's accounts are those of now, too: a link that was declared
		// since takes back a yes, never a no.
		if _, err := people.Restrict(plan.Requester); err != nil {
			return nil, err
		}
		plan.Requester = people.WithAccounts(plan.Requester)
	} else {
		now.Approver.Accounts = d.Approver.Accounts
	}
	if err := plan.Rule.Counts(plan, plan.Digest, now); err != nil {
		return nil, err
	}
	if d.Verdict == access.Approve {
		if err := plan.Rule.CheckAsked(current.OnCallBy(d.OnCall, d.At), d.At.Sub(plan.CreatedAt), proof.Stages); err != nil {
			return nil, err
		}
	}
	return &d, nil
}

// decisionTransition returns the transition that records what decisions amount to,
// with the new one, if there is one, and with the approvals that count no more.
func decisionTransition(proof evidence.Authorized, people access.DirectorySnapshot, decision *access.Decision, signed *evidence.Envelope) (access.Transition, error) {
	t := access.Transition{RequestID: proof.Plan.RequestID, At: proof.Plan.CreatedAt, Stages: proof.Stages, Decisions: proof.Decisions}
	if decision != nil {
		envelope, err := json.Marshal(signed)
		if err != nil {
			return t, err
		}
		recorded := access.DecisionRecorded(*decision, envelope)
		t.At, t.Events, t.Statements = recorded.At, recorded.Events, recorded.Statements
	}
	if lost := lostApprovals(proof, people); len(lost) > 0 {
		message := strings.Join(lost, "; ")
		t.Events = append(t.Events, access.Event{At: t.At, Kind: access.EventDecisionInvalidated, Actor: access.ActorRamp,
			Message: message, Key: access.KeyInvalidated(message)})
	}
	if proof.Tally == access.TallySatisfied {
		t.To, t.StartAt = access.StateApproved, proof.AsApproved().StartAt
		t.Events = append(t.Events, access.Event{At: t.At, Kind: access.EventRequestApproved, Actor: access.ActorRamp,
			Message: approvedBy(proof.Plan), Key: access.KeyApproved})
	}
	return t, nil
}

func approvedBy(plan access.Plan) string {
	if plan.BreakGlass != nil {
		return "Break glass: nobody was asked."
	}
	if len(plan.Rule.Stages) == 0 {
		return "The contract approves this by itself."
	}
	return "Every stage is met."
}
