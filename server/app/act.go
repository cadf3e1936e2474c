package app

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/workflows"
)

// maxComment bounds comments and the reasons of acts, in characters.
const maxComment = 1000

func checkComment(field, s string) error {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxComment {
		return access.Invalid(access.Issue{Code: "comment_too_long", Field: field, Message: fmt.Sprintf("this may have %d characters", maxComment)})
	}
	return nil
}

func issue(code access.Code, name, format string, args ...any) error {
	return &access.Error{Code: code, Issues: []access.Issue{{Code: name, Message: fmt.Sprintf(format, args...)}}}
}

// requestFor is the request that an act is about. An act on one that the person may
// not see is recorded there, and answered as if there were none.
func (d *App) requestFor(ctx context.Context, p access.Person, id, act string) (access.Request, error) {
	r, err := d.Request(ctx, p, id)
	if access.CodeOf(err) != access.CodeNotFound {
		return r, err
	}
	if _, hidden := d.Ledger.Request(ctx, id); hidden == nil {
		_ = d.recordRefusal(ctx, p, id, act, issue(access.CodeForbidden, "not_visible", "this request is none of theirs"))
	}
	return r, err
}

// DecisionInput is what somebody says to a plan.
type DecisionInput struct {
	Verdict    access.Verdict
	PlanDigest string
	Comment    string
	Passkey    *access.Assertion // where the plan wants one; else it is left out of the record
}

// Decide takes one person's verdict on exactly the plan they saw, and answers
// the request as it is then. Deciding the same again answers the same; a denial
// after access has opened closes it (CASES 15).
func (d *App) Decide(ctx context.Context, p access.Person, id string, say DecisionInput) (access.Request, error) {
	r, err := d.requestFor(ctx, p, id, "decide")
	if err != nil {
		return r, err
	}
	if err := d.checkDecision(p, r, say.Verdict, say.PlanDigest, say.Comment); err != nil {
		return r, d.recordRefusal(ctx, p, id, "decide", err)
	}
	for _, dec := range r.Decisions {
		if dec.Approver.SameHuman(p) && dec.Verdict == say.Verdict {
			return r, nil
		}
	}
	dec := access.Decision{RequestID: id, PlanDigest: say.PlanDigest, Verdict: say.Verdict,
		Approver: p, Comment: say.Comment, At: d.now().Truncate(time.Microsecond)}
	if say.Verdict == access.Approve {
		if err := p.RequireRecentLogin(r.Plan.Rule.StepUp, dec.At); err != nil {
			return r, d.recordRefusal(ctx, p, id, "decide", err)
		}
	}
	if r.Plan.Rule.Passkey && say.Verdict == access.Approve {
		dec.Passkey = say.Passkey
		if err := d.checkPasskey(dec); err != nil {
			return r, d.recordRefusal(ctx, p, id, "decide", err)
		}
	}
	signed, err := d.Signer.SignDecision(dec)
	if err != nil {
		return r, err
	}
	if _, err := d.Gateway.Decide(ctx, id, signed); err != nil {
		return r, d.recordRefusal(ctx, p, id, "decide", asNotRunning(err))
	}
	return d.Ledger.Request(ctx, id)
}

func (d *App) checkDecision(p access.Person, r access.Request, v access.Verdict, digest, comment string) error {
	if v != access.Approve && v != access.Deny {
		return access.Invalid(access.Issue{Code: "decision_unknown", Field: "decision", Message: `decision must be "approve" or "deny"`})
	}
	if digest == "" {
		return access.Invalid(access.Issue{Code: "plan_digest_missing", Field: "planDigest", Message: "say which plan you decide, by its digest"})
	}
	if err := checkComment("comment", comment); err != nil {
		return err
	}
	if err := r.Plan.Rule.MayDecide(r.Requester, p); err != nil {
		return err
	}
	if digest != r.Plan.Digest {
		return issue(access.CodeConflict, "wrong_digest", "the plan you decided is not the plan of this request; look at it again")
	}
	switch {
	case r.State == access.StateLapsed, r.State == access.StatePending && d.now().After(r.Plan.PendingUntil):
		return issue(access.CodeTooLate, "lapsed", "the time for deciding was over at %s", r.Plan.PendingUntil.Format(time.RFC3339))
	case r.State.Final() || r.State == access.StateEnding:
		return issue(access.CodeConflict, "wrong_state", "the request is %s", r.State)
	case r.State != access.StatePending && v == access.Approve && !decided(p, r):
		return issue(access.CodeConflict, "wrong_state", "the request is %s already", r.State)
	}
	for _, dec := range r.Decisions {
		if dec.Approver.SameHuman(p) && dec.Verdict == access.Deny && v == access.Approve {
			return issue(access.CodeConflict, "already_decided", "you denied this request; that stands")
		}
	}
	return nil
}

