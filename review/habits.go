package review

import (
	"maps"
	"slices"
	"time"

	"ramp.dev/ramp/access"
)

// habits finds requests at unusual times, for what nobody of the team had before, and in
// unusual number or length, each against the history of the person and of their team. A
// person's history is what they asked for before, in the period too, so that a habit that
// begins is found in its first period and no more after it; but of the hours it is what was
// before the period: of two nights, the second would be usual.
type habits struct {
	period   Period
	limits   Thresholds
	people   map[string]*habit
	teams    map[string]*habit
	under    map[string]int // requests by anybody under each contract before the period
	first    time.Time
	offHours map[string]*strange
	firsts   map[personUnder]*shownCount
	longer   map[personUnder]*longer
	lengths  map[string]lengths // that anybody asked for before the period, by contract
}

// habit is how a person, or a team, has asked for access until now.
type habit struct {
	requests  int
	before    int        // of them, before the period
	during    int        // in the period
	hours     [2][24]int // by hour, on working days and at weekends
	contracts map[string]int
	lengths   map[string]lengths // that were asked for, by contract
	shown     trail              // of the period
	under     map[string]bool    // contracts of the period
}

type strange struct {
	n         int
	contracts map[string]bool
	shown     trail
	at        time.Time // the first of them
	days      map[string]bool
}

// onDays is on how many days somebody must ask at an unusual time. Once is what somebody does
// who was called; of a made-up year nineteen in twenty of those were (docs/review.md).
const onDays = 2

type longer struct {
	n                int
	longest, usually access.Duration
	shown            trail
}

func newHabits(p Period, t Thresholds) *habits {
	return &habits{period: p, limits: t, people: map[string]*habit{}, teams: map[string]*habit{}, under: map[string]int{},
		lengths: map[string]lengths{}, offHours: map[string]*strange{}, firsts: map[personUnder]*shownCount{}, longer: map[personUnder]*longer{}}
}

func habitIn(of map[string]*habit, key string) *habit {
	if of[key] == nil {
		of[key] = &habit{contracts: map[string]int{}, lengths: map[string]lengths{}, under: map[string]bool{}}
	}
	return of[key]
}

func (h *habits) add(r Request, during bool) {
	if h.first.IsZero() {
		h.first = r.AskedAt
	}
	person := habitIn(h.people, r.Requester.ID)
	var team *habit // nil: the person is in none that is known
	if r.Requester.Team != "" {
		team = habitIn(h.teams, r.Requester.Team)
	}
	// An emergency comes when it comes, and its reviewers look at it.
	if during && r.BreakGlass == nil {
		h.compare(r, person, team)
	}
	person.learn(h.period, r, during)
	if team != nil {
		team.learn(h.period, r, during)
	}
	if !during {
		h.under[r.Contract]++
		l := h.lengths[r.Contract]
		l.add(r.Asked.Std())
		h.lengths[r.Contract] = l
	}
}

func (h *habit) learn(p Period, r Request, during bool) {
	h.requests++
	h.contracts[r.Contract]++
	if !during {
		day, hour := dayAndHour(p.in(r.AskedAt))
		h.hours[day][hour]++
		h.before++
		l := h.lengths[r.Contract]
		l.add(r.Asked.Std())
		h.lengths[r.Contract] = l
		return
	}
	h.during++
	h.under[r.Contract] = true
	h.shown.add(r.ID, r.Events.Asked)
}

// dayAndHour returns 1 at weekends, and the hour.
func dayAndHour(at time.Time) (day, hour int) {
	if d := at.Weekday(); d == time.Saturday || d == time.Sunday {
		day = 1
	}
	return day, at.Hour()
}

// near returns the part of the requests before the period that were made within an hour of one time of
// the day, on the same kind of day.
func (h *habit) near(day, hour int) float64 {
	n := 0
	for _, at := range []int{hour + 23, hour, hour + 1} {
		n += h.hours[day][at%24]
	}
	return float64(n) / float64(max(h.before, 1))
}

// known reports whether a history is long enough to say what is usual.
func (h *habits) known(of *habit) bool { return of != nil && of.requests >= h.limits.HistoryLeast }

