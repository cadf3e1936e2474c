package company

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/review"
)

// Recorder records requests in a ledger as servers and workers do: signed plans, decisions
// and receipts, each step in its own transaction, with the events that it leaves.
type Recorder struct {
	Ledger *ledger.Ledger
	Server *evidence.Signer
	Worker *evidence.Signer // signs receipts
	// AtOnce is how many requests are worked on at the same time.
	AtOnce int
	// Progress is called now and then with how many of the steps are done; it may be nil.
	Progress func(done, of int)
}

// step is one step in the life of a request.
type step struct {
	at time.Time
	of *life
	do func(*life, context.Context) error
}

// clocks is how far the times of events may be in another order than their numbers, as those
// of servers are whose clocks differ.
const clocks = 20 * time.Minute

// Record records requests, all in the order of time, and that people signed in to ask for
// them. Errors are those of the ledger and of the keys. It begins with a ledger that has none
// of them.
func (w Recorder) Record(ctx context.Context, requests []review.Request) error {
	var steps []step
	for _, r := range requests {
		steps = append(steps, w.steps(r)...)
	}
	slices.SortStableFunc(steps, func(a, b step) int { return a.at.Compare(b.at) })
	for done := 0; done < len(steps); {
		var lives []*life
		next, until := map[*life][]step{}, steps[done].at.Add(clocks)
		for ; done < len(steps) && steps[done].at.Before(until); done++ {
			of := steps[done].of
			if next[of] == nil {
				lives = append(lives, of)
			}
			next[of] = append(next[of], steps[done])
		}
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(max(w.AtOnce, 1))
		for _, of := range lives {
			group.Go(func() error { return of.live(ctx, next[of]) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		if w.Progress != nil {
			w.Progress(done, len(steps))
		}
	}
	return nil
}

// steps are what happens to a request, each at its time.
func (w Recorder) steps(r review.Request) []step {
	l := &life{Recorder: w, r: r}
	out := []step{{r.AskedAt.Add(-time.Minute), l, (*life).signIn}, {r.AskedAt, l, (*life).submit}, {r.DecidedAt, l, (*life).decide}}
	if !r.Opened() {
		return out
	}
	l.ending = r.ClosedAt.Add(-time.Second)
	if !r.OverdueAt.IsZero() {
		l.ending = r.OverdueAt.Add(-time.Minute)
		out = append(out, step{r.OverdueAt, l, (*life).late})
	}
	if len(r.Drifts) > 0 {
		out = append(out, step{r.Drifts[0], l, (*life).drift})
	}
	if r.PickedUp > 0 {
		out = append(out, step{r.OpenedAt.Add(time.Millisecond), l, (*life).pickUp})
	}
	out = append(out, step{r.OpenedAt, l, (*life).open}, step{l.ending, l, (*life).end}, step{r.ClosedAt, l, (*life).close})
	if g := r.BreakGlass; g != nil && !g.ReviewedAt.IsZero() {
		out = append(out, step{g.ReviewedAt, l, (*life).review})
	}
	return out
}

// life is one request while it is recorded.
type life struct {
	Recorder
	r      review.Request
	plan   access.Plan
	ending time.Time
	gone   bool // it was not taken
}

func (l *life) live(ctx context.Context, steps []step) error {
	for _, s := range steps {
		if l.gone {
			return nil
		}
		if err := s.do(l, ctx); err != nil {
			return fmt.Errorf("request %s: %w", l.r.ID, err)
		}
	}
	return nil
}

func (l *life) signIn(ctx context.Context) error {
	return l.Ledger.AppendEvent(ctx, access.Event{At: l.r.AskedAt.Add(-time.Minute), Kind: access.EventSessionStarted, Actor: l.r.Requester.ID, Detail: map[string]string{"via": string(access.ViaWeb)}})
}

// submit submits the request. Somebody whose last use of break glass waits for its review
// breaks none.
func (l *life) submit(ctx context.Context) error {
	created, err := l.ask(ctx)
	l.gone = !created
	if access.CodeOf(err) == access.CodeForbidden {
		return nil
	}
	return err
}

func personOf(p review.Person) access.Person {
	return access.Person{ID: p.ID, Name: p.Name, Kind: access.KindHuman, Groups: p.Groups, Attributes: p.Attributes}
}

func (l *life) ask(ctx context.Context) (created bool, err error) {
	r := l.r
	stage := access.Stage{Name: "owners", From: []string{r.Owner}, Approvals: 1}
	p := access.Plan{RequestID: r.ID, Contract: r.Contract, ContractVersion: r.ContractVersion, Requester: personOf(r.Requester), Via: r.Via, Principal: r.Requester.ID,
		Reason: r.Reason, Ticket: r.Ticket, Duration: r.Asked, CreatedAt: r.AskedAt, PendingUntil: r.AskedAt.Add(pendingFor), Rule: access.Rule{Stages: []access.Stage{stage}, DenyThreshold: 1}}
	for name, value := range r.Params {
		p.Params = map[string]any{name: value}
	}
	for i, target := range r.Targets {
		p.Grants = append(p.Grants, access.PlannedGrant{Name: access.GrantName(r.ID, i), Target: target, Entitlement: access.Entitlement{"role": "readonly"},
			Scope: access.Scope{Summary: "read " + target, Ends: "the role is dropped"}})
	}
	if r.Automatic {
		p.Rule = access.Rule{Auto: true, DenyThreshold: 1}
	}
	if r.BreakGlass != nil {
		p.BreakGlass, p.Rule = &access.BreakGlass{Reviewers: []string{everybody}, ReviewBy: r.BreakGlass.ReviewBy}, access.Rule{Auto: true, DenyThreshold: 1}
	}
	envelope, digest, err := l.Server.SignPlan(p)
	if err != nil {
		return false, err
	}
	p.Digest = digest
	text, err := json.Marshal(envelope)
	if err != nil {
		return false, err
	}
	l.plan = p
	_, stages := p.Rule.Tally(p, digest, nil)
	return l.Ledger.Submit(ctx, ledger.Submission{PlanEnvelope: text, Input: access.RequestInput{Contract: r.Contract, Params: p.Params, Duration: r.Asked.String(), Reason: r.Reason, Ticket: r.Ticket},
		Request: access.Request{ID: r.ID, State: access.StatePending, Contract: r.Contract, Requester: p.Requester, Plan: p, Stages: stages, Decisions: []access.Decision{}, CreatedAt: r.AskedAt}})
}

// decide records what people decided, and what ended the request before it opened.
func (l *life) decide(ctx context.Context) error {
	r := l.r
	var made []access.Decision
	var errs error
	t := access.Transition{RequestID: r.ID, At: r.DecidedAt}
	for _, d := range r.Decisions {
		one := access.Decision{RequestID: r.ID, PlanDigest: l.plan.Digest, Verdict: d.Verdict, Approver: personOf(d.By), Via: d.Via, At: d.At}
		envelope, err := l.Server.SignDecision(one)
		text, err2 := json.Marshal(envelope)
		errs = errors.Join(errs, err, err2)
		recorded := access.DecisionRecorded(one, text)
		made, t.Events, t.Statements = append(made, one), append(t.Events, recorded.Events...), append(t.Statements, recorded.Statements...)
	}
	if errs != nil {
		return errs
	}
	_, t.Stages = l.plan.Rule.Tally(l.plan, l.plan.Digest, made)
	t.Decisions = made
	event := func(kind access.EventKind, key, message string) {
		t.Events = append(t.Events, access.Event{At: r.DecidedAt, Kind: kind, Actor: access.ActorRamp, Key: key, Message: message})
	}
	switch r.State {
	case access.StateDenied:
		t.To = access.StateDenied
		event(access.EventRequestDenied, access.KeyFinal(t.To), "")
	case access.StateLapsed:
		t.To = access.StateLapsed
		event(access.EventRequestLapsed, access.KeyFinal(t.To), "Nobody decided in time.")
	case access.StateCancelled:
		t.To = access.StateCancelled
		event(access.EventRequestCancelled, access.KeyFinal(t.To), "")
	default:
		t.To = access.StateApproved
		event(access.EventRequestApproved, access.KeyApproved, "Every stage is met.")
	}
	return l.Ledger.Advance(ctx, t)
}

// open opens the grants as workers do.
func (l *life) open(ctx context.Context) error {
	r := l.r
	for i := range l.plan.Grants {
		g, err := l.plan.Grant(access.GrantName(r.ID, i), r.PlannedEnd)
		if err != nil {
			return err
		}
		if err := l.Ledger.IntendGrant(ctx, g, r.OpenedAt.Add(-time.Second)); err != nil {
			return err
		}
		steps, err := l.receipt(access.Receipt{RequestID: r.ID, Grant: g.Name, Target: g.Target, Kind: access.ReceiptOpened, At: r.OpenedAt, Principal: g.Principal, Entitlement: g.Entitlement, ExpiresAt: &g.ExpiresAt})
		if err != nil {
			return err
		}
		if i == len(l.plan.Grants)-1 {
			steps = append(steps, access.Activation(r.ID, r.OpenedAt, r.PlannedEnd))
		}
		if err := l.Ledger.MarkOpened(ctx, g.Name, r.OpenedAt, steps...); err != nil {
			return err
		}
	}
	return nil
}

// event records something that happened to the request.
func (l *life) event(ctx context.Context, at time.Time, kind access.EventKind, actor, key string) error {
	return l.Ledger.Advance(ctx, access.Transition{RequestID: l.r.ID, At: at, Events: []access.Event{{At: at, Kind: kind, Actor: actor, Key: key,
		Detail: map[string]string{"grant": access.GrantName(l.r.ID, 0), "target": l.r.Targets[0]}}}})
}

// pickUp records that a credential was minted, of the kind of the target's.
func (l *life) pickUp(ctx context.Context) error {
	kind, _, _ := strings.Cut(l.r.Targets[0], "/")
	at := l.r.OpenedAt.Add(time.Millisecond)
	return l.Ledger.Advance(ctx, access.Transition{RequestID: l.r.ID, At: at, Events: []access.Event{{At: at, Kind: access.EventCredentialMinted, Actor: l.r.Requester.ID,
		Detail: map[string]string{"grant": access.GrantName(l.r.ID, 0), "target": l.r.Targets[0], access.DetailCredential: kind}}}})
}

func (l *life) drift(ctx context.Context) error {
	return l.event(ctx, l.r.Drifts[0], access.EventGrantDrifted, access.ActorReconciler, "")
}

func (l *life) late(ctx context.Context) error {
	return l.event(ctx, l.r.OverdueAt, access.EventAccessOverdue, access.ActorRamp, access.KeyOverdue)
}

func (l *life) end(ctx context.Context) error {
	return l.Ledger.Advance(ctx, access.Ending(l.r.ID, l.r.Outcome, l.ending))
}

// close closes the grants.
func (l *life) close(ctx context.Context) error {
	r := l.r
	for i, g := range l.plan.Grants {
		steps, err := l.receipt(access.Receipt{RequestID: r.ID, Grant: g.Name, Target: g.Target, Kind: access.ReceiptClosed, At: r.ClosedAt, Found: &access.ReadBack{}, Usage: r.Usage})
		if err != nil {
			return err
		}
		if r.Usage != nil {
			steps = append(steps, access.Transition{RequestID: r.ID, At: r.ClosedAt, Usage: r.Usage})
		}
		if i == len(l.plan.Grants)-1 {
			steps = append(steps, access.Ended(r.ID, r.Outcome, r.ClosedAt))
		}
		if err := l.Ledger.MarkClosed(ctx, g.Name, r.ClosedAt, steps...); err != nil {
			return err
		}
	}
	return nil
}

// review records the review of a use of break glass.
func (l *life) review(ctx context.Context) error {
	g := l.r.BreakGlass
	made := access.Review{RequestID: l.r.ID, PlanDigest: l.plan.Digest, By: access.Person{ID: g.ReviewedBy, Kind: access.KindHuman, Groups: []string{everybody}}, Via: access.ViaWeb,
		Justified: g.Justified, Comment: "The incident needed it, and what was done is in its ticket.", At: g.ReviewedAt}
	envelope, err := l.Server.SignReview(made)
	if err != nil {
		return err
	}
	text, err := json.Marshal(envelope)
	if err != nil {
		return err
	}
	return l.Ledger.Review(ctx, made, text)
}

func (l *life) receipt(r access.Receipt) ([]access.Transition, error) {
	e, err := l.Worker.SignReceipt(r)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(e)
	return []access.Transition{{RequestID: r.RequestID, At: r.At, Statements: []access.Statement{{RequestID: r.RequestID, Key: string(r.Kind) + " " + r.Grant, Envelope: b}}}}, err
}