// asNotRunning says that a workflow that is no longer there is over.
func asNotRunning(err error) error {
	if access.CodeOf(err) == access.CodeNotFound {
		return issue(access.CodeConflict, "wrong_state", "the request is over, or not started yet; look at it again")
	}
	return err
}

// Cancel takes back a request that has not opened anything; only its requester.
func (d *App) Cancel(ctx context.Context, p access.Person, id, reason string) (access.Request, error) {
	return d.stop(ctx, p, id, reason, workflows.EndCancel, func(r access.Request, can Permissions) error {
		switch {
		case p.ID != r.Requester.ID:
			return issue(access.CodeForbidden, "not_requester", "only the requester cancels")
		case !can.Cancel:
			return issue(access.CodeConflict, "wrong_state", "the request is %s; release it instead if it is active", r.State)
		}
		return nil
	})
}

// Release hands live access back; only its requester.
func (d *App) Release(ctx context.Context, p access.Person, id, reason string) (access.Request, error) {
	return d.stop(ctx, p, id, reason, workflows.EndRelease, func(r access.Request, can Permissions) error {
		switch {
		case p.ID != r.Requester.ID:
			return issue(access.CodeForbidden, "not_requester", "only the requester releases; you may be able to revoke")
		case !can.Release:
			return issue(access.CodeConflict, "wrong_state", "the request is %s, not active", r.State)
		}
		return nil
	})
}

// Revoke ends somebody's live access; operators, and those who may decide it.
func (d *App) Revoke(ctx context.Context, p access.Person, id, reason string) (access.Request, error) {
	return d.stop(ctx, p, id, reason, workflows.EndRevoke, func(r access.Request, can Permissions) error {
		switch {
		case !d.isOperator(p) && !d.mayDecide(p, r):
			return issue(access.CodeForbidden, "not_revoker", "operators and approvers revoke; the requester releases")
		case r.State != access.StateGranting && r.State != access.StateActive:
			return issue(access.CodeConflict, "wrong_state", "the request is %s, not active", r.State)
		}
		return nil
	})
}

func (d *App) stop(ctx context.Context, p access.Person, id, reason string, kind workflows.EndKind,
	may func(access.Request, Permissions) error) (access.Request, error) {
	r, err := d.requestFor(ctx, p, id, string(kind))
	if err != nil {
		return r, err
	}
	if err := checkComment("reason", reason); err != nil {
		return r, err
	}
	if err := may(r, d.Permissions(p, r)); err != nil {
		return r, d.recordRefusal(ctx, p, id, string(kind), err)
	}
	if err := d.Gateway.Stop(ctx, id, workflows.EndRequest{Kind: kind, By: p.ID, Reason: reason, At: d.now()}); err != nil {
		return r, asNotRunning(err)
	}
	return d.Ledger.Request(ctx, id)
}

// Extend lengthens live access by some more, as far as its plan allows; only
// its requester, and only while the contract of that name is still for them.
// The old end holds until the new one is in force everywhere; it stands when
// the extension is refused.
func (d *App) Extend(ctx context.Context, p access.Person, id, more, reason string) (access.Request, error) {
	r, err := d.requestFor(ctx, p, id, "extend")
	if err != nil {
		return r, err
	}
	adds, err := access.ParseDuration("for", more)
	if err != nil {
		return r, err
	}
	if err := checkComment("reason", reason); err != nil {
		return r, err
	}
	if err := d.checkExtension(p, r, adds); err != nil {
		return r, d.recordRefusal(ctx, p, id, "extend", err)
	}
	now := d.now()
	err = p.RequireRecentLogin(r.Plan.StepUp, now)
	if err == nil {
		err = d.stillEligible(p, r)
	}
	if err != nil {
		return r, d.recordRefusal(ctx, p, id, "extend", err)
	}
	signed, err := d.Signer.SignExtension(access.ExtensionOrder{RequestID: id, PlanDigest: r.Plan.Digest,
		Number: r.Extensions + 1, Adds: adds, By: p, Reason: reason, At: now})
	if err != nil {
		return r, err
	}
	res, err := d.Gateway.Extend(ctx, id, signed)
	if err != nil {
		return r, d.recordRefusal(ctx, p, id, "extend", asNotRunning(err))
	}
	if r, err = d.Ledger.Request(ctx, id); err == nil {
		// The ledger follows within moments; the answer is what is in force.
		r.ExpiresAt, r.Extensions = &res.ExpiresAt, res.Number
	}
	return r, err
}

