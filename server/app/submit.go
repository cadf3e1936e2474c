package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/internal/failpoint"
	"ramp.dev/ramp/ledger"
)

// Catalog lists what a person may ask for; query narrows it by words.
func (d *App) Catalog(_ context.Context, p access.Person, query string) []contracts.Offer {
	out := []contracts.Offer{}
	for _, o := range d.Contracts.Current().Offers(p, d.now()) {
		text := strings.ToLower(o.Contract + " " + o.Description + " " + strings.Join(o.Targets, " "))
		if strings.Contains(text, strings.ToLower(strings.TrimSpace(query))) {
			out = append(out, o)
		}
	}
	return out
}

// Offer is one contract as this person may use it; CodeNotFound otherwise.
func (d *App) Offer(_ context.Context, p access.Person, name string) (contracts.Offer, error) {
	for _, o := range d.Contracts.Current().Offers(p, d.now()) {
		if o.Contract == name {
			return o, nil
		}
	}
	return contracts.Offer{}, d.unknownContract(p, name)
}

// unknownContract suggests only what this person may ask for.
func (d *App) unknownContract(p access.Person, name string) error {
	var known []string
	for _, o := range d.Contracts.Current().Offers(p, d.now()) {
		known = append(known, o.Contract)
	}
	return &access.Error{Code: access.CodeNotFound, Issues: []access.Issue{{Code: "unknown_contract", Field: "contract",
		Message: fmt.Sprintf("there is no contract %q%s", access.Clip(name, 60), didYouMean(name, known))}}}
}

