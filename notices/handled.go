package notices

import (
	"context"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// endsWaiting are the events after which a request waits for nobody's decision.
func endsWaiting() []access.EventKind {
	return []access.EventKind{access.EventRequestApproved, access.EventRequestDenied, access.EventRequestCancelled}
}

// handled returns the notices that nothing is left to decide, to those who were asked to
// and did not: only to who has the notice that asked, and not where there was no time to
// send one.
func (e *Engine) handled(ctx context.Context, ev access.Event, r access.Request, now time.Time) (list []ledger.Notice, err error) {
	if !slices.Contains(endsWaiting(), ev.Kind) {
		return nil, nil
	}
	asked, err := e.ledger.SentNotices(ctx, r.ID, access.EventRequestCreated)
	if err != nil || len(asked) == 0 {
		return nil, err
	}
	due, err := e.config.Quiet.until(now)
	if err != nil {
		return nil, err
	}
	var decided []string
	for _, d := range r.Decisions {
		decided = append(decided, access.FoldID(d.Approver.Email))
	}
	var to []addressed
	for _, n := range asked {
		ours := n.Why == whyApprover || n.Why == whyEscalated || n.Why == whyOnCall
		if ours && n.Channel != onCallChannel && !slices.Contains(decided, access.FoldID(n.Address)) {
			to = append(to, addressed{channel: n.Channel, address: n.Address, why: whyHandled, of: ev.Kind})
		}
	}
	return laters(to, ev, due, "handled"), nil
}

// handlers returns those who may have been asked to decide a request.
func handlers(k access.EventKind, r access.Request) (out []hearer) {
	if !slices.Contains(endsWaiting(), k) {
		return nil
	}
	out = approvers(every(r.Plan.Rule))
	for _, step := range r.Plan.Rule.Escalate {
		out = append(out, escalated(step)...)
	}
	for i := range out {
		out[i].Why, out[i].Of = whyHandled, k
	}
	return out
}
