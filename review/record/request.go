package record

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/review"
)

// one reads one request.
func (r *Reader) one(ctx context.Context, row ledger.ReviewedRequest) read {
	out := read{missing: row.Missing, request: review.Request{ID: row.ID, AskedAt: row.AskedAt}}
	if row.Missing {
		return out
	}
	if row.Removal > 0 {
		if out.dropped, out.err = r.dropped(ctx, row); out.dropped || out.err != nil {
			return out
		}
	}
	if out.plan, out.err = r.plan(row); out.err != nil {
		return out
	}
	decisions, reviewed, whole := r.said(row, out.plan)
	out.odd = !whole
	p, q := out.plan, &out.request
	q.Contract, q.ContractVersion, q.Requester, q.Via = p.Contract, p.ContractVersion, r.person(p.Requester), p.Via
	if r.Owner != nil {
		q.Owner = r.Owner(p.Contract)
	}
	q.Reason, q.Ticket, q.Asked, q.Automatic = p.Reason, p.Ticket, p.Duration, p.Rule.Auto
	if p.StartAt != nil {
		q.StartAt = *p.StartAt
	}
	for _, g := range p.Grants {
		q.Targets = append(q.Targets, g.Target)
		q.Entitlements = append(q.Entitlements, g.Target+" "+textOf(g.Entitlement))
	}
	slices.Sort(q.Targets)
	q.Targets = slices.Compact(q.Targets)
	slices.Sort(q.Entitlements)
	if len(p.Params) > 0 {
		q.Params = map[string]string{}
		for name, value := range p.Params {
			q.Params[name] = fmt.Sprint(value)
		}
	}
	r.decided(q, p, decisions)
	if p.BreakGlass != nil {
		q.BreakGlass = &review.BreakGlass{ReviewBy: p.BreakGlass.ReviewBy}
		if reviewed != nil {
			q.BreakGlass.ReviewedAt, q.BreakGlass.ReviewedBy, q.BreakGlass.Justified = reviewed.At, reviewed.By.HumanID(), reviewed.Justified
		}
	}
	out.kinds = happened(q, row.Events, decisions)
	if q.DecidedAt.IsZero() {
		q.Given = 0
	}
	return out
}

// planned reads of one request its plan alone, and what it was made under.
func (r *Reader) planned(_ context.Context, row ledger.ReviewedRequest) read {
	out := read{missing: row.Missing, request: review.Request{ID: row.ID, AskedAt: row.AskedAt}}
	if !row.Missing {
		out.plan, out.err = r.plan(row)
		out.request.Contract = out.plan.Contract
	}
	return out
}

// dropped reports whether a server has signed that a policy dropped the request from this
// log: a copy of the ledger is signed with the same key and has removals of its own. Errors
// are those of reading the ledger.
func (r *Reader) dropped(ctx context.Context, row ledger.ReviewedRequest) (bool, error) {
	stored, err := r.Ledger.Removal(ctx, row.Removal)
	if access.CodeOf(err) == access.CodeNotFound {
		return false, nil // the plan is then found not to be signed
	}
	if err != nil {
		return false, err
	}
	signed, _, err := r.Keys.VerifyRemoval(stored)
	if _, is := signed.Outline(row.ID); err != nil || !is {
		return false, nil
	}
	log, err := r.Ledger.Tree(ctx)
	return err == nil && signed.Log == log.Origin, err
}

// textOf writes an entitlement, which was read from JSON.
func textOf(e access.Entitlement) string {
	b, err := json.Marshal(e)
	if err != nil {
		return "unreadable"
	}
	return string(b)
}

func (r *Reader) plan(row ledger.ReviewedRequest) (access.Plan, error) {
	e, err := evidence.ReadEnvelope(row.Plan)
	if err != nil {
		return access.Plan{}, err
	}
	p, err := r.Keys.VerifyPlan(e)
	if err == nil && p.RequestID != row.ID {
		err = access.Errorf(access.CodeEvidence, "its plan is that of request %s", access.Clip(p.RequestID, 40))
	}
	return p, err
}

// said returns the signed decisions on a plan, in the order of their times, and its review,
// and whether there are just those that the log tells of. A statement that nobody signed says
// nothing: otherwise whoever writes to the database would take a request out of the review
// with one.
func (r *Reader) said(row ledger.ReviewedRequest, p access.Plan) (decisions []access.Decision, reviewed *access.Review, whole bool) {
	whole = !row.Unreadable
	keys := map[string]bool{}
	for _, b := range row.Statements {
		d, v, err := r.statement(b)
		switch {
		case err != nil:
			whole = false
		case d != nil && d.RequestID == p.RequestID && d.PlanDigest == p.Digest:
			decisions = append(decisions, *d)
			keys[access.KeyDecision(*d)] = true
		case v != nil && p.AllowsReview(*v) == nil:
			reviewed = v
		default:
			whole = false
		}
	}
	for _, e := range row.Events {
		whole = whole && (e.Kind != access.EventDecisionRecorded || keys[e.Key]) && (e.Kind != access.EventGlassReviewed || reviewed != nil)
	}
	slices.SortStableFunc(decisions, func(a, b access.Decision) int { return a.At.Compare(b.At) })
	return decisions, reviewed, whole
}

