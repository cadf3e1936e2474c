package company

import (
	"fmt"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// wish is what somebody asks for. What is zero goes as usual; the rest is for what is
// planted.
type wish struct {
	by       *person
	under    *contract
	at       time.Time
	length   time.Duration
	value    string
	reason   string
	ticket   string
	incident bool // people hurry
	glass    bool

	approver   *person
	deny, wait bool // it is denied; it waits until nobody has decided it
	keep       bool // it is not handed back early
	unused     bool
	share      float64 // the part of its time for which it is used
	unreviewed bool
	overdue    bool
	drift      bool
	plant      *Planted
}

// pendingFor is how long requests wait for a decision.
const pendingFor = 16 * time.Hour

// ask makes the request that a wish leads to, with all that becomes of it.
func (y *year) ask(d dice, w wish) {
	if w.under == nil || !w.at.Before(y.to.Add(-36*time.Hour)) || w.at.Before(y.from) {
		return // there is nothing to ask for, or its whole life would not lie in the year
	}
	y.asked++
	if w.length == 0 {
		w.length = w.under.length(d)
	}
	if w.value == "" {
		w.value = w.under.choice(d)
	}
	if w.reason == "" {
		w.reason, w.ticket = y.reason(d)
	}
	c := w.under
	r := &review.Request{ID: access.RequestIDFor("year", fmt.Sprint(y.seed, " ", y.asked)), Contract: c.Name, ContractVersion: c.Version, Owner: c.Owner, Requester: w.by.Person, Via: access.ViaWeb,
		Targets: c.Targets, Entitlements: []string{c.Targets[0] + ` {"for":"` + w.value + `"}`}, Reason: w.reason, Ticket: w.ticket, AskedAt: w.at.Truncate(time.Millisecond),
		Asked: access.Duration(w.length), NeedsPickUp: c.pickUp}
	if c.param != "" {
		r.Params = map[string]string{c.param: w.value}
	}
	if y.decide(d, w, r) {
		y.open(d, w, r)
	}
	w.plant.of(r)
	y.requests = append(y.requests, r)
}

// decide decides a request, and reports whether it opens.
func (y *year) decide(d dice, w wish, r *review.Request) bool {
	c, day := w.under, y.dayOf(w.at)
	switch {
	case w.glass:
		r.DecidedAt = r.AskedAt
		r.BreakGlass = &review.BreakGlass{ReviewBy: r.AskedAt.Add(72 * time.Hour)}
		if !w.unreviewed {
			r.BreakGlass.ReviewedAt = r.AskedAt.Add(min(d.around(14*time.Hour, 0.8), 71*time.Hour)).Truncate(time.Millisecond)
			r.BreakGlass.ReviewedBy, r.BreakGlass.Justified = y.other(d, w.by).ID, true
		}
		return true
	case c.Automatic && (c.AutoUpTo == 0 || w.length <= c.AutoUpTo.Std()) && !w.deny && !w.wait:
		r.Automatic, r.DecidedAt = true, r.AskedAt.Add(80*time.Millisecond)
		return true
	case w.wait, c.silent.on(day) && d.chance(0.5), w.plant == nil && d.chance(0.012):
		if c.silent.on(day) {
			c.silent.plant.of(r)
		}
		return lapse(r)
	case w.plant == nil && d.chance(0.008):
		r.State, r.DecidedAt = access.StateCancelled, r.AskedAt.Add(d.around(10*time.Minute, 0.7)).Truncate(time.Millisecond)
		return false
	}
	by, from := y.approver(d, w)
	if by == nil {
		return lapse(r)
	}
	took := max(d.around(time.Duration(float64(6*time.Minute)*by.pace), 1), 12*time.Second)
	if w.incident {
		took = max(d.around(time.Duration(float64(75*time.Second)*by.pace), 0.6), 7*time.Second)
	}
	if rush := y.rushed[by]; rush.on(day) && d.chance(0.8) {
		took = d.span(2*time.Second, 8*time.Second)
		rush.plant.of(r)
	}
	if c.sole.on(day) && by == c.sole.by {
		c.sole.plant.of(r)
	}
	decided := from.Add(took).Truncate(time.Millisecond)
	if decided.Sub(r.AskedAt) > pendingFor {
		return lapse(r)
	}
	verdict := access.Approve
	if w.deny || w.plant == nil && !w.incident && d.chance(0.025) {
		verdict = access.Deny
	}
	r.DecidedAt, r.Decisions = decided, []review.Decision{{By: by.Person, Verdict: verdict, Stage: "owners", Via: access.ViaWeb, At: decided}}
	if verdict == access.Deny {
		r.State = access.StateDenied
	}
	return verdict == access.Approve
}

func lapse(r *review.Request) bool {
	r.State, r.DecidedAt = access.StateLapsed, r.AskedAt.Add(pendingFor)
	return false
}

// approver draws who decides, and from when on they could have.
func (y *year) approver(d dice, w wish) (by *person, from time.Time) {
	c, day := w.under, y.dayOf(w.at)
	if w.approver != nil {
		return w.approver, w.at
	}
	if c.sole.on(day) && c.sole.by != w.by && d.chance(0.97) {
		return c.sole.by, w.at
	}
	weights, atWork := make([]float64, len(c.approvers)), false
	for i, p := range c.approvers {
		if p != w.by && p.at(y, w.at) {
			weights[i], atWork = c.fond[i], true
		}
	}
	switch {
	case atWork:
		return c.approvers[d.weighed(weights)], w.at
	case w.incident: // somebody is called
		for {
			if p := one(d, c.approvers); p != w.by {
				return p, w.at.Add(d.span(time.Minute, 6*time.Minute))
			}
		}
	}
	for _, p := range c.approvers { // who comes in first
		if back, ok := p.back(y, w.at); ok && p != w.by && (by == nil || back.Before(from)) {
			by, from = p, back
		}
	}
	return by, from
}

// open opens access, lets it be used, and ends it.
func (y *year) open(d dice, w wish, r *review.Request) {
	r.Given, r.State, r.Outcome = r.Asked, access.StateEnded, access.OutcomeExpired
	r.OpenedAt = r.DecidedAt.Add(d.span(time.Second, 6*time.Second)).Truncate(time.Millisecond)
	length := w.length
	if w.plant == nil && d.chance(0.04) {
		r.Extensions, length = 1, length+anHour
	}
	r.PlannedEnd = r.OpenedAt.Add(length).Truncate(time.Second)
	share := w.share
	switch {
	case w.unused || share == 0 && d.chance(0.04):
		share = 0
	case share == 0 && d.chance(0.12):
		share = d.within(0.02, 0.2)
	case share == 0:
		share = d.within(0.2, 0.95)
	}
	end := r.PlannedEnd
	if !w.keep && share > 0 && w.share == 0 && d.chance(0.35) { // handed back when it was done
		r.Outcome, end = access.OutcomeReleased, r.OpenedAt.Add(time.Duration(d.within(0.4, 0.9)*float64(length))).Truncate(time.Millisecond)
	}
	r.ClosedAt = end.Add(d.span(200*time.Millisecond, 3*time.Second)).Truncate(time.Millisecond)
	if w.overdue {
		r.OverdueAt, r.ClosedAt = end.Add(2*time.Minute), end.Add(d.span(5*time.Minute, 2*anHour)).Truncate(time.Millisecond)
	}
	if w.drift {
		r.Drifts = []time.Time{r.OpenedAt.Add(end.Sub(r.OpenedAt) / 3).Truncate(time.Millisecond)}
	}
	var used []access.Session
	if share > 0 {
		used = sessions(d, r.OpenedAt, end, share)
	}
	r.Usage = reported(w.under.says, used, r.OpenedAt, r.ClosedAt)
	// What was picked up and not used, only a target knows that reports sessions.
	if r.NeedsPickUp && (share > 0 || w.under.says == access.UsageSessions && y.asked%2 == 0) {
		r.PickedUp = 1
	}
}

// sessions draws sessions that take a part of the time between two instants.
func sessions(d dice, from, to time.Time, share float64) (out []access.Session) {
	whole := to.Sub(from)
	n := d.number(1, 3)
	for i := range n {
		slot := whole / time.Duration(n)
		length := time.Duration(share * float64(slot))
		begin := from.Add(time.Duration(i) * slot).Add(d.span(0, slot-length+time.Millisecond)).Truncate(time.Millisecond)
		out = append(out, access.Session{From: begin, To: begin.Add(length).Truncate(time.Millisecond)})
	}
	return out
}

// How often targets are looked at (worker.reconcile.every), and how late IAM learns that a
// role was used.
const (
	look = 30 * time.Second
	late = 2 * time.Hour
)

// reported returns what a target says of sessions, as Ramp's do; nil if it says nothing.
func reported(kind access.UsageKind, sessions []access.Session, opened, closed time.Time) *access.Usage {
	var known []access.Session
	for _, s := range sessions {
		before := s.To.Sub(opened).Truncate(look)
		switch {
		case kind == access.UsageSessions: // until the look that no longer found it
			s.To = opened.Add(min(before+look, closed.Sub(opened)))
			known = append(known, s)
		case kind == access.UsageSeen && opened.Add(before).After(s.From): // until the last look that did
			s.To = opened.Add(before)
			known = append(known, s)
		case kind == access.UsageLast && s.To.Before(closed.Add(-late)):
			known = append(known, s)
		}
	}
	u := access.UsageOf(known)
	u.Kind = kind
	switch kind {
	case "":
		return nil
	case access.UsageLast:
		u = access.Usage{Kind: kind, Last: u.Last}
	}
	return &u
}

// other draws a person who is somebody else.
func (y *year) other(d dice, than *person) *person {
	for {
		if p := one(d, y.people); p != than {
			return p
		}
	}
}
