package app

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/workflows"
)

// endGateway carries the order to end a request to its workflow, which takes it
// even while no worker runs.
type endGateway interface {
	End(ctx context.Context, id string, order workflows.EndRequest) error
}

// ender ends requests, and the access that they opened.
type ender struct {
	requests *requests
	gateway  endGateway
	refused  refusals
	now      clock
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

var endings = map[workflows.EndKind]ending{
	workflows.EndCancel:  {isRequester, "not_requester", "only the requester cancels"},
	workflows.EndRelease: {isRequester, "not_requester", "only the requester releases; you may be able to revoke"},
	workflows.EndRevoke:  {mayRevoke, "not_revoker", "operators and approvers revoke; the requester releases"},
}

func isRequester(_ roles, p access.Person, r access.Request) bool { return p.ID == r.Requester.ID }

func mayRevoke(own roles, p access.Person, r access.Request) bool {
	return own.isOperator(p) || mayDecide(p, r, everEscalated) || r.Plan.MayReview(p) == nil
}

// Cancel takes back a request that has opened nothing; only its requester may.
func (e *ender) Cancel(ctx context.Context, by access.Actor, id, reason string) (access.Request, error) {
	return e.end(ctx, by, id, reason, workflows.EndCancel)
}

// Release hands active access back; only its requester may.
func (e *ender) Release(ctx context.Context, by access.Actor, id, reason string) (access.Request, error) {
	return e.end(ctx, by, id, reason, workflows.EndRelease)
}

// Revoke ends somebody's active access; operators may, and those who may decide
// the request.
func (e *ender) Revoke(ctx context.Context, by access.Actor, id, reason string) (access.Request, error) {
	return e.end(ctx, by, id, reason, workflows.EndRevoke)
}

func (e *ender) end(ctx context.Context, by access.Actor, id, reason string, kind workflows.EndKind) (access.Request, error) {
	r, err := e.requests.forAct(ctx, by, id, access.Act(kind))
	if err != nil {
		return r, err
	}
	if err := checkText("reason", reason); err != nil {
		return r, err
	}
	if err := endings[kind].check(e.requests.roles, by.Person, r); err != nil {
		return r, e.refused.record(ctx, by, id, access.Act(kind), err)
	}
	order := workflows.EndRequest{Kind: kind, By: by.Person.ID, Via: by.Via, Reason: reason, At: e.now()}
	if err := e.gateway.End(ctx, id, order); err != nil {
		return r, e.refused.record(ctx, by, id, access.Act(kind), e.requests.unanswered(ctx, err, r))
	}
	return e.requests.ledger.Request(ctx, id)
}

func (e ending) check(own roles, p access.Person, r access.Request) error {
	if !e.may(own, p, r) {
		return access.Refuse(access.CodeForbidden, e.issue, "%s", e.message)
	}
	return nil
}
