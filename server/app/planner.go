package app

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// scopeResolver has workers derive what planned grants would open.
type scopeResolver interface {
	Resolve(ctx context.Context, grants []access.PlannedGrant) ([]access.Scope, error)
}

// planSigner signs a plan and the statement of why it came out as it did.
type planSigner interface {
	SignPlan(plan access.Plan) (evidence.Envelope, string, error)
	SignEvaluation(e access.Evaluation) (evidence.Envelope, error)
}

// historyLedger says what somebody had under a contract before.
type historyLedger interface {
	History(ctx context.Context, p access.Person, contract string, now time.Time) (access.History, error)
}

// planner derives the plan of a request: every fact comes from the contract, the
// targets and the verified person, none from the client.
type planner struct {
	catalog   *catalog
	changes   *proposer
	facts     Facts
	scopes    scopeResolver
	signer    planSigner
	history   historyLedger
	log       treeReader
	principal func(access.Person) string
	now       clock
}

// treeReader reads how large the log is.
type treeReader interface {
	Tree(ctx context.Context) (ledger.Tree, error)
}

// proposal is a plan that was made and signed, and nothing more yet.
type proposal struct {
	plan         access.Plan
	signed       evidence.Envelope
	stages       []access.StageStatus
	trace        []contracts.Step
	contractText string
	history      *access.History // nil: the contract reads none
	limitsAll    bool
}

// propose makes the plan of a request and signs it; nothing is recorded or
// started.
func (p *planner) propose(ctx context.Context, by access.Actor, in access.RequestInput, id string) (proposal, error) {
	c, err := p.catalog.find(ctx, by.Person, in.Contract)
	if err != nil {
		return proposal{}, err
	}
	now := p.now().Truncate(time.Microsecond) // what the ledger keeps
	history, err := historyFor(ctx, p.history, c, by.Person, in, now)
	if err != nil {
		return proposal{}, err
	}
	result := c.Evaluate(contracts.Input{Person: by.Person, Request: in, Now: now, History: history, Facts: p.facts.Ask(ctx, c.Questions(in)...),
		Inventories: p.catalog.inventories.Inventories(ctx, c.Inventories()...)})
	if err := result.Err(); err != nil {
		return proposal{}, err
	}
	if err := p.changes.plan(ctx, &result.Draft, by.Person); err != nil {
		return proposal{}, err
	}
	if err := p.catalog.refuseOff(ctx, by.Person, c, result.Draft.Grants); err != nil {
		return proposal{}, err
	}
	scopes, err := p.scopes.Resolve(ctx, result.Draft.Grants)
	if err != nil {
		return proposal{}, unusable(c, result.Draft, err)
	}
	plan := p.complete(result.Draft, scopes, by, id)
	// An approver may put the start off, and extensions may be denied.
	if plan.StartAt != nil || len(plan.Rule.Stages) > 0 || plan.AsksForExtensions() {
		tree, err := p.log.Tree(ctx)
		if err != nil {
			return proposal{}, err
		}
		plan.LogSize = tree.Size
	}
	out := proposal{trace: result.Trace, contractText: c.Text, history: history, limitsAll: c.LimitsAll()}
	if out.signed, plan.Digest, err = p.signer.SignPlan(plan); err != nil {
		return proposal{}, err
	}
	_, out.stages = plan.Rule.Tally(plan, plan.Digest, nil)
	out.plan = plan
	return out, nil
}

// unusable says of an entitlement that its target refuses whose mistake it is: a requester can
// mend no contract, and has written nothing but params.
func unusable(c *contracts.Contract, draft access.Plan, err error) error {
	var e *access.Error
	if !errors.As(err, &e) || e.Code != access.CodeInvalid || draft.Change != nil { // a proposal is what its requester wrote
		return err
	}
	code, owner, why := "contract_unusable", "its owner", (&access.Error{Message: e.Message, Issues: e.Issues}).Error()
	if len(e.Issues) == 1 {
		code = e.Issues[0].Code
	}
	if c.Owner != "" {
		owner += ", " + c.Owner + ","
	}
	if names := slices.Sorted(maps.Keys(draft.Params)); len(names) > 0 {
		return access.InvalidField(code, "params", "contract %s cannot be opened with these params, %s (%s): if no other value helps, %s has to mend the contract", c.Name, strings.Join(names, ", "), why, owner)
	}
	return access.Refuse(access.CodeConflict, code, "contract %s cannot be opened as it is written (%s): %s has to mend the contract", c.Name, why, owner)
}

// historyFor returns what somebody had under the contract before; nil if the contract reads
// no history.
func historyFor(ctx context.Context, l historyLedger, c *contracts.Contract, who access.Person, in access.RequestInput, now time.Time) (*access.History, error) {
	if !c.ReadsHistory() && !in.BreakGlass {
		return nil, nil
	}
	h, err := l.History(ctx, who, c.Name, now)
	return &h, err
}

// complete adds to what the contract made of the request all that only the server
// knows.
func (p *planner) complete(draft access.Plan, scopes []access.Scope, by access.Actor, id string) access.Plan {
	draft.RequestID, draft.Via, draft.Principal = id, by.Via, p.principal(by.Person)
	for i := range draft.Grants {
		draft.Grants[i].Name, draft.Grants[i].Scope = access.GrantName(id, i), scopes[i]
	}
	return draft
}

// request is the proposal as a request that nobody has decided yet.
func (s proposal) request() access.Request {
	return access.Request{ID: s.plan.RequestID, State: access.StatePending, Contract: s.plan.Contract, Requester: s.plan.Requester,
		Plan: s.plan, Stages: s.stages, Decisions: []access.Decision{}, CreatedAt: s.plan.CreatedAt}
}

// submission is what the ledger records of a proposal, with a signed statement
// of how the contract was evaluated.
func (p *planner) submission(s proposal, in access.RequestInput) (ledger.Submission, error) {
	out := ledger.Submission{Request: s.request(), Input: in, ContractText: s.contractText, RefuseDuplicate: true, History: s.history, LimitsAll: s.limitsAll}
	trace, err := json.Marshal(s.trace)
	if err != nil {
		return out, err
	}
	signed, err := p.signer.SignEvaluation(access.Evaluation{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest,
		Contract: s.plan.Contract, ContractVersion: s.plan.ContractVersion, Trace: trace, History: s.history, At: s.plan.CreatedAt})
	if err != nil {
		return out, err
	}
	if out.Evaluation, err = json.Marshal(signed); err != nil {
		return out, err
	}
	out.PlanEnvelope, err = json.Marshal(s.signed)
	return out, err
}
