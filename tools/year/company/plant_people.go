package company

import (
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// about says whom and what something planted is about.
func (p *Planted) about(under *contract, people ...*person) {
	if under != nil {
		p.Contract = under.Name
	}
	for _, who := range people {
		p.People = append(p.People, who.ID)
	}
}

// plantUnused has somebody open access again and again, and not use it.
func (y *year) plantUnused(d dice, p *Planted) {
	when := y.during(d, p, d.number(18, 28))
	who, c := y.pick(d, when, anybody, func(c *contract) bool { return c.pickUp })
	if who == nil {
		return
	}
	p.about(c, who)
	for _, at := range y.spread(d, who, when, d.number(4, 8)) {
		y.ask(d, wish{by: who, under: c, at: at, unused: true, keep: true, plant: p})
	}
}

// plantLittle has somebody use a few minutes of hours.
func (y *year) plantLittle(d dice, p *Planted) {
	when := y.during(d, p, d.number(18, 28))
	who, c := y.pick(d, when, anybody, func(c *contract) bool { return c.says == access.UsageSessions })
	if who == nil {
		return
	}
	p.about(c, who)
	for _, at := range y.spread(d, who, when, d.number(7, 11)) {
		y.ask(d, wish{by: who, under: c, at: at, length: c.Max.Std(), share: d.within(0.01, 0.06), plant: p})
	}
}

// plantHeld has somebody hold access for most of the day and night.
func (y *year) plantHeld(d dice, p *Planted) {
	when := y.during(d, p, d.number(20, 28))
	who, c := y.pick(d, when, anybody, func(c *contract) bool { return c.Max.Std() >= 4*anHour })
	if who == nil {
		return
	}
	p.about(c, who)
	p.Also = []review.Kind{review.Unusual, review.OffHours, review.LittleUsed}
	hours := time.Duration(d.within(0.45, 0.9) * float64(24*anHour))
	for day := when.from; day < when.to; day++ {
		for begin := time.Duration(0); begin+c.Max.Std() <= hours; begin += c.Max.Std() {
			y.ask(d, wish{by: who, under: c, at: who.clock(y, day, who.begin+begin), length: c.Max.Std(), approver: c.decider(d, who), keep: true, plant: p})
		}
	}
}

// plantNight has somebody with regular hours ask at night.
func (y *year) plantNight(d dice, p *Planted) {
	when := y.during(d, p, d.number(3, 14))
	who, c := y.pick(d, when, func(p *person) bool { return p.begin < 11*anHour && p.rate > 0.2 }, anything)
	if who == nil {
		return
	}
	p.about(nil, who)
	for range d.number(2, 4) {
		at := who.clock(y, d.number(when.from, when.to-1), d.span(anHour, 4*anHour+halfHour))
		y.ask(d, wish{by: who, under: c, at: at, approver: c.decider(d, who), plant: p})
	}
}

// plantFirst has somebody ask for what nobody of their team ever needed.
func (y *year) plantFirst(d dice, p *Planted) {
	when := y.during(d, p, d.number(3, 8))
	who, _ := y.pick(d, when, anybody, anything)
	if who == nil {
		return
	}
	for _, c := range y.wide() {
		if c.usedBy(who.team) || c.taken {
			continue
		}
		p.about(c, who)
		for _, at := range y.spread(d, who, when, d.number(1, 3)) {
			y.ask(d, wish{by: who, under: c, at: at, plant: p})
		}
		return
	}
}

// plantMany has somebody ask four to eight times as often as they do.
func (y *year) plantMany(d dice, p *Planted) {
	when := y.during(d, p, 14)
	who, c := y.pick(d, when, func(p *person) bool { return p.rate > 0.12 && p.rate < 0.45 }, anything)
	if who == nil {
		return
	}
	p.about(nil, who)
	for _, at := range y.spread(d, who, when, int(d.within(4, 8)*who.rate*20)) {
		y.ask(d, wish{by: who, under: c, at: at, plant: p})
	}
}

// plantCopies has somebody write the same for everything.
func (y *year) plantCopies(d dice, p *Planted) {
	when := y.during(d, p, d.number(14, 24))
	who, c := y.pick(d, when, anybody, anything)
	if who == nil {
		return
	}
	p.about(nil, who)
	text := one(d, lazy)
	for _, at := range y.spread(d, who, when, d.number(5, 9)) {
		y.ask(d, wish{by: who, under: c, at: at, reason: text, plant: p})
	}
}

// plantDenials has somebody ask again for what is denied.
func (y *year) plantDenials(d dice, p *Planted) {
	when := y.during(d, p, d.number(10, 20))
	who, c := y.pick(d, when, anybody, anything)
	if who == nil {
		return
	}
	p.about(c, who)
	for _, at := range y.spread(d, who, when, d.number(4, 6)) {
		y.ask(d, wish{by: who, under: c, at: at, approver: c.decider(d, who), deny: true, plant: p})
	}
}

// plantRefusals has somebody try what Ramp does not allow.
func (y *year) plantRefusals(d dice, p *Planted) {
	when := y.during(d, p, 7)
	who, _ := y.pick(d, when, anybody, anything)
	if who == nil {
		return
	}
	p.about(nil, who)
	p.lasting = true
	y.refusedTo(d, who, one(d, y.workdays(who, when)), d.number(12, 30))
}
