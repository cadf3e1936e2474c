package notices

import (
	"context"
	"errors"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// Rota says who is on call. facts.Facts is one.
type Rota interface {
	Ask(ctx context.Context, questions ...access.FactQuestion) []access.Fact
}

// onCallChannel is the channel of a row that stands for whoever is on call for a schedule,
// which is its address, when it is sent. It carries nothing itself: the people who are on
// call then get rows of their own.
const onCallChannel = "oncall"

// errRota is that the rota says nothing: the notice waits until it does.
var errRota = errors.New("who is on call is not known")

// onCall returns the addresses of those who are on call for a hearer's schedule now. The
// error is of code unavailable where that is not known.
func (c resolver) onCall(ctx context.Context, h hearer, requester access.Person) (out []addressed, err error) {
	q := access.FactQuestion{Kind: access.FactOnCall, Source: access.OnCallSource, Key: h.OnCall}
	fact := access.FindFact(c.rota.Ask(ctx, q), q)
	if fact == nil || fact.State == access.FactUnknown {
		return nil, access.Errorf(access.CodeUnavailable, "%w: schedule %s (worker.notices.facts)", errRota, h.OnCall)
	}
	if fact.OnCall == nil { // there is no such schedule
		return nil, nil
	}
	if until := fact.OnCall.Until; until != nil && !c.now().Before(*until) {
		return nil, access.Errorf(access.CodeUnavailable, "%w: the shift of %s that the rota names is over", errRota, h.OnCall)
	}
	for _, name := range fact.OnCall.People {
		if requester.SameHuman(access.Person{ID: name, Email: name}) {
			continue
		}
		one := addressed{channel: mailChannel, address: name, person: name}
		if !access.IsAddress(name) {
			if one, err = c.person(ctx, hearer{ID: name}, requester); err != nil {
				return nil, err
			}
		}
		if access.IsAddress(one.address) {
			one.why, one.of = h.Why, h.Of
			out = append(out, one)
		}
	}
	return out, c.choices(ctx, out)
}

// toOnCall writes down a notice for each person who is on call now, in the place of a row
// for their schedule. Somebody who hears already as one of a group gets no second one.
func (e *Engine) toOnCall(ctx context.Context, n ledger.Notice, r access.Request) (sent bool, err error) {
	n.Urgent = n.Kind.Urgent()
	var list []ledger.Notice
	known := false
	for _, h := range mayHear(n.Kind, n.Why, r, e.config.Alarms) {
		if h.OnCall != n.Address || e.rota == nil {
			continue
		}
		known = true
		people, err := e.resolver().onCall(ctx, h, r.Requester)
		if err != nil {
			return false, e.failed(ctx, n, err, e.now().UTC())
		}
		for _, a := range people {
			if a.muted {
				continue
			}
			ev := access.Event{Seq: n.Seq, RequestID: n.RequestID, Kind: n.Kind, Detail: map[string]string{}}
			if r.Asked != nil {
				ev.Detail["orderDigest"] = r.Asked.Order.Digest
			}
			if n.Kind == access.EventRequestCreated && n.ID != noticeID(addressed{channel: n.Channel, address: n.Address, why: n.Why, of: n.Kind}, ev) {
				ev.Kind = access.EventDecisionInvalidated // they are asked again
			}
			id := noticeID(a, ev)
			if n.Why == whyEscalated {
				id = rowID(n.RequestID, "escalated to on call for "+n.Address, a)
			}
			list = append(list, ledger.Notice{ID: id, Seq: n.Seq, RequestID: n.RequestID, Kind: n.Kind, Channel: mailChannel,
				Address: a.address, Why: n.Why, Urgent: n.Urgent, CreatedAt: e.now().UTC(), DueAt: e.now().UTC()})
		}
	}
	if !known {
		return false, e.refuse(ctx, n)
	}
	if err := e.ledger.AddNotices(ctx, list...); err != nil {
		return false, err
	}
	e.look()
	return true, e.ledger.CloseNotice(ctx, n.ID, ledger.NoticeSent, "", e.now().UTC())
}
