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

// settled returns what may have nothing left to decide for some after an event: the
// request, or an extension of its access; "" for an event after which that is not so.
func settled(k access.EventKind) access.EventKind {
	switch {
	case k == access.EventDecisionRecorded || slices.Contains(endsWaiting(), k):
		return access.EventRequestCreated
	case k == access.EventExtensionDecided || k == access.EventAccessEnding:
		return access.EventExtensionAsked
	}
	return ""
}

// handled returns the notices that nothing is left to decide, to those who were asked to
// and did not: only to who has the notice that asked, and not where there was no time to
// send one. It may be that all is decided, or the stage for which they were asked. What
// asked them is closed once.
func (e *Engine) handled(ctx context.Context, ev access.Event, r access.Request, now time.Time) (list []ledger.Notice, err error) {
	of := settled(ev.Kind)
	if of == "" {
		return nil, nil
	}
	sent, err := e.ledger.SentNotices(ctx, r.ID, of)
	if err != nil || len(sent) == 0 {
		return nil, err
	}
	due, err := e.config.Quiet.until(now)
	if err != nil {
		return nil, err
	}
	asked, decided := newest(sent), r.Decisions
	var deciders []string
	if of == access.EventExtensionAsked {
		if decided = nil; r.Asked != nil {
			decided = r.Asked.Decisions
		}
		order, by, err := e.extension(ctx, ev, r)
		if err != nil {
			return nil, err
		}
		deciders = by
		asked = slices.DeleteFunc(asked, func(n ledger.Notice) bool { return !asksFor(n, order) })
	}
	for _, d := range decided {
		deciders = append(deciders, access.FoldID(d.Approver.Email))
	}
	for _, n := range asked {
		if slices.Contains(deciders, access.FoldID(n.Address)) {
			continue
		}
		if !slices.Contains(endsWaiting(), ev.Kind) {
			if waits, err := e.waits(ctx, n, ev.Detail["orderDigest"], r); err != nil {
				return nil, err
			} else if waits {
				continue
			}
		}
		to := addressed{channel: n.Channel, address: n.Address, why: whyHandled, of: ev.Kind}
		list = append(list, laters([]addressed{to}, ev, due, "handled "+n.ID)...)
	}
	return list, nil
}

// newest returns the last notice by which each address was asked.
func newest(sent []ledger.Notice) (out []ledger.Notice) {
	for _, n := range sent {
		if n.Why != whyApprover && n.Why != whyEscalated && n.Why != whyOnCall || n.Channel == onCallChannel {
			continue
		}
		i := slices.IndexFunc(out, func(o ledger.Notice) bool { return o.Channel == n.Channel && o.Address == n.Address })
		switch {
		case i < 0:
			out = append(out, n)
		case n.CreatedAt.After(out[i].CreatedAt) || n.CreatedAt.Equal(out[i].CreatedAt) && n.Seq > out[i].Seq:
			out[i] = n
		}
	}
	return out
}

// asksFor reports whether a notice asks for a decision on an extension by its order.
func asksFor(n ledger.Notice, order string) bool {
	a := addressed{channel: n.Channel, address: n.Address, why: n.Why, of: access.EventExtensionAsked}
	return n.ID == noticeID(a, access.Event{RequestID: n.RequestID, Detail: map[string]string{"orderDigest": order}})
}

// eventPage is how many events are read at once.
const eventPage = 200

// extension returns the order that an event is about, the last if it names none, and the
// addresses of those who decided it. By the time that the event is read the request may
// not have the order any more, so it is the log that is asked.
func (e *Engine) extension(ctx context.Context, ev access.Event, r access.Request) (order string, by []string, err error) {
	var events []access.Event
	find := ledger.EventFilter{RequestID: r.ID, Kinds: []access.EventKind{access.EventExtensionAsked, access.EventExtensionDecided}, Limit: eventPage}
	for {
		page, err := e.ledger.Events(ctx, find)
		if err != nil {
			return "", nil, err
		}
		events = append(events, page...)
		if len(page) < eventPage {
			break
		}
		find.After = page[len(page)-1].Seq
	}
	order = ev.Detail["orderDigest"]
	for _, one := range events {
		if one.Kind == access.EventExtensionAsked && ev.Kind == access.EventAccessEnding {
			order = one.Detail["orderDigest"]
		}
	}
	for _, one := range events {
		if one.Kind != access.EventExtensionDecided || one.Detail["orderDigest"] != order {
			continue
		}
		who, err := e.resolver().person(ctx, hearer{ID: one.Actor}, access.Person{})
		if err != nil {
			return "", nil, err
		}
		by = append(by, access.FoldID(who.address))
	}
	return order, by, nil
}

// waits reports whether what a notice is about waits for its address: for a stage that is
// not met, also one that is asked later. Of an extension, order is the one that it is about, "" for the one
// that is asked for now. Whom an escalation asks may decide for as long as anything waits.
// Who is on call is not asked again: while a stage waits for people on call, it waits for
// those who were asked as such.
func (e *Engine) waits(ctx context.Context, n ledger.Notice, order string, r access.Request) (bool, error) {
	stages := r.Stages
	switch {
	case settled(n.Kind) == access.EventExtensionAsked || n.Kind == access.EventExtensionAsked:
		if !asks(r) || order != "" && r.Asked.Order.Digest != order {
			return false, nil
		}
		stages = r.Asked.Stages
	case r.State != access.StatePending:
		return false, nil
	}
	if n.Why == whyEscalated {
		return true, nil
	}
	var open []access.StageStatus
	for _, s := range stages {
		s.Waits = false
		open = append(open, s)
	}
	list := approvers(open)
	if i := slices.IndexFunc(list, func(h hearer) bool { return h.OnCall != "" }); i >= 0 && n.Why == whyOnCall && n.Channel == mailChannel {
		return true, nil
	}
	to, err := e.resolver().resolve(ctx, list, r.Requester)
	return slices.ContainsFunc(to, func(a addressed) bool {
		return a.key() == addressed{channel: n.Channel, address: n.Address}.key()
	}), err
}

// handlers returns those who may have been asked to decide a request, or an extension of
// its access.
func handlers(k access.EventKind, r access.Request) (out []hearer) {
	switch of := settled(k); {
	case of == access.EventRequestCreated:
		out = approvers(every(r.Plan.Rule))
		for _, step := range r.Plan.Rule.Escalate {
			out = append(out, escalated(step)...)
		}
	case of == access.EventExtensionAsked && r.Plan.AsksForExtensions():
		out = approvers(every(*r.Plan.Extend.Rule))
	}
	for i := range out {
		out[i].Why, out[i].Of = whyHandled, k
	}
	return out
}