func didYouMean(name string, known []string) string {
	if near := contracts.Nearest(name, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// DryRun answers what Ramp would do, without doing or recording anything.
func (d *App) DryRun(ctx context.Context, p access.Person, ask access.RequestInput) (access.Plan, error) {
	plan, _, err := d.plan(ctx, p, ask, access.NewRequestID())
	if err != nil {
		return access.Plan{}, err
	}
	_, plan.Digest, err = d.Signer.SignPlan(plan)
	return plan, err
}

// basis is what a plan was made under, and why it came out as it did.
type basis struct {
	contract *contracts.Contract
	trace    []contracts.Step
}

func (d *App) plan(ctx context.Context, p access.Person, ask access.RequestInput, id string) (access.Plan, basis, error) {
	if ask.Contract == "" {
		return access.Plan{}, basis{}, access.Invalid(access.Issue{Code: "contract_missing", Field: "contract", Message: "name the contract to ask under"})
	}
	c, ok := d.Contracts.Current().Find(ask.Contract)
	if !ok {
		return access.Plan{}, basis{}, d.unknownContract(p, ask.Contract)
	}
	now := d.now().Truncate(time.Microsecond) // as the ledger keeps it
	e := c.Evaluate(contracts.Input{Person: p, Request: ask, Now: now})
	if err := e.Err(); err != nil {
		return access.Plan{}, basis{}, err
	}
	scopes, err := d.Gateway.Resolve(ctx, e.Draft.Grants)
	if err != nil {
		return access.Plan{}, basis{}, err
	}
	plan := access.Plan{
		RequestID: id, Contract: c.Name, ContractVersion: c.Version, Requester: p, Principal: d.Principal(p),
		Params: e.Draft.Params, Reason: strings.TrimSpace(ask.Reason), Ticket: ask.Ticket, Duration: e.Draft.Duration,
		CreatedAt: now, PendingUntil: now.Add(e.Draft.PendingFor.Std()), Rule: e.Draft.Rule, Extend: e.Draft.Extend,
		StepUp: e.Draft.StepUp,
	}
	if ask.StartAt != nil {
		at := ask.StartAt.UTC().Truncate(time.Second)
		plan.StartAt = &at
	}
	for i, g := range e.Draft.Grants {
		g.Name, g.Scope = access.GrantName(id, i), scopes[i]
		plan.Grants = append(plan.Grants, g)
	}
	return plan, basis{c, e.Trace}, nil
}

// Submit makes a request. With an idempotency key, asking again finds the
// request that was made first (created is false); the same key for another
// question is CodeConflict. The ledger is written before the workflow starts:
// a crash between the two is mended by Resume.
func (d *App) Submit(ctx context.Context, p access.Person, ask access.RequestInput, key string) (r access.Request, created bool, err error) {
	id := access.NewRequestID()
	if key != "" {
		if len(key) > 200 {
			return r, false, access.Invalid(access.Issue{Code: "idempotency_key_too_long", Field: "Idempotency-Key", Message: "the key may have 200 characters"})
		}
		id = access.RequestIDFor(p.ID, key)
		if r, err := d.Ledger.Request(ctx, id); err == nil {
			// Submitting again compares the questions.
			_, err := d.Ledger.Submit(ctx, ledger.Submission{Request: r, Ask: ask})
			return r, false, err
		}
	}
	plan, why, err := d.plan(ctx, p, ask, id)
	if err == nil {
		err = p.RequireRecentLogin(plan.StepUp, plan.CreatedAt)
	}
	if err != nil {
		return r, false, d.recordRefusal(ctx, p, "", "request "+access.Clip(ask.Contract, 60), err)
	}
	signed, digest, err := d.Signer.SignPlan(plan)
	if err != nil {
		return r, false, err
	}
	plan.Digest = digest
	_, stages := plan.Rule.Tally(plan, digest, nil)
	envelope, err := json.Marshal(signed)
	if err != nil {
		return r, false, err
	}
	r = access.Request{ID: id, State: access.StatePending, Contract: plan.Contract, Requester: p, Plan: plan,
		Stages: stages, Decisions: []access.Decision{}, CreatedAt: plan.CreatedAt}
	evaluation, err := d.evaluation(plan, why)
	if err != nil {
		return r, false, err
	}
	created, err = d.Ledger.Submit(ctx, ledger.Submission{Request: r, PlanEnvelope: envelope, Ask: ask, MaxOpen: d.MaxOpen, RefuseDuplicate: true,
		Evaluation: evaluation, ContractText: why.contract.Text})
	if err != nil {
		return r, false, d.recordRefusal(ctx, p, "", "request "+access.Clip(ask.Contract, 60), err)
	}
	failpoint.Here(failpoint.RequestWritten)
	if created {
		d.start(ctx, id, plan, signed)
	}
	r, err = d.Ledger.Request(ctx, id)
	return r, created, err
}

// evaluation is the signed statement of why a plan came out as it did, in JSON.
func (d *App) evaluation(plan access.Plan, why basis) ([]byte, error) {
	trace, err := json.Marshal(why.trace)
	if err != nil {
		return nil, err
	}
	signed, err := d.Signer.SignEvaluation(access.Evaluation{RequestID: plan.RequestID, PlanDigest: plan.Digest,
		Contract: plan.Contract, ContractVersion: plan.ContractVersion, Trace: trace, At: plan.CreatedAt})
	if err != nil {
		return nil, err
	}
	return json.Marshal(signed)
}

// start never fails the submission: the request is written down, and Resume
// starts it when Temporal is back.
func (d *App) start(ctx context.Context, id string, plan access.Plan, signed envelope) {
	if err := d.Gateway.Start(ctx, plan, signed); err != nil {
		d.Log.WithError(err).WithField("request", id).Error("workflow not started yet")
		return
	}
	if err := d.Ledger.MarkStarted(ctx, id); err != nil {
		d.Log.WithError(err).WithField("request", id).Warn("start not noted; it will be tried again, to no effect")
	}
}

// StartUnstarted starts what the ledger knows and Temporal may not, until ctx ends.
func (d *App) StartUnstarted(ctx context.Context) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		d.resume(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (d *App) resume(ctx context.Context) {
	// A few seconds of age keep it from racing a submission under way, which
	// would be harmless and noisy.
	list, err := d.Ledger.Unstarted(ctx, d.now().Add(-3*time.Second))
	if err != nil {
		if ctx.Err() == nil {
			d.Log.WithError(err).Warn("cannot look for requests to start")
		}
		return
	}
	for _, s := range list {
		var signed envelope
		if err := json.Unmarshal(s.PlanEnvelope, &signed); err != nil {
			d.Log.WithError(err).WithField("request", s.Request.ID).Error("stored plan is unreadable")
			continue
		}
		d.start(ctx, s.Request.ID, s.Request.Plan, signed)
	}
}
