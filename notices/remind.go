package notices

import (
	"context"
	"fmt"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// remindBefore is how long before the end of access its requester is reminded; a quarter
// of short access.
const remindBefore = 10 * time.Minute

// remindAt returns when the requester of open access is reminded of its end. ok is false
// where there is none.
func remindAt(r access.Request) (at time.Time, ok bool) {
	if r.Plan.Lasting() || r.State != access.StateActive || r.ExpiresAt == nil || r.ActiveAt == nil {
		return at, false
	}
	return r.ExpiresAt.Add(-min(remindBefore, r.ExpiresAt.Sub(*r.ActiveAt)/4)), true
}

// endsSoon reports whether a reminder is true at a time: access is open, and its end has
// not moved away.
func endsSoon(r access.Request, now time.Time) bool {
	at, ok := remindAt(r)
	return ok && !now.Before(at) && now.Before(*r.ExpiresAt)
}

// reminders returns the notice that access is about to end, which waits until then. There
// is one for each end: when access is extended there is another, and the earlier one has
// lost its meaning. Quiet hours that last until the end leave none.
func (e *Engine) reminders(ctx context.Context, ev access.Event, r access.Request, now time.Time) (list []ledger.Notice, err error) {
	at, ok := remindAt(r)
	if !ok || ev.Kind != access.EventAccessActive && ev.Kind != access.EventAccessExtended || !now.Before(*r.ExpiresAt) {
		return nil, nil
	}
	due := now
	if at.After(now) {
		due = at
	}
	if due, err = e.config.Quiet.until(due); err != nil || !due.Before(*r.ExpiresAt) {
		return nil, err
	}
	to, err := e.resolver().resolve(ctx, mayHear(access.EventAccessActive, whyOfEnd(r), r, nil), r.Requester)
	return append(list, laters(to, ev, due, "ends "+fmt.Sprint(r.ExpiresAt.Unix()))...), err
}

// whyOfEnd is why the reader of a reminder has it: of an agent's access its human has it.
func whyOfEnd(r access.Request) string {
	if r.Requester.Kind == access.KindAgent {
		return whyAgentEnds
	}
	return whyEnds
}

// endsWhy reports whether a reason is that of a reminder.
func endsWhy(why string) bool { return why == whyEnds || why == whyAgentEnds }

// escalations returns the notices to those who may decide a request once it has waited,
// which wait until then.
func (e *Engine) escalations(ctx context.Context, ev access.Event, r access.Request, now time.Time) (list []ledger.Notice, err error) {
	if ev.Kind != access.EventRequestCreated || r.State != access.StatePending || r.Plan.BreakGlass != nil || r.Plan.Rule.Auto {
		return nil, nil
	}
	for i, step := range r.Plan.Rule.Escalate {
		due := r.CreatedAt.Add(time.Duration(step.After))
		if due.Before(now) {
			due = now
		}
		if due, err = e.config.Quiet.until(due); err != nil {
			return nil, err
		}
		to, err := e.resolver().resolve(ctx, escalated(step), r.Requester)
		if err != nil {
			return nil, err
		}
		list = append(list, laters(to, ev, due, "escalated "+fmt.Sprint(i))...)
	}
	return list, nil
}

func escalated(step access.Escalation) (out []hearer) {
	for _, group := range step.To {
		out = append(out, hearer{Group: group, Why: whyEscalated, Of: access.EventRequestCreated})
	}
	for _, schedule := range step.OnCall {
		out = append(out, hearer{OnCall: schedule, Why: whyEscalated, Of: access.EventRequestCreated})
	}
	return out
}

// laters are the rows of notices that are due at a time. about is the same whenever the
// event is handled again.
func laters(to []addressed, ev access.Event, due time.Time, about string) (list []ledger.Notice) {
	for _, a := range to {
		if a.muted {
			continue
		}
		list = append(list, ledger.Notice{ID: rowID(ev.RequestID, about, a), Seq: ev.Seq, RequestID: ev.RequestID, Kind: a.of, Channel: a.channel,
			Address: a.address, Why: a.why, CreatedAt: due, DueAt: due})
	}
	return list
}
