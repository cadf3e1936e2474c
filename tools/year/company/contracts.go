package company

import (
	"fmt"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// contract is a contract with the habits of those who ask under it.
type contract struct {
	review.Contract
	team      int
	approvers []*person
	fond      []float64 // how often each of them decides, against the others
	lengths   []time.Duration
	usual     []float64 // how often each length is asked for
	param     string    // "" for none
	values    []string
	chosen    []float64 // how often each value is
	teams     []int     // whose people ask
	weight    float64
	seasonal  bool             // it is used in the first week of a quarter only
	says      access.UsageKind // how much its target says of use; "" is nothing
	pickUp    bool             // a credential is picked up before it is used

	// What is planted.
	sole   *habit // one person decides nearly all
	silent *habit // nobody decides
	taken  bool
}

// habit is something planted that holds for some time.
type habit struct {
	days
	by    *person
	plant *Planted
}

func (h *habit) on(day int) bool { return h != nil && h.holds(day) }

const (
	halfHour = 30 * time.Minute
	anHour   = time.Hour
)

// kinds of contracts, of which a team owns two, with what Ramp's targets of that kind say
// of use.
var kinds = []struct {
	suffix, target, param string
	says                  access.UsageKind
	pickUp                bool
}{
	{"database", "postgres/%s", "table", access.UsageSeen, true},
	{"hosts", "ssh/%s", "", access.UsageSessions, true},
	{"secrets", "vault/%s", "path", "", true},
	{"account", "aws/%s", "role", access.UsageLast, false},
}

func (y *year) draft(d dice) {
	for t := range teamCount {
		for i := range 2 {
			y.contracts = append(y.contracts, draft(d, t, i))
		}
	}
	for _, c := range y.contracts {
		for _, p := range y.people {
			if p.team == c.team && p.owner {
				c.approvers, c.fond = append(c.approvers, p), append(c.fond, d.within(0.4, 1.6))
			}
		}
	}
	for _, p := range y.people {
		for _, c := range y.contracts {
			if slices.Contains(c.teams, p.team) && (c.team == p.team || d.chance(0.6)) {
				p.works = append(p.works, work{under: c})
			}
		}
		d.Shuffle(len(p.works), func(i, j int) { p.works[i], p.works[j] = p.works[j], p.works[i] })
	}
}

// draft makes the n-th contract of a team, without its people.
func draft(d dice, team, n int) *contract {
	k := kinds[(team+2*n)%len(kinds)]
	longest := one(d, []time.Duration{2 * anHour, 4 * anHour, 4 * anHour, 8 * anHour})
	c := &contract{team: team, param: k.param, says: k.says, pickUp: k.pickUp, weight: d.within(0.6, 1.5), teams: []int{team},
		lengths: []time.Duration{halfHour, anHour, longest / 2, longest}, usual: []float64{0.3, 0.45, 0.15, d.within(0.03, 0.15)}}
	c.Contract = review.Contract{Name: teamNames[team] + "-" + k.suffix, Version: fmt.Sprintf("sha256:%064x", 2*team+n), Owner: ownersGroup(team),
		Targets: []string{fmt.Sprintf(k.target, teamNames[team])}, Usual: access.Duration(anHour), Max: access.Duration(longest), Since: access.Duration(400 * 24 * time.Hour), Stages: true}
	if k.param != "" {
		for v := range 6 {
			c.values = append(c.values, fmt.Sprintf("%s-%d", k.param, v+1))
		}
		c.chosen = []float64{0.36, 0.24, 0.15, 0.1, 0.08, 0.07}
		c.Params = map[string][]string{k.param: slices.Clone(c.values)}
	}
	for range d.number(0, 3) {
		if other := d.IntN(teamCount); !slices.Contains(c.teams, other) {
			c.teams = append(c.teams, other)
		}
	}
	for _, t := range c.teams {
		c.Groups = append(c.Groups, teamNames[t])
	}
	switch {
	case n == 1 && team%4 == 0: // everybody may ask, and few do
		c.Groups = []string{everybody}
	case n == 0 && team%5 == 3:
		c.Automatic, c.AutoUpTo = true, access.Duration(anHour)
	case n == 1 && team == 9:
		c.seasonal = true
	}
	return c
}

// wide are the contracts under which everybody may ask.
func (y *year) wide() (out []*contract) {
	for _, c := range y.contracts {
		if c.Groups[0] == everybody {
			out = append(out, c)
		}
	}
	return out
}

// usedBy reports whether people of a team ask under the contract.
func (c *contract) usedBy(team int) bool { return slices.Contains(c.teams, team) }

// inSeason reports whether there is reason to ask under the contract on a day.
func (c *contract) inSeason(day int) bool { return !c.seasonal || day%91 < 7 }

// length draws how long somebody asks for.
func (c *contract) length(d dice) time.Duration { return c.lengths[d.weighed(c.usual)] }

// choice draws a value of the param; "" where there is none.
func (c *contract) choice(d dice) string {
	if c.param == "" {
		return ""
	}
	return c.values[d.weighed(c.chosen)]
}