func (h *habits) compare(r Request, person, team *habit) {
	key := personUnder{r.Requester.ID, r.Contract}
	day, hour := dayAndHour(h.period.in(r.AskedAt))
	rare := func(of *habit) bool { return of.near(day, hour) <= h.limits.OffHours }
	// Where both histories are long enough, it must be rare in both.
	if (h.known(person) || h.known(team)) && (!h.known(person) || rare(person)) && (!h.known(team) || rare(team)) {
		s := h.offHours[key.person]
		if s == nil {
			s = &strange{contracts: map[string]bool{}, days: map[string]bool{}, at: r.AskedAt}
			h.offHours[key.person] = s
		}
		s.n++
		s.contracts[r.Contract] = true
		s.days[h.period.in(r.AskedAt).Format(time.DateOnly)] = true
		s.shown.add(r.ID, r.Events.Asked)
	}
	// A contract that is new to everybody is nobody's oddity.
	first := person.contracts[r.Contract] == 0 && (team == nil || team.contracts[r.Contract] == 0)
	if already := h.firsts[key]; already != nil || first && (h.known(person) || h.known(team)) && h.under[r.Contract] >= h.limits.UnusualLeast {
		if already == nil {
			already = &shownCount{}
			h.firsts[key] = already
		}
		already.n++
		already.shown.add(r.ID, r.Events.Asked)
	}
	before := person.lengths[r.Contract]
	if len(before) < h.limits.UnusualLeast {
		return
	}
	if usually := before.quantile(0.5); float64(r.Asked) >= h.limits.UnusualTimes*float64(usually) && r.Asked > before.quantile(1) &&
		h.lengths[r.Contract].from(r.Asked.Std()) <= rarelyAsked {
		l := h.longer[key]
		if l == nil {
			l = &longer{}
			h.longer[key] = l
		}
		l.n++
		l.longest, l.usually = max(l.longest, r.Asked), usually
		l.shown.add(r.ID, r.Events.Asked)
	}
}

// rarelyAsked is the part of all earlier requests under a contract that were as long: what
// others ask for as well is no oddity of one person.
const rarelyAsked = 0.01

func (h *habits) findings(m *Maker) (out []Finding) {
	for _, id := range slices.Sorted(maps.Keys(h.offHours)) {
		s := h.offHours[id]
		if len(s.days) < onDays {
			continue
		}
		out = append(out, m.finding(OffHours, id, only(s.contracts), []string{id}, float64(s.n), &s.shown,
			"%s asked for access %s at a time at which neither they nor their team usually ask, first on %s.", id, times(s.n), h.period.in(s.at).Format("Monday, 2 January 2006 at 15:04 MST")))
	}
	for _, key := range slices.SortedFunc(maps.Keys(h.firsts), personUnder.compare) {
		f := h.firsts[key]
		out = append(out, m.finding(FirstTime, key.person, key.contract, []string{key.person}, 1, &f.shown,
			"%s asked for %s for the first time, as nobody of their team did before: %s.", key.person, key.contract, times(f.n)))
	}
	for _, key := range slices.SortedFunc(maps.Keys(h.longer), personUnder.compare) {
		l := h.longer[key]
		out = append(out, m.finding(Unusual, key.person, key.contract, []string{key.person}, float64(l.longest)/float64(max(l.usually, 1))/h.limits.UnusualTimes, &l.shown,
			"%s asked for %s under %s; their median is %s.", key.person, l.longest, key.contract, l.usually))
	}
	return append(out, h.rates(m)...)
}

// rates finds people who ask much more often than before. The rate before is of the history
// as far as the log has it.
func (h *habits) rates(m *Maker) (out []Finding) {
	from := h.period.From.Add(-h.limits.History.Std())
	if h.first.After(from) {
		from = h.first
	}
	before := h.period.From.Sub(from)
	if before < h.period.Length() {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(h.people)) {
		p := h.people[id]
		expected := float64(p.before) * float64(h.period.Length()) / float64(before)
		if p.before == 0 || p.during < h.limits.UnusualLeast || float64(p.during) < h.limits.UnusualTimes*max(expected, 1) {
			continue
		}
		out = append(out, m.finding(Unusual, id, only(p.under), []string{id}, float64(p.during)/max(expected, 1)/h.limits.UnusualTimes, &p.shown,
			"%s asked for access %s; by their own history it would be %.1f.", id, times(p.during), expected))
	}
	return out
}
