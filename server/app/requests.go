package app

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// requestLedger reads requests.
type requestLedger interface {
	Request(ctx context.Context, id string) (access.Request, error)
	Ping(ctx context.Context) error
	LastSeq(ctx context.Context) (int64, error)
	Timeline(ctx context.Context, id string) (events []access.Event, refusalsLeftOut int, err error)
	Requests(ctx context.Context, f ledger.RequestFilter) (items []access.Request, nextCursor string, err error)
}

// requests shows people the requests that they may see.
type requests struct {
	ledger  requestLedger
	catalog *catalog
	roles   roles
	refused refusals
	log     timelineVerifier
	now     clock
	inbox   inbox
}

// timelineVerifier holds events that are shown against the signed log.
type timelineVerifier interface {
	verifyTimeline(ctx context.Context, events []access.Event) *access.TimelineCheck
}

// Request returns one request as p may see it, without its timeline; CodeNotFound
// for everybody else's.
func (q *requests) Request(ctx context.Context, p access.Person, id string) (access.Request, error) {
	missing := access.Refuse(access.CodeNotFound, "unknown_request", "there is no request %q, or you may not see it", access.Clip(id, 40))
	if !access.IsRequestID(id) {
		return access.Request{}, missing
	}
	r, err := q.ledger.Request(ctx, id)
	if access.CodeOf(err) == access.CodeNotFound || err == nil && !q.roles.maySee(ctx, p, r) {
		return access.Request{}, missing
	}
	if err != nil {
		return access.Request{}, err
	}
	return r, nil
}

// RequestWithTimeline returns one request as p may see it, and what happened to
// it; CodeNotFound for everybody else's.
func (q *requests) RequestWithTimeline(ctx context.Context, p access.Person, id string) (access.Request, error) {
	r, err := q.Request(ctx, p, id)
	if err == nil {
		r.SignedPlan = signedPlan(r)
		r.Timeline, r.Refusals, err = q.ledger.Timeline(ctx, id)
	}
	if err == nil {
		r.TimelineCheck = q.log.verifyTimeline(ctx, r.Timeline)
		r.Grants = r.GrantStates()
	}
	return r, err
}

// forAct returns the request that an act is about. An act on a request that the
// person may not see is recorded as refused, though not on the request, and returns
// what it would if there were none.
func (q *requests) forAct(ctx context.Context, by access.Actor, id string, act access.Act) (access.Request, error) {
	r, err := q.Request(ctx, by.Person, id)
	if access.CodeOf(err) != access.CodeNotFound || !access.IsRequestID(id) {
		return r, err
	}
	q.refused.recordHidden(ctx, by, id, act)
	return r, err
}

// Query narrows a list of requests.
type Query struct {
	States   []access.State
	Mine     bool
	ToDecide bool // what this person may decide and has not decided: pending requests, extensions
	ToReview bool // uses of break glass that this person may review, and nobody has
	Target   string
	Cursor   string
	Limit    int // 1 to 200; 0 is 50
}

// scanLimit bounds how many requests one page looks through for those that
// this person may see.
const scanLimit = 2000

// Requests lists the requests that p may see, newest first, and returns where
// the next page begins ("" at the end).
func (q *requests) Requests(ctx context.Context, p access.Person, query Query) ([]access.Request, string, error) {
	f := ledger.RequestFilter{States: query.States, Target: query.Target, ToReview: query.ToReview, Cursor: query.Cursor, Limit: query.Limit}
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	if query.Mine {
		f.Requester = p.ID
	}
	if query.ToDecide {
		f.States, f.Asked = []access.State{access.StatePending}, true
	}
	want := f.Limit
	out := []access.Request{}
	for looked := 0; looked < scanLimit; {
		// Only what is still missing is read, so that the cursor ends where the
		// page does, whatever is left out of it.
		f.Limit = want - len(out)
		items, next, err := q.ledger.Requests(ctx, f)
		if err != nil {
			return nil, "", err
		}
		looked += max(len(items), 1)
		for _, r := range items {
			if q.wants(ctx, p, query, r) && q.roles.maySee(ctx, p, r) {
				out = append(out, r)
			}
		}
		f.Cursor = next
		if next == "" || len(out) >= want {
			break
		}
	}
	if len(out) == 0 && query.Target != "" && query.Cursor == "" {
		return out, "", q.catalog.unknownTarget(ctx, p, query.Target)
	}
	return out, f.Cursor, nil
}

// wants reports whether a query is for a request, among those that p sees.
func (q *requests) wants(ctx context.Context, p access.Person, query Query, r access.Request) bool {
	if !query.ToDecide && !query.ToReview {
		return true
	}
	can := q.Permissions(ctx, p, r)
	return (!query.ToDecide || can.Decide && !can.DenyOnly || can.DecideExtension) && (!query.ToReview || can.Review)
}
