package company

import (
	"fmt"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// ordinary makes the days on which nothing is wrong, with what only looks as if it were:
// people who stay late or travel, weekly chores with the same words, weeks before a release,
// teams that begin to need something.
func (y *year) ordinary(d dice) {
	chores := map[*person]string{}
	for _, text := range weekly {
		chores[one(d, y.people)] = text
	}
	for range 3 {
		from := d.number(0, y.length-14)
		one(d, y.people).trip = days{from, from + 12}
	}
	y.adopt(d)
	releases := make([][]days, teamCount)
	for t := range releases {
		for range 3 {
			from := 7 * d.number(0, 50)
			releases[t] = append(releases[t], days{from, from + 5})
		}
	}
	for day := range y.length {
		for _, p := range y.people {
			if p.off(day) {
				continue
			}
			rate := p.rate * y.busy
			for _, s := range releases[p.team] {
				if s.holds(day) {
					rate *= 1.8
				}
			}
			for range d.count(rate) {
				y.ask(d, wish{by: p, under: y.need(d, p, day), at: y.hour(d, p, day)})
			}
			if text := chores[p]; text != "" && day%7 == 0 {
				y.ask(d, wish{by: p, under: y.need(d, p, day), at: p.clock(y, day, p.begins(day)+d.span(halfHour, anHour)), reason: text})
			}
		}
	}
}

// need draws under which contract a person asks; nil if there is none for them.
func (y *year) need(d dice, p *person, day int) *contract {
	weights, some := make([]float64, len(p.works)), false
	for i, w := range p.works {
		if w.since <= day && w.under.inSeason(day) && w.under.weight > 0 {
			weights[i], some = w.under.weight/float64(i+1), true
		}
	}
	if !some {
		return nil
	}
	return p.works[d.weighed(weights)].under
}

// hour draws when on a day somebody asks. One in seventy stays late.
func (y *year) hour(d dice, p *person, day int) time.Time {
	after := d.span(0, workday)
	if d.chance(0.014) {
		after = workday + d.span(0, 3*time.Hour)
	}
	return p.clock(y, day, p.begins(day)+after)
}

// adopt lets teams begin to need what is open to everybody.
func (y *year) adopt(d dice) {
	for range 3 {
		c, since, team := one(d, y.wide()), d.number(Learned, y.length-60), d.IntN(teamCount)
		if c.usedBy(team) {
			continue
		}
		c.teams = append(c.teams, team)
		for _, p := range y.people {
			if p.team == team && d.chance(0.6) {
				p.works = append(p.works, work{c, since})
			}
		}
	}
}

// incidents makes what happens at any hour, and whom it brings.
func (y *year) incidents(d dice) {
	for n := range 140 {
		begin := y.from.Add(d.span(0, time.Duration(y.length-3)*24*time.Hour))
		c := one(d, y.contracts)
		if c.weight == 0 || c.seasonal {
			continue
		}
		day := y.dayOf(begin)
		id := fmt.Sprintf("INC-%d", 300+n)
		what := one(d, objects)
		texts := []string{id + ": " + what, id + " " + what + ", looking", "incident " + id}
		call := y.onCall(c.team, day)
		crowd := []*person{call}
		for _, p := range y.people {
			if p.team == c.team && p != call && (p.at(y, begin) && d.chance(0.35) || d.chance(0.03)) {
				crowd = append(crowd, p)
			}
		}
		for _, p := range crowd {
			for i := range d.number(1, 2) {
				y.ask(d, wish{by: p, under: c, at: begin.Add(time.Duration(i)*2*time.Hour + d.span(2*time.Minute, 90*time.Minute)), reason: one(d, texts), ticket: id, incident: true,
					glass: !p.at(y, begin) && d.chance(0.3)})
			}
		}
	}
}

// onCall returns who of a team is on call on a day: a week each, and who is away is passed
// over.
func (y *year) onCall(team, day int) *person {
	for i := range perTeam {
		p := y.people[team*perTeam+(day/7+i)%perTeam]
		if p.left > 0 && day >= p.left {
			continue
		}
		away := false
		for _, s := range p.away {
			away = away || s.holds(day)
		}
		if !away {
			return p
		}
	}
	return y.people[team*perTeam]
}

// refuse makes acts that Ramp refused: now and then one, and a few of somebody who tries what
// works.
func (y *year) refuse(d dice) {
	for day := range y.length {
		for _, p := range y.people {
			if p.off(day) || !d.chance(0.008) {
				continue
			}
			n := 1
			if d.chance(0.06) {
				n = d.number(3, 6)
			}
			y.refusedTo(d, p, day, n)
		}
	}
}

// refusals of each kind.
var refusedActs = []struct {
	act  access.Act
	code string
}{{access.ActRequest, "not_eligible"}, {access.ActRequest, "reason_too_short"}, {access.ActExtend, "extension_too_long"}, {access.ActDecide, "own_request"}, {access.ActPickUp, "not_open"}}

func (y *year) refusedTo(d dice, p *person, day, n int) {
	what, c := one(d, refusedActs), one(d, y.contracts)
	at := p.clock(y, day, p.begins(day)+d.span(0, workday))
	for range n {
		at = at.Add(d.span(70*time.Second, 20*time.Minute)).Truncate(time.Millisecond)
		if !at.Before(y.to) {
			return
		}
		y.refusals = append(y.refusals, &review.Refusal{By: p.ID, Act: string(what.act), Code: what.code, Contract: c.Name, At: at, Times: 1})
	}
}
