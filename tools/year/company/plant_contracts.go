package company

import (
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// lasts says that something planted is about a contract, all year.
func (p *Planted) lasts(c *contract) {
	p.Contract, p.lasting = c.Name, true
}

// plantIdle has nobody ask under a contract.
func (y *year) plantIdle(d dice, p *Planted) {
	if c := y.free(d, (*contract).narrow); c != nil {
		c.weight = 0
		p.lasts(c)
	}
}

// shortens has everybody who asks under a contract ask for little of what it gives.
func (c *contract) shortens(d dice) {
	c.Max = access.Duration(one(d, []time.Duration{8 * anHour, 12 * anHour}))
	c.lengths, c.usual = []time.Duration{halfHour, 45 * time.Minute, anHour}, []float64{0.4, 0.3, 0.3}
}

// plantLong has a contract give far more time than anybody asks for.
func (y *year) plantLong(d dice, p *Planted) {
	if c := y.free(d, busy); c != nil {
		c.shortens(d)
		p.lasts(c)
	}
}

// plantUncapped has a contract approve by itself for longer than anybody needs.
func (y *year) plantUncapped(d dice, p *Planted) {
	if c := y.free(d, busy); c != nil {
		c.shortens(d)
		c.Automatic, c.AutoUpTo = true, 0
		p.lasts(c)
		p.Also = []review.Kind{review.MaxTooLong}
	}
}

// plantValue lets people choose a value that nobody needs.
func (y *year) plantValue(d dice, p *Planted) {
	if c := y.free(d, func(c *contract) bool { return busy(c) && c.param != "" }); c != nil {
		value := c.param + "-old"
		c.Params[c.param] = append(c.Params[c.param], value)
		p.lasts(c)
		p.Subject = c.param + "=" + value
	}
}

// plantGroup lets a group ask that has no need.
func (y *year) plantGroup(d dice, p *Planted) {
	c := y.free(d, func(c *contract) bool { return busy(c) && c.narrow() })
	if c == nil {
		return
	}
	for {
		if other := d.IntN(teamCount); !slices.Contains(c.teams, other) {
			c.Groups = append(c.Groups, teamNames[other])
			p.lasts(c)
			p.Subject = teamNames[other]
			return
		}
	}
}

// plantSole has one person decide nearly everything under a contract for some weeks.
func (y *year) plantSole(d dice, p *Planted) {
	c := y.free(d, busy)
	if c == nil {
		return
	}
	when := y.during(d, p, d.number(35, 49))
	for _, by := range c.approvers {
		if !by.taken && len(y.workdays(by, when))*7 >= (when.to-when.from)*4 {
			by.taken = true
			c.sole = &habit{when, by, p}
			p.about(c, by)
			return
		}
	}
}

// plantSilent has half of a contract's requests wait for nothing, for some weeks.
func (y *year) plantSilent(d dice, p *Planted) {
	if c := y.free(d, busy); c != nil {
		c.silent = &habit{y.during(d, p, d.number(28, 42)), nil, p}
		p.about(c)
	}
}

// plantFast has somebody approve within seconds.
func (y *year) plantFast(d dice, p *Planted) {
	when := y.during(d, p, d.number(25, 35))
	who, _ := y.pick(d, when, func(p *person) bool { return p.owner && y.rushed[p] == nil }, anything)
	if who != nil {
		y.rushed[who] = &habit{when, who, p}
		p.about(nil, who)
	}
}

// plantPair has two people approve what the other asks for.
func (y *year) plantPair(d dice, p *Planted) {
	when := y.during(d, p, d.number(21, 30))
	for range 20 * teamCount {
		c := one(d, y.contracts)
		a, b := one(d, c.approvers), one(d, c.approvers)
		if c.taken || c.seasonal || c.Automatic || a == b || a.taken || b.taken {
			continue
		}
		a.taken, b.taken = true, true
		p.about(nil, a, b)
		p.Also = []review.Kind{review.OneApprover}
		for _, pair := range [][2]*person{{a, b}, {b, a}} {
			for _, at := range y.spread(d, pair[0], when, d.number(7, 11)) {
				y.ask(d, wish{by: pair[0], under: c, at: at, approver: pair[1], plant: p})
			}
		}
		return
	}
}

// plantGlass has somebody break glass, and nobody review it.
func (y *year) plantGlass(d dice, p *Planted) {
	y.plantOne(d, p, wish{glass: true, unreviewed: true})
}

// plantOverdue has an ending take longer than its target may.
func (y *year) plantOverdue(d dice, p *Planted) { y.plantOne(d, p, wish{overdue: true}) }

// plantDrift has somebody change on a target what was granted.
func (y *year) plantDrift(d dice, p *Planted) { y.plantOne(d, p, wish{drift: true}) }

// plantOne plants one request.
func (y *year) plantOne(d dice, p *Planted, w wish) {
	when := y.during(d, p, 7)
	who, c := y.pick(d, when, anybody, anything)
	if who == nil {
		return
	}
	p.about(c)
	w.by, w.under, w.plant, w.approver = who, c, p, c.decider(d, who)
	w.at = y.spread(d, who, when, 1)[0]
	y.ask(d, w)
}
