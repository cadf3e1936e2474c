package app

import (
	"context"
	"encoding/json"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/workflows"
)

// endGateway carries the order to end a request to its workflow, which takes it
// even while no worker runs.
type endGateway interface {
	End(ctx context.Context, id string, order workflows.EndRequest) error
}

// endLedger records an order to end.
type endLedger interface {
	OrderEnd(ctx context.Context, o access.EndOrder, envelope []byte) error
}

// endSigner signs an order to end.
type endSigner interface {
	SignEnd(o access.EndOrder) (evidence.Envelope, error)
}

// ender ends requests, and the access that they opened.
type ender struct {
	requests *requests
	orders   *endOrders
	refused  refusals
	now      clock
}

// endOrders gives orders to end.
type endOrders struct {
	ledger  endLedger
	signer  endSigner
	gateway endGateway
	log     logrus.FieldLogger
	audit   *auditor
}

// remember takes a checkpoint of the log after an order to end or a denial of a request
// whose planned start is still to come: this server then notices if it is taken out of
// the log (docs/threats.md, case 60).
func (e *endOrders) remember(ctx context.Context, r access.Request) {
	if r.Plan.StartAt != nil && !r.State.MayHaveAccess() {
		e.rememberLog(ctx)
	}
}

// rememberLog takes a checkpoint of the log: this server then notices if something that
// is in it is taken out.
func (e *endOrders) rememberLog(ctx context.Context) {
	if _, _, err := e.audit.checkpoint(ctx); err != nil {
		e.log.WithError(err).Warn("no checkpoint of the log could be taken")
	}
}

// record signs an order and writes it to the ledger. It stands from then on,
// whatever becomes of the request's workflow (docs/threats.md, case 57).
func (e *endOrders) record(ctx context.Context, o access.EndOrder) error {
	signed, err := e.signer.SignEnd(o)
	if err != nil {
		return err
	}
	envelope, err := json.Marshal(signed)
	if err != nil {
		return err
	}
	return e.ledger.OrderEnd(ctx, o, envelope)
}

// send tells the request's workflow, which ends access sooner than the reconciler
// would. That it cannot be told is no error of the order: it is sent again.
func (e *endOrders) send(ctx context.Context, o access.EndOrder) {
	if err := e.gateway.End(ctx, o.RequestID, workflows.NewEndRequest(o)); err != nil {
		e.log.WithError(err).WithField("request", o.RequestID).Warn("an order to end is recorded, and the workflow could not be told yet; it is told again")
	}
}

// ending is one way to end a request: who may, and why others are refused. In which
// state the ledger has the request does not matter: an attacker who wrote a false one there
// must not keep access from being ended (docs/threats.md, case 58). The workflow
// knows whether there is anything to end.
type ending struct {
	may     func(roles, access.Person, access.Request) bool
	issue   string // of those who may not
	message string
}

var endings = map[access.EndKind]ending{
	access.EndCancel:  {isRequester, "not_requester", "only the requester cancels"},
	access.EndRelease: {isRequester, "not_requester", "only the requester releases; you may be able to revoke"},
	access.EndRevoke:  {mayRevoke, "not_revoker", "operators, approvers and the human of an agent revoke; the requester releases"},
}

func isRequester(_ roles, p access.Person, r access.Request) bool { return p.ID == r.Requester.ID }

func mayRevoke(own roles, p access.Person, r access.Request) bool {
	return p.HumanOf(r.Requester) || own.isOperator(p) || mayDecide(p, r, everEscalated) || r.Plan.MayReview(p) == nil
}

// Cancel takes back a request that has opened nothing; only its requester may.
func (e *ender) Cancel(ctx context.Context, by access.Actor, id, reason string) (access.Request, error) {
	return e.end(ctx, by, id, reason, access.EndCancel)
}

// Release hands active access back; only its requester may.
func (e *ender) Release(ctx context.Context, by access.Actor, id, reason string) (access.Request, error) {
	return e.end(ctx, by, id, reason, access.EndRelease)
}

// Revoke ends somebody's active access; operators may, and those who may decide
// the request.
func (e *ender) Revoke(ctx context.Context, by access.Actor, id, reason string) (access.Request, error) {
	return e.end(ctx, by, id, reason, access.EndRevoke)
}

func (e *ender) end(ctx context.Context, by access.Actor, id, reason string, kind access.EndKind) (access.Request, error) {
	r, err := e.requests.forAct(ctx, by, id, access.Act(kind))
	if err != nil {
		return r, err
	}
	if err := checkText("reason", reason); err != nil {
		return r, err
	}
	if how := endings[kind]; !e.requests.roles.may(ctx, by.Person, r, how.may) {
		err := access.Refuse(access.CodeForbidden, how.issue, "%s", how.message)
		return r, e.refused.record(ctx, by, id, access.Act(kind), err)
	}
	order := access.EndOrder{RequestID: id, PlanDigest: r.Plan.Digest, Kind: kind, By: by.Person.ID, Via: by.Via, Reason: reason, At: e.now()}
	if err := e.orders.record(ctx, order); err != nil {
		// The ledger may say that the request is over; the workflow knows whether that is
		// true. And a ledger that cannot be written must not keep access open: the workflow
		// is told, and the caller learns that the order is not recorded.
		told := e.orders.gateway.End(ctx, id, workflows.NewEndRequest(order))
		switch {
		case isRepeated(err) && (access.CodeOf(told) == access.CodeNotFound || access.CodeOf(told) == access.CodeConflict):
			return r, nil // it is over, as this person wanted: they may have had no response
		case access.CodeOf(err) != access.CodeConflict:
			return r, e.refused.record(ctx, by, id, access.Act(kind), err)
		case told != nil:
			return r, e.refused.record(ctx, by, id, access.Act(kind), e.requests.unanswered(ctx, told, r))
		}
		return e.requests.ledger.Request(ctx, id)
	}
	e.orders.remember(ctx, r)
	e.orders.send(ctx, order)
	if r, err = e.requests.ledger.Request(ctx, id); err == nil {
		r.State = endedState(r.State)
	}
	return r, err
}

// isRepeated reports whether an order to end was refused because the request is over after
// the same order.
func isRepeated(err error) bool {
	issues := access.IssuesOf(err)
	return len(issues) > 0 && issues[0].Code == ledger.IssueEndedBySame
}

// endedState returns the state that an order to end leaves: what has not opened is
// cancelled, which its workflow records a moment later, and nothing opens for it any
// more.
func endedState(recorded access.State) access.State {
	if recorded.MayHaveAccess() || recorded.Final() {
		return recorded
	}
	return access.StateCancelled
}
