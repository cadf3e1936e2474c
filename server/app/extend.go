package app

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/workflows"
)

// extensionGateway carries a signed order to extend to the request's workflow.
type extensionGateway interface {
	Extend(ctx context.Context, id string, signed evidence.Envelope) (workflows.ExtendResult, error)
}

// extensionSigner signs an order to extend.
type extensionSigner interface {
	SignExtension(o access.ExtensionOrder) (evidence.Envelope, error)
}

// extensionLedger records orders to extend that people decide.
type extensionLedger interface {
	AskExtension(ctx context.Context, o access.ExtensionOrder, envelope []byte, seen int) error
}

// grantLedger lists grants.
type grantLedger interface {
	Grants(ctx context.Context, f ledger.GrantFilter) ([]ledger.GrantRecord, error)
}

// extender prolongs active access.
type extender struct {
	grants    grantLedger
	requests  *requests
	contracts Contracts
	facts     Facts
	// directory says who the requester is by now; nil: as they were signed.
	directory access.Directory
	history   historyLedger
	gateway   extensionGateway
	signer    extensionSigner
	ledger    extensionLedger
	refused   refusals
	audit     *auditor
	log       logrus.FieldLogger
	now       clock
}

// Extend prolongs active access by more (a duration such as 15m), as far as its
// plan allows; only its requester may, and only while the contract of that name
// would still let them in. The old end holds until the new one is in force on
// every target; it stands when the extension is refused. Where people decide
// extensions, it is recorded for them to decide. from is the end that the requester saw;
// with it the same extension again, after a response that was lost, changes nothing.
func (e *extender) Extend(ctx context.Context, by access.Actor, id, more, reason string, from *time.Time) (access.Request, error) {
	r, err := e.requests.forAct(ctx, by, id, access.ActExtend)
	if err != nil {
		return r, err
	}
	adds, err := access.ParseDuration("for", more)
	if err != nil {
		return r, err
	}
	if err := checkText("reason", reason); err != nil {
		return r, err
	}
	if from != nil && by.Person.ID == r.Requester.ID {
		done, err := e.checkFrom(r, *from, adds)
		if err != nil {
			return r, e.refused.record(ctx, by, id, access.ActExtend, err)
		}
		if done {
			return r, nil
		}
	}
	order := access.ExtensionOrder{RequestID: id, PlanDigest: r.Plan.Digest,
		Number: r.Extensions + 1, From: deref(r.ExpiresAt), Adds: adds, By: by.Person, Via: by.Via, Reason: reason, At: e.now()}
	if err := e.check(ctx, r, order); err != nil {
		return r, e.refused.record(ctx, by, id, access.ActExtend, err)
	}
	signed, err := e.signer.SignExtension(order)
	if err != nil {
		return r, err
	}
	if r.Narrowed().AsksForExtensions() {
		return e.ask(ctx, by, r, order, signed)
	}
	return e.send(ctx, by, r, order, signed)
}

// checkFrom reports whether an extension from the end that the requester saw was made
// or is asked for already; nobody else extends. Errors are CodeConflict where access ends
// at another time than they saw.
func (e *extender) checkFrom(r access.Request, from time.Time, adds access.Duration) (done bool, err error) {
	switch asked := r.Asked; {
	case r.ExpiresAt == nil:
		return false, nil // it is not active, which is said
	case r.ExpiresAt.Equal(from):
		return asked != nil && asked.Open(e.now()) && asked.Order.From.Equal(from) && asked.Order.Adds == adds, nil
	case r.Extensions > 0 && r.ExpiresAt.Equal(from.Add(adds.Std())):
		return true, nil
	}
	return false, access.Refuse(access.CodeConflict, "end_moved", "access ends at %s, not at %s; look at it again", access.FormatTime(*r.ExpiresAt), access.FormatTime(from))
}

// send has the workflow make an extension, and returns the request with its new end.
func (e *extender) send(ctx context.Context, by access.Actor, r access.Request, order access.ExtensionOrder, signed evidence.Envelope) (access.Request, error) {
	id := r.ID
	res, err := e.gateway.Extend(ctx, id, signed)
	if err != nil {
		return r, e.refused.record(ctx, by, id, access.ActExtend, e.requests.unanswered(ctx, err, r))
	}
	until := order.From.Add(order.Adds.Std())
	if err := e.checkInForce(ctx, r, until, res); err != nil {
		return r, e.refused.record(ctx, by, id, access.ActExtend, err)
	}
	if r, err = e.requests.ledger.Request(ctx, id); err == nil {
		// The ledger follows within moments; what is returned is in force now.
		r.ExpiresAt, r.Extensions, r.Asked = &until, res.Number, nil
	}
	return r, err
}

