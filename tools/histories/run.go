package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/workflows"
)

// run is one request while its scenario is played. After the first error no more
// steps are done, so that a scenario needs no checks between them.
type run struct {
	*environment
	plan   access.Plan
	target *faketarget.Target
	err    error
}

func person(id string, groups ...string) access.Person {
	return access.Person{ID: id, Kind: access.KindHuman, Groups: groups}
}

var (
	alice = person("alice", "engineering")
	bob   = person("bob", "approvers")
	carol = person("carol", "security")
)

func (r *run) decision(p access.Person, v access.Verdict) evidence.Envelope {
	e, err := r.signer.SignDecision(access.Decision{RequestID: r.plan.RequestID, PlanDigest: r.plan.Digest, Verdict: v,
		Approver: p, At: time.Now().UTC()})
	r.keep(err)
	return e
}

func (r *run) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}

// do does one step, unless an earlier one failed.
func (r *run) do(step func() error) {
	if r.err == nil {
		r.keep(step())
	}
}

func (r *run) decides(ctx context.Context, p access.Person, v access.Verdict) {
	r.do(func() error {
		_, err := r.gateway.Decide(ctx, r.plan.RequestID, r.decision(p, v))
		return err
	})
}

func (r *run) decidesBySignal(ctx context.Context, p access.Person, v access.Verdict) {
	r.do(func() error {
		return r.temporal.SignalWorkflow(ctx, workflows.AccessWorkflowID(r.plan.RequestID), "", workflows.SignalDecision,
			workflows.SignedStatement{Envelope: r.decision(p, v)})
	})
}

func (r *run) extends(ctx context.Context, adds time.Duration) {
	r.do(func() error {
		v, err := r.temporal.QueryWorkflow(ctx, workflows.AccessWorkflowID(r.plan.RequestID), "", workflows.QueryStatus)
		if err != nil {
			return err
		}
		var now workflows.Status
		if err := v.Get(&now); err != nil || now.ExpiresAt == nil {
			return fmt.Errorf("the request has no end to extend: %w", err)
		}
		order, err := r.signer.SignExtension(access.ExtensionOrder{RequestID: r.plan.RequestID, PlanDigest: r.plan.Digest,
			Number: 1, From: *now.ExpiresAt, Adds: access.Duration(adds), By: alice, Reason: "not done yet", At: time.Now().UTC()})
		if err != nil {
			return err
		}
		_, err = r.gateway.Extend(ctx, r.plan.RequestID, order)
		return err
	})
}

// confirms confirms the planned start with the decisions that there are, as a server
// does shortly before it.
func (r *run) confirms(ctx context.Context) {
	r.do(func() error {
		stored, err := r.ledger.Statements(ctx, r.plan.RequestID)
		if err != nil {
			return err
		}
		var decisions []access.Decision
		for _, b := range stored {
			if e, err := evidence.ReadEnvelope(b); err == nil && e.PayloadType == evidence.TypeDecision {
				d, err := evidence.ReadDecision(e)
				if err != nil {
					return err
				}
				decisions = append(decisions, d)
			}
		}
		signed, err := r.signer.SignConfirmation(access.Confirmation{RequestID: r.plan.RequestID, PlanDigest: r.plan.Digest,
			Decisions: access.DecisionKeys(decisions), At: time.Now().UTC()})
		if err != nil {
			return err
		}
		b, err := json.Marshal(signed)
		if err != nil {
			return err
		}
		return r.ledger.AddStatement(ctx, access.Statement{RequestID: r.plan.RequestID, Key: access.KeyConfirmation, Envelope: b})
	})
}

func (r *run) picksUp(ctx context.Context) {
	r.do(func() error {
		recipient, err := evidence.NewRecipient()
		if err != nil {
			return err
		}
		order, err := r.signer.SignPickUp(access.PickUpOrder{RequestID: r.plan.RequestID, PlanDigest: r.plan.Digest,
			Grant: r.plan.Grants[0].Name, Recipient: recipient.Public(), By: alice, At: time.Now().UTC()})
		if err != nil {
			return err
		}
		_, err = r.gateway.PickUp(ctx, r.plan.RequestID, order)
		return err
	})
}

func (r *run) stops(ctx context.Context, kind access.EndKind, by access.Person) {
	r.do(func() error {
		return r.gateway.End(ctx, r.plan.RequestID, workflows.EndRequest{Kind: kind, By: by.ID, At: time.Now().UTC()})
	})
}

// floods sends so many signals that the workflow continues as new, and waits until
// it has.
func (r *run) floods(ctx context.Context) {
	id := workflows.AccessWorkflowID(r.plan.RequestID)
	r.do(func() error {
		for range longRun {
			if err := r.temporal.SignalWorkflow(ctx, id, "", workflows.SignalRecount, nil); err != nil {
				return err
			}
		}
		for {
			d, err := r.temporal.DescribeWorkflowExecution(ctx, id, "")
			if err != nil {
				return err
			}
			if info := d.WorkflowExecutionInfo; info.Execution.RunId != info.FirstRunId {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("it was not continued as new: %w", ctx.Err())
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
}

func (r *run) cancels(ctx context.Context) {
	r.do(func() error { return r.temporal.CancelWorkflow(ctx, workflows.AccessWorkflowID(r.plan.RequestID), "") })
}

// awaits waits until the ledger has the request in a state.
func (r *run) awaits(ctx context.Context, want access.State) {
	r.do(func() error {
		for {
			got, err := r.ledger.Request(ctx, r.plan.RequestID)
			if err != nil || got.State == want {
				return err
			}
			if got.State.Final() {
				return fmt.Errorf("the request is %s and will never be %s", got.State, want)
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("the request is %s, not %s: %w", got.State, want, ctx.Err())
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
}

// staysFor fails if the request leaves a state within a time.
func (r *run) staysFor(ctx context.Context, state access.State, d time.Duration) {
	r.do(func() error {
		for deadline := time.Now().Add(d); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			if got, err := r.ledger.Request(ctx, r.plan.RequestID); err != nil || got.State != state {
				return fmt.Errorf("the request is %s and did not stay %s: %w", got.State, state, err)
			}
		}
		return nil
	})
}