// statement returns the decision or the review in an envelope.
func (r *Reader) statement(b []byte) (*access.Decision, *access.Review, error) {
	e, err := evidence.ReadEnvelope(b)
	if err != nil {
		return nil, nil, err
	}
	if e.PayloadType == evidence.TypeReview {
		v, err := r.Keys.VerifyReview(e)
		return nil, &v, err
	}
	d, err := r.Keys.VerifyDecision(e)
	return &d, nil, err
}

// person is somebody as a review looks at them.
func (r *Reader) person(p access.Person) review.Person {
	out := review.Person{ID: p.HumanID(), Name: p.Name, Kind: p.Kind, Groups: p.Groups, Attributes: maps.Clone(p.Attributes)}
	if p.Kind == access.KindAgent {
		out.Agent = p.ID
	}
	if r.TeamAttribute != "" {
		out.Team = p.Attributes[r.TeamAttribute]
	}
	return out
}

// decided sets what people decided, and how long they gave.
func (r *Reader) decided(q *review.Request, p access.Plan, decisions []access.Decision) {
	last := p.CreatedAt
	for _, d := range decisions {
		q.Decisions = append(q.Decisions, review.Decision{By: r.person(d.Approver), Verdict: d.Verdict, Via: d.Via, At: d.At})
		if d.At.After(last) {
			last = d.At
		}
	}
	_, stages := p.Rule.Tally(p, p.Digest, decisions)
	for i := range q.Decisions {
		for _, s := range stages {
			if q.Decisions[i].Verdict == access.Approve && slices.Contains(s.Approved, q.Decisions[i].By.ID) {
				q.Decisions[i].Stage = s.Name
			}
		}
	}
	q.Given = p.Narrowed(decisions, last).Duration
}

// happened sets what the log tells of a request, and returns the kinds of the credentials
// that were minted, by target.
func happened(q *review.Request, events []access.Event, decisions []access.Decision) (kinds map[string]string) {
	recorded := map[string]int64{}
	grants, undone := map[string]bool{}, false
	for _, e := range events {
		q.State = q.State.After(e.Kind)
		switch e.Kind {
		case access.EventRequestCreated:
			q.Events.Asked = e.Seq
		case access.EventDecisionRecorded:
			recorded[e.Key] = e.Seq
		case access.EventRequestApproved:
			q.DecidedAt, q.Events.Decided = e.At, e.Seq
		case access.EventRequestDenied, access.EventRequestCancelled, access.EventRequestLapsed, access.EventRequestFailed:
			q.DecidedAt, q.Events.Decided, q.Given = e.At, e.Seq, 0
		case access.EventGlassBroken:
			q.Events.Glass = e.Seq
		case access.EventGlassReviewed:
			q.Events.Reviewed = e.Seq
		case access.EventAccessActive:
			q.OpenedAt, q.Events.Opened = e.At, e.Seq
			q.PlannedEnd = timeIn(e, q.OpenedAt.Add(q.Given.Std()))
		case access.EventAccessExtended:
			q.Extensions++
			q.PlannedEnd = timeIn(e, q.PlannedEnd)
		case access.EventAccessOverdue:
			q.OverdueAt, q.Events.Overdue = e.At, e.Seq
		case access.EventGrantDrifted:
			q.Drifts, q.Events.Drifts = append(q.Drifts, e.At), append(q.Events.Drifts, e.Seq)
		case access.EventCredentialMinted:
			q.PickedUp++
			q.Events.Minted = append(q.Events.Minted, e.Seq)
			if kinds == nil {
				kinds = map[string]string{}
			}
			kinds[e.Detail["target"]] = e.Detail[access.DetailCredential]
		case access.EventGrantIntended:
			grants[e.Detail["grant"]] = true
		case access.EventAccessEnded:
			q.ClosedAt, q.Events.Closed, q.Outcome = e.At, e.Seq, access.Outcome(e.Detail["outcome"])
		case access.EventAccessReopened:
			undone = true
		}
	}
	closings := access.LastClosings(events)
	if undone {
		endedAgain(q, closings, len(grants))
	}
	var said []access.Usage
	for _, e := range closings {
		if u, known := e.Usage(); known {
			said = append(said, u)
		}
	}
	q.Usage = joined(said, len(closings))
	for i, d := range decisions {
		q.Decisions[i].Event = recorded[access.KeyDecision(d)]
	}
	return kinds
}

// endedAgain sets when a request ended that was called over before it was: the log has no
// second event of that, and the last of the closings that count is its end. While one of its
// grants has none, the request is ending.
func endedAgain(q *review.Request, closings []access.Event, grants int) {
	q.ClosedAt, q.Events.Closed = time.Time{}, 0
	if len(closings) < grants {
		q.State, q.Outcome = access.StateEnding, ""
		return
	}
	for _, e := range closings {
		q.ClosedAt, q.Events.Closed = e.At, e.Seq
	}
}
