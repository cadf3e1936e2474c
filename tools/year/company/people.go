package company

import (
	"fmt"
	"math"
	"slices"
	"time"
	_ "time/tzdata" // zones are known on a machine without a zone database

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

const (
	teamCount = 20
	perTeam   = 10
	ownersOf  = 4 // people of a team who decide what it owns
)

var teamNames = [teamCount]string{"payments", "orders", "search", "catalog", "checkout", "identity", "platform", "data", "analytics", "support",
	"mobile", "web", "network", "storage", "security", "risk", "fulfilment", "pricing", "partners", "billing"}

// everybody is the group that everybody is in.
const everybody = "engineering"

// zones are where teams work, in turns.
var zones = []string{"Europe/Berlin", "Europe/Berlin", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "America/New_York", "Europe/Berlin"}

// person is somebody who asks.
type person struct {
	review.Person
	team  int
	zone  *time.Location
	begin time.Duration // of the day's work after midnight, as a habit
	rate  float64       // requests on a working day
	pace  float64       // how long they take to decide, against others
	away  []days        // holidays
	left  int           // the day after a contractor's last one; 0: none
	works []work        // what they ask for, what they need most first
	trip  days          // when they work nine hours later
	owner bool
	taken bool // something about them is planted
}

// work is a contract that a person needs from a day on.
type work struct {
	under *contract
	since int
}

// days are from the first, before the last.
type days struct{ from, to int }

func (s days) holds(day int) bool { return day >= s.from && day < s.to }

// workday is how long people work.
const workday = 8*time.Hour + 30*time.Minute

func (y *year) hire(d dice) error {
	for t := range teamCount {
		zone, err := time.LoadLocation(zones[t%len(zones)])
		if err != nil {
			return err
		}
		busy := d.within(0.7, 1.3)
		for i := range perTeam {
			p := &person{team: t, zone: zone, owner: i < ownersOf, rate: 0.32 * busy * math.Exp(0.5*d.NormFloat64()), pace: math.Exp(0.4 * d.NormFloat64()),
				begin: 9*time.Hour + time.Duration(d.NormFloat64()*float64(40*time.Minute))}
			if d.chance(0.06) { // who works late by habit is no anomaly
				p.begin += 4 * time.Hour
			}
			n := t*perTeam + i
			p.Person = review.Person{ID: fmt.Sprintf("%s-%02d", teamNames[t], i), Name: fmt.Sprintf("Person %d", n), Kind: access.KindHuman, Team: teamNames[t],
				Groups: []string{everybody, teamNames[t]}, Attributes: map[string]string{"team": teamNames[t]}}
			if p.owner {
				p.Groups = append(p.Groups, ownersGroup(t))
			} else if d.chance(0.12) {
				p.Attributes["type"] = "contractor"
				if d.chance(0.5) {
					p.left = d.number(120, 340)
				}
			}
			p.away = holidays(d)
			y.people = append(y.people, p)
		}
	}
	return nil
}

func ownersGroup(team int) string { return teamNames[team] + "-owners" }

// holidays draws four stays away: two long ones in different halves of the year, two short.
func holidays(d dice) (out []days) {
	for _, s := range []struct{ least, most, length int }{{20, 160, 14}, {190, 330, 14}, {0, 360, 4}, {0, 360, 3}} {
		from := d.number(s.least, s.most)
		out = append(out, days{from, from + s.length})
	}
	return out
}

// closed are days on which nobody works, by their number in the year: it begins on a Monday.
var closed = []int{0, 102, 105, 115, 143, 154, 276, 354, 355, 361}

// at reports whether the person is at work at a time.
func (p *person) at(y *year, t time.Time) bool {
	local := t.In(p.zone)
	day := y.dayOf(local)
	if p.off(day) {
		return false
	}
	clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
	begin := p.begins(day)
	return clock >= begin && clock < begin+workday
}

// begins returns when work begins on a day, after midnight.
func (p *person) begins(day int) time.Duration {
	if p.trip.holds(day) {
		return p.begin + 9*time.Hour
	}
	return p.begin
}

// off reports whether the person does not work on a day.
func (p *person) off(day int) bool {
	return day < 0 || day%7 > 4 || p.left > 0 && day >= p.left || slices.Contains(closed, day) ||
		slices.ContainsFunc(p.away, func(s days) bool { return s.holds(day) })
}

// clock returns a time of a day where the person is.
func (p *person) clock(y *year, day int, after time.Duration) time.Time {
	first := y.from
	return time.Date(first.Year(), first.Month(), first.Day()+day, 0, 0, 0, 0, p.zone).Add(after).UTC().Truncate(time.Millisecond)
}

// back returns when the person is at work next.
func (p *person) back(y *year, t time.Time) (time.Time, bool) {
	for day := y.dayOf(t.In(p.zone)); day < y.length+7; day++ {
		if begin := p.clock(y, day, p.begins(day)); !p.off(day) && begin.After(t) {
			return begin, true
		}
	}
	return time.Time{}, false
}

// dayOf returns the number of a day, from 0, by the date that a time has in its own zone.
func (y *year) dayOf(local time.Time) int {
	date := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	return int(math.Floor(date.Sub(y.from).Hours() / 24))
}
