package app

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// Where a contract has people decide each extension, the order to extend is signed and
// recorded first, and changes nothing: access goes on to its present end. People decide
// on the order's digest, so on exactly this extension. The decision that satisfies the
// rule has the order sent to the workflow, which knows nothing of all this; the worker
// finds the decisions among the statements, and counts them itself.

// maxAsks bounds how often an extension can be asked for from one end: each is a
// statement, and a question to people.
const maxAsks = 5

// ask records an order to extend for people to decide.
func (e *extender) ask(ctx context.Context, by access.Actor, r access.Request, o access.ExtensionOrder, signed evidence.Envelope) (access.Request, error) {
	seen := 0
	if last := r.Asked; last != nil {
		seen = last.Attempt
		switch {
		case e.mayBeMade(last):
			return e.sendAsked(ctx, by, r) // approved, and not in force yet
		case last.Open(e.now()):
			return r, e.refused.record(ctx, by, r.ID, access.ActExtend, access.Refuse(access.CodeConflict, "extension_waits",
				"an extension by %s already waits for approval", last.Order.Adds))
		case last.Attempt >= maxAsks:
			return r, e.refused.record(ctx, by, r.ID, access.ActExtend, access.Refuse(access.CodeForbidden, "extension_asks",
				"this extension was asked for %d times; make a new request when access ends", last.Attempt))
		}
	}
	envelope, err := json.Marshal(signed)
	if err != nil {
		return r, err
	}
	if o.Digest, err = evidence.PayloadDigest(signed); err != nil {
		return r, err
	}
	if err := e.ledger.AskExtension(ctx, o, envelope, seen); err != nil {
		return r, e.refused.record(ctx, by, r.ID, access.ActExtend, err)
	}
	return e.requests.ledger.Request(ctx, r.ID)
}

// sendAsked has an extension made that people have approved. A denial may have come while
// the approval was signed, and somebody may have taken it away since: the log is held
// against the decisions each time that the order is sent.
func (e *extender) sendAsked(ctx context.Context, by access.Actor, r access.Request) (access.Request, error) {
	signed, err := evidence.ReadEnvelope(r.Asked.Envelope)
	if err != nil {
		return r, err
	}
	if err := e.audit.checkExtensionLog(ctx, r.Plan, *r.Asked); err != nil {
		return r, e.refused.record(ctx, by, r.ID, access.ActExtend, err)
	}
	return e.send(ctx, by, r, r.Asked.Order, signed)
}

// decideExtension takes one person's verdict on the extension that is asked for. A
// denial leaves the access as it is, until its present end.
func (d *decider) decideExtension(ctx context.Context, by access.Actor, r access.Request, in DecisionInput) (access.Request, error) {
	refuse := func(err error) (access.Request, error) {
		return r, d.refused.record(ctx, by, r.ID, access.ActDecide, err)
	}
	if slices.ContainsFunc(r.Asked.Decisions, func(earlier access.Decision) bool {
		return earlier.Approver.SameHuman(by.Person) && earlier.Verdict == in.Verdict
	}) {
		return r, nil // sent again by somebody who had no response: it is recorded already
	}
	if in.Verdict == access.Approve {
		now, err := d.withRequesterOfNow(ctx, r)
		if err != nil {
			return refuse(err)
		}
		r = now
	}
	var onCall []access.Fact
	if r.Plan.AsksForExtensions() {
		onCall = d.requests.roles.rota.forDecision(ctx, by.Person, r.Plan.ForExtension(r.Asked.Order), in.Verdict)
	}
	dec := access.Decision{RequestID: r.ID, PlanDigest: r.Asked.Order.Digest, Verdict: in.Verdict, Approver: by.Person, Via: by.Via,
		Comment: in.Comment, Confirmed: in.Confirmed, OnCall: onCall, At: d.now().Truncate(time.Microsecond)}
	if err := d.checkExtension(dec.Voter(), r, in, dec); err != nil {
		return refuse(err)
	}
	plan := r.Plan.ForExtension(r.Asked.Order)
	if in.Verdict == access.Approve {
		if err := d.extender.stillEligible(ctx, r, r.Asked.Order); err != nil {
			return refuse(err)
		}
		if err := d.ends.audit.checkExtensionLog(ctx, r.Plan, *r.Asked); err != nil {
			return refuse(err)
		}
		var err error
		if dec, err = d.prove(plan, dec, in.Passkey); err != nil {
			return refuse(err)
		}
	}
	signed, err := d.extensionSigner.SignExtensionDecision(dec)
	if err != nil {
		return r, err
	}
	envelope, err := json.Marshal(signed)
	if err != nil {
		return r, err
	}
	if err := d.ledger.Advance(ctx, access.ExtensionDecided(dec, envelope)); err != nil {
		return r, err
	}
	if in.Verdict == access.Deny {
		d.ends.rememberLog(ctx)
	}
	if r, err = d.requests.ledger.Request(ctx, r.ID); err != nil || r.Asked == nil || r.Asked.Tally != access.TallySatisfied {
		return r, err
	}
	extended, err := d.extender.sendAsked(ctx, by, r)
	if access.CodeOf(err) == access.CodeUnavailable {
		return r, nil // the approval is recorded, and the order is sent again
	}
	return extended, err
}

// checkExtension reports why p may not decide the extension; the worker checks again.
func (d *decider) checkExtension(p access.Person, r access.Request, in DecisionInput, dec access.Decision) error {
	if in.Verdict != access.Approve && in.Verdict != access.Deny {
		return access.Invalid(access.Issue{Code: "decision_unknown", Field: "decision", Message: `decision must be "approve" or "deny"`})
	}
	if err := checkText("comment", in.Comment); err != nil {
		return err
	}
	rule, waited := r.Plan.Extend.Rule, dec.At.Sub(r.Asked.Order.At)
	if err := rule.MayDecide(in.Verdict, r.Requester, p, waited); err != nil {
		return err
	}
	switch {
	case r.State != access.StateActive:
		return access.Refuse(access.CodeConflict, "wrong_state", "the request is %s", r.State)
	case !r.Asked.Open(dec.At):
		return access.Refuse(access.CodeTooLate, "lapsed", "this extension is %s, or access has ended", r.Asked.Tally)
	case decidedBy(p, r.Asked.Decisions):
		return access.Refuse(access.CodeConflict, "already_decided", "you have decided this extension")
	case in.UpTo > 0 || in.StartAt != nil:
		return access.InvalidField("narrow_extension", "upTo", "an extension is approved as it was asked for, or denied: say then what you would approve")
	}
	if in.Verdict == access.Approve {
		if err := rule.CheckAsked(p, waited, r.Asked.Stages); err != nil {
			return err
		}
	}
	return rule.CheckComment(dec)
}