func (d *App) checkExtension(p access.Person, r access.Request, adds access.Duration) error {
	can := d.Permissions(p, r)
	switch {
	case p.ID != r.Requester.ID:
		return issue(access.CodeForbidden, "not_requester", "only the requester extends")
	case r.State != access.StateActive || r.ExpiresAt == nil || r.ActiveAt == nil:
		return issue(access.CodeConflict, "wrong_state", "the request is %s, not active", r.State)
	case r.Plan.Extend == nil:
		return issue(access.CodeForbidden, "not_extendable", "contract %s does not extend; ask again when this ends", r.Contract)
	case !can.Extend:
		return issue(access.CodeForbidden, "extended_enough", "this was extended %d times, which is all that was approved", r.Extensions)
	}
	if total := r.ExpiresAt.Sub(*r.ActiveAt) + adds.Std(); total > r.Plan.Extend.UpTo.Std() {
		return issue(access.CodeForbidden, "extend_over_limit", "with %s more this would last %s; %s in all were approved",
			adds, total.Round(time.Second), r.Plan.Extend.UpTo)
	}
	return nil
}

// stillEligible looks at the contract that is in force under the name now, and
// at the person as they are now: more time is not for who would not be let in
// today.
func (d *App) stillEligible(p access.Person, r access.Request) error {
	c, ok := d.Contracts.Current().Find(r.Contract)
	if !ok {
		return issue(access.CodeForbidden, "contract_gone", "contract %s is not in force any more", r.Contract)
	}
	return c.CheckEligible(contracts.Input{Person: p, Now: d.now(), Request: access.RequestInput{Contract: r.Contract, Params: r.Plan.Params,
		Reason: r.Plan.Reason, Ticket: r.Plan.Ticket}}, r.Plan.Duration)
}

// PickUp mints a credential sealed to recipient; only for the requester, while
// active. With one grant its name may be left out.
func (d *App) PickUp(ctx context.Context, p access.Person, id, grant, recipient string) (evidence.SealedCredential, error) {
	r, err := d.requestFor(ctx, p, id, "pick up")
	if err != nil {
		return evidence.SealedCredential{}, err
	}
	if err := evidence.ValidateRecipient(recipient); err != nil {
		return evidence.SealedCredential{}, err
	}
	if grant == "" && len(r.Plan.Grants) == 1 {
		grant = r.Plan.Grants[0].Name
	}
	switch {
	case p.ID != r.Requester.ID:
		err = issue(access.CodeForbidden, "not_requester", "only the requester picks credentials up")
	case r.State != access.StateActive:
		err = issue(access.CodeConflict, "wrong_state", "the request is %s, not active", r.State)
	case grant == "":
		err = access.Invalid(access.Issue{Code: "grant_missing", Field: "grant", Message: "this request has several grants; name one"})
	}
	now := d.now()
	if err == nil {
		err = p.RequireRecentLogin(r.Plan.StepUp, now)
	}
	if err != nil {
		return evidence.SealedCredential{}, d.recordRefusal(ctx, p, id, "pick up", err)
	}
	signed, err := d.Signer.SignPickUp(access.PickUpOrder{RequestID: id, PlanDigest: r.Plan.Digest, Grant: grant,
		Recipient: recipient, By: p, At: now})
	if err != nil {
		return evidence.SealedCredential{}, err
	}
	sealed, err := d.Gateway.PickUp(ctx, id, signed)
	if err != nil {
		return sealed, d.recordRefusal(ctx, p, id, "pick up", asNotRunning(err))
	}
	return sealed, nil
}
