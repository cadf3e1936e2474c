package company

import (
	"slices"
	"time"

	"ramp.dev/ramp/review"
)

// Planted is something wrong that was planted, and what a finding of it must be about.
type Planted struct {
	Kind     review.Kind
	Contract string   // empty where several are concerned
	Subject  string   // of values and groups that nobody uses
	People   []string // whom it is about
	Requests []string // that belong to it
	From, To time.Time
	// Also are kinds that are true of it, too: their findings are neither right nor wrong
	// here.
	Also []review.Kind

	lasting bool // it is about no requests
}

// of notes that a request belongs to what was planted; nil is nothing planted.
func (p *Planted) of(r *review.Request) {
	if p != nil && !slices.Contains(p.Requests, r.ID) {
		p.Requests = append(p.Requests, r.ID)
	}
}

// seeds are what is planted, and how often: contracts first, since they change how people
// ask.
func (y *year) seeds() []struct {
	kind  review.Kind
	times int
	plant func(dice, *Planted)
} {
	return []struct {
		kind  review.Kind
		times int
		plant func(dice, *Planted)
	}{
		{review.ContractIdle, 2, y.plantIdle}, {review.MaxTooLong, 2, y.plantLong}, {review.AutoUncapped, 2, y.plantUncapped},
		{review.ValueIdle, 3, y.plantValue}, {review.GroupIdle, 3, y.plantGroup},
		{review.OneApprover, 2, y.plantSole}, {review.ApproversIdle, 2, y.plantSilent},
		{review.FastApproval, 4, y.plantFast}, {review.ApprovalPair, 4, y.plantPair},
		{review.NeverUsed, 4, y.plantUnused}, {review.LittleUsed, 4, y.plantLittle}, {review.HeldLong, 4, y.plantHeld},
		{review.OffHours, 4, y.plantNight}, {review.FirstTime, 4, y.plantFirst}, {review.Unusual, 4, y.plantMany},
		{review.CopiedReason, 4, y.plantCopies}, {review.Denials, 4, y.plantDenials}, {review.Refusals, 4, y.plantRefusals},
		{review.GlassReview, 4, y.plantGlass}, {review.Overdue, 4, y.plantOverdue}, {review.Drift, 4, y.plantDrift},
	}
}

func (y *year) plant(d dice) {
	for _, s := range y.seeds() {
		for range s.times {
			p := &Planted{Kind: s.kind, From: y.from, To: y.to}
			s.plant(d, p)
			y.planted = append(y.planted, p)
		}
	}
}

// during draws a time that lasts so many days, once habits are known.
func (y *year) during(d dice, p *Planted, length int) days {
	from := d.number(Learned, y.length-length-9)
	s := days{from, from + length}
	p.From, p.To = y.from.AddDate(0, 0, s.from), y.from.AddDate(0, 0, s.to)
	return s
}

// pick draws a person of whom nothing is planted, who is at work on most of the days, and
// has a contract that serves; it is nil if there is none for anybody.
func (y *year) pick(d dice, when days, of func(*person) bool, serves func(*contract) bool) (*person, *contract) {
	for range 20 * len(y.people) {
		p := one(d, y.people)
		if p.taken || p.left > 0 || !of(p) || len(y.workdays(p, when))*7 < (when.to-when.from)*3 {
			continue
		}
		for _, w := range p.works {
			if c := w.under; c.weight > 0 && !c.seasonal && !c.taken && w.since == 0 && serves(c) {
				p.taken = true
				return p, c
			}
		}
	}
	return nil, nil
}

// free draws a contract of which nothing is planted.
func (y *year) free(d dice, serves func(*contract) bool) *contract {
	for range 20 * len(y.contracts) {
		if c := one(d, y.contracts); !c.taken && !c.seasonal && serves(c) {
			c.taken = true
			return c
		}
	}
	return nil
}

func anybody(*person) bool       { return true }
func anything(*contract) bool    { return true }
func busy(c *contract) bool      { return !c.Automatic && c.weight > 0.9 && len(c.teams) > 1 }
func (c *contract) narrow() bool { return c.Groups[0] != everybody }

// workdays are the days of a time on which a person works.
func (y *year) workdays(p *person, when days) (out []int) {
	for day := when.from; day < when.to; day++ {
		if !p.off(day) {
			out = append(out, day)
		}
	}
	return out
}

// spread draws so many times at which a person asks, in working hours.
func (y *year) spread(d dice, p *person, when days, n int) (out []time.Time) {
	workdays := y.workdays(p, when)
	for i := range n {
		if len(workdays) == 0 {
			break
		}
		day := workdays[i*len(workdays)/n]
		out = append(out, y.hour(d, p, day))
	}
	return out
}

// decider draws who of a contract's approvers is somebody else.
func (c *contract) decider(d dice, than *person) *person {
	for {
		if p := one(d, c.approvers); p != than {
			return p
		}
	}
}