// checkInForce returns an error unless the new end is the ordered one and workers have
// written it down for every grant: somebody who may write to Temporal's namespace can
// reply in the workflow's place.
func (e *extender) checkInForce(ctx context.Context, r access.Request, until time.Time, res workflows.ExtendResult) error {
	if !res.ExpiresAt.Equal(until) {
		return access.Errorf(access.CodeEvidence, "the request says that it ends at %s, and %s was ordered", access.FormatTime(res.ExpiresAt), access.FormatTime(until))
	}
	rows, err := e.grants.Grants(ctx, ledger.GrantFilter{RequestID: r.ID, NotClosed: true})
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.ExpiresAt.Before(until) {
			return access.Errorf(access.CodeEvidence, "no worker has extended grant %s", row.Name)
		}
	}
	if len(rows) < len(r.Plan.Grants) {
		return access.Errorf(access.CodeEvidence, "no worker has extended every grant")
	}
	return nil
}

// check returns why the order is not signed: the worker checks again what the
// plan says.
func (e *extender) check(ctx context.Context, r access.Request, o access.ExtensionOrder) error {
	switch {
	case o.By.ID != r.Requester.ID:
		return access.Refuse(access.CodeForbidden, access.IssueNotRequester, "only the requester extends")
	case r.State != access.StateActive || r.ExpiresAt == nil || r.ActiveAt == nil:
		return access.Refuse(access.CodeConflict, "wrong_state", "the request is %s, not active", r.State)
	}
	if r.Plan.Extend != nil && r.Narrowed().Extend == nil {
		return access.Refuse(access.CodeForbidden, access.IssueNotExtendable, "an approver gave %s of the %s that were asked for, and what was shortened is not extended; make a new request when this ends", r.Narrowed().Duration, r.Plan.Duration)
	}
	if err := r.Narrowed().AllowsExtension(o, r.ExpiresAt.Sub(*r.ActiveAt)+o.Adds.Std()); err != nil {
		return err
	}
	return e.checkEligible(ctx, r, o)
}

// stillEligible is checkEligible for an order that was given a while ago: for its
// requester without the groups that they have lost since, as the directory knows them.
func (e *extender) stillEligible(ctx context.Context, r access.Request, o access.ExtensionOrder) error {
	o.At = e.now()
	if e.directory != nil {
		snapshot, err := e.directory.DirectorySnapshot(ctx, o.By.Identities()...)
		if err != nil {
			return access.Errorf(access.CodeUnavailable, "the directory cannot be read: %w", err)
		}
		if o.By, err = snapshot.Restrict(o.By); err != nil {
			return err
		}
	}
	err := e.checkEligible(ctx, r, o)
	if why := access.IssuesOf(err); len(why) > 0 { // which speak to the requester
		return access.Refuse(access.CodeOf(err), why[0].Code, "the requester would be told now: %s", why[0].Message)
	}
	return err
}

// checkEligible evaluates the contract that is in force under the name now, for
// the person as they are now: more time is not for those whom it would not let
// in today.
func (e *extender) checkEligible(ctx context.Context, r access.Request, o access.ExtensionOrder) error {
	c, ok := e.contracts.Current().Find(r.Contract)
	if !ok {
		return access.Refuse(access.CodeForbidden, "contract_gone", "contract %s is no longer in force", r.Contract)
	}
	history, err := historyFor(ctx, e.history, c, o.By, access.RequestInput{}, o.At)
	if err != nil {
		return err
	}
	in := access.RequestInput{Contract: r.Contract, Params: r.Plan.Params, Reason: r.Plan.Reason, Ticket: r.Plan.Ticket}
	return c.CheckEligible(contracts.Input{Person: o.By, Now: o.At, History: history, Facts: e.facts.Ask(ctx, c.Questions(in)...), Request: in},
		r.Plan.Duration, o.From.Add(o.Adds.Std()))
}
