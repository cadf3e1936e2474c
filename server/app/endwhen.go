package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/internal/failpoint"
	"ramp.dev/ramp/ledger"
)

// conditionLedger has the requests whose plans have conditions that end access, and since
// when one of these is not known.
type conditionLedger interface {
	Requests(ctx context.Context, f ledger.RequestFilter) (items []access.Request, next string, err error)
	ConditionEvents(ctx context.Context, requestIDs ...string) (map[string][]access.Event, error)
	AppendEvent(ctx context.Context, e access.Event) error
}

// endWatch ends access when a condition of its plan is true (contracts: endWhen). Each
// server looks by itself: nothing has to notice that another one no longer does, and
// the same order from two servers is one, by its key. It keeps nothing between two looks:
// since when something is unknown is in the log.
type endWatch struct {
	ledger     conditionLedger
	orders     *endOrders
	facts      Facts
	conditions *contracts.EndConditions
	log        logrus.FieldLogger
	now        clock
}

// lookEvery is how often conditions are looked at. Access outlasts what ends it by that,
// and by what a source and the closing take.
const lookEvery = 15 * time.Second

// EndByConditions works until ctx ends.
func (w *endWatch) EndByConditions(ctx context.Context) {
	repeat(ctx, lookEvery, func() {
		if err := w.lookOnce(ctx); err != nil && ctx.Err() == nil {
			w.log.WithError(err).Error("conditions that end access could not all be looked at; they are looked at again")
		}
	})
}

// lookOnce looks at all access whose plan has conditions. What fails for one request holds
// up no other; its error is returned at the end.
func (w *endWatch) lookOnce(ctx context.Context) error {
	asking := asking{facts: w.facts, now: w.now}
	f := ledger.RequestFilter{Limit: 200, EndWhen: true, States: []access.State{access.StateGranting, access.StateActive}}
	var failed []error
	for more := true; more; more = f.Cursor != "" {
		var list []access.Request
		var err error
		if list, f.Cursor, err = w.ledger.Requests(ctx, f); err != nil {
			return errors.Join(append(failed, err)...)
		}
		var ids []string
		var questions []access.FactQuestion
		for _, r := range list {
			ids = append(ids, r.ID)
			for _, c := range conditionsOf(r) {
				questions = append(questions, c.Asks...)
			}
		}
		known := asking.ask(ctx, questions)
		if ctx.Err() != nil {
			return ctx.Err() // replies that were cut off are not unknown
		}
		events, together := w.ledger.ConditionEvents(ctx, ids...)
		for _, r := range list {
			own, err := events[r.ID], error(nil)
			if together != nil { // one of them cannot be read, and the others' access must end
				var one map[string][]access.Event
				one, err = w.ledger.ConditionEvents(ctx, r.ID)
				own = one[r.ID]
			}
			if err == nil {
				err = w.look(ctx, r, known, own)
			}
			if err != nil {
				failed = append(failed, fmt.Errorf("request %s: %w", r.ID, err))
			}
		}
	}
	return errors.Join(failed...)
}

// conditionsOf returns the conditions that end the access of a request; none where nobody
// signed its plan: then nothing opens for it, and what is open is closed.
func conditionsOf(r access.Request) []access.EndCondition {
	if r.Plan.RequestID != r.ID || r.Plan.Digest == "" {
		return nil
	}
	return r.Plan.EndWhen
}

// look looks at the conditions of one request. The first that ends access ends it.
func (w *endWatch) look(ctx context.Context, r access.Request, known []access.Fact, events []access.Event) error {
	for i, c := range conditionsOf(r) {
		now := w.now().Truncate(time.Microsecond) // what the ledger keeps
		facts, period := c.FactsAt(known, now), access.LastUnknownPeriod(events, i)
		if period.Since.Before(signedOf(r).Term("").Opens.Add(-access.ClockSkew)) {
			period.Since = time.Time{} // no server notes that of access that cannot be open
		}
		by := access.EndedBy{Index: i, Facts: facts}
		switch w.conditions.Evaluate(r.Plan, i, known, now).Result {
		case contracts.Satisfied:
			return w.end(ctx, r, by, now)
		case contracts.NotSatisfied:
			if !period.Since.IsZero() && period.Number < access.MaxUnknownPeriods {
				if err := w.ledger.AppendEvent(ctx, conditionEvent(r, i, access.EventConditionKnown, access.KeyConditionKnown(i, period.Number), facts, now)); err != nil {
					return err
				}
			}
		default:
			if period.Since.IsZero() {
				if err := w.ledger.AppendEvent(ctx, conditionEvent(r, i, access.EventConditionUnknown, access.KeyConditionUnknown(i, period.Number+1), facts, now)); err != nil {
					return err
				}
				continue
			}
			if c.UnknownFor > 0 && now.Sub(period.Since) >= c.UnknownFor.Std() {
				by.UnknownSince = &period.Since
				return w.end(ctx, r, by, now)
			}
		}
	}
	return nil
}

// signedOf is what was signed about a request, as far as conditions need it.
func signedOf(r access.Request) access.Signed {
	return access.Signed{Plan: r.Plan, Decisions: r.Decisions}
}

// conditionEvent says that whether a condition is true is not known, or is known again.
func conditionEvent(r access.Request, i int, kind access.EventKind, key string, facts []access.Fact, now time.Time) access.Event {
	return access.Event{At: now, RequestID: r.ID, Kind: kind, Actor: access.ActorContract, Key: key,
		Message: access.Clip(fmt.Sprintf("whether %s: %s", r.Plan.EndWhen[i].Because, access.FactsInWords(facts)), 1000)}
}

// end orders the end of a request, and tells its workflow. One that is over by now, or
// that somebody else has ended, needs nothing more.
func (w *endWatch) end(ctx context.Context, r access.Request, by access.EndedBy, now time.Time) error {
	o := access.EndOrder{RequestID: r.ID, PlanDigest: r.Plan.Digest, Kind: access.EndByCondition, By: access.ActorContract,
		Reason: r.Plan.EndWhen[by.Index].Reason(by), At: now, EndedBy: &by}
	if err := signedOf(r).CheckEnd(o); err != nil {
		return err
	}
	if err := w.orders.record(ctx, o); access.CodeOf(err) == access.CodeConflict {
		return nil
	} else if err != nil {
		return err
	}
	failpoint.Here(failpoint.EndRecorded)
	w.orders.send(ctx, o)
	return nil
}
