package pages

import (
	"fmt"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// resultClasses are the classes of review.Results, in their order.
var resultClasses = []string{"ended", "open", "waiting", "denied", "lapsed", "cancelled", "failed"}

const (
	left0, right0   px = 48, 12 // beside a chart with an axis of figures
	top0            px = 12     // above it
	plot            px = 200    // how high such a chart is
	under           px = 28     // for the labels below
	names           px = 170    // for people's names
	mostPeople         = 20     // in charts by person
	heatRow, barRow px = 28, 26
)

// weekName names a week by its first day, where people work.
func weekName(w review.Week, zone *time.Location) string { return w.From.In(zone).Format("2 Jan") }

// outcomesChart shows what requests came to, week by week.
func outcomesChart(weeks []review.Week, zone *time.Location) (chart, bool) {
	c := chart{ID: "outcomes", Title: "Requests by week", Height: top0 + plot + under,
		Says: "What became of the requests that were made in each week, as it was at the week’s end. Weeks are named by their first day."}
	became := review.Results()
	counts := make([][]int, len(weeks))
	sums := make([]int, len(became))
	most := 0
	for i, w := range weeks {
		all := 0
		for j, b := range became {
			n := b.Count(w.States)
			counts[i] = append(counts[i], n)
			sums[j] += n
			all += n
		}
		most = max(most, all)
	}
	if most == 0 {
		return c, false
	}
	axis := steps(most)
	high := func(n int) px { return plot * px(n) / px(axis[len(axis)-1]) }
	for _, n := range axis {
		c.add(left0, top0+plot-high(n), chartWidth-left0-right0, 1, "grid", "")
		c.write(left0-8, top0+plot-high(n)+4, "end", "", fmt.Sprint(n))
	}
	c.Head = []string{"Week from"}
	for j, b := range became {
		if sums[j] > 0 {
			c.Legend, c.Head = append(c.Legend, legend{resultClasses[j], b.Name}), append(c.Head, b.Name)
		}
	}
	wide := columnWidth(chartWidth-left0-right0, len(weeks))
	for i, w := range weeks {
		x, y := left0+wide*px(i), top0+plot
		row := []any{weekName(w, zone)}
		for j, b := range became {
			n := counts[i][j]
			if n > 0 {
				y -= high(n)
				c.add(x+wide*.18, y, wide*.64, high(n), resultClasses[j], fmt.Sprintf("%s: %d %s", weekName(w, zone), n, b.Name))
			}
			if sums[j] > 0 {
				row = append(row, n)
			}
		}
		c.Rows = append(c.Rows, row)
		c.write(x+wide/2, top0+plot+20, "middle", "", weekName(w, zone))
	}
	return c, true
}

// toAccessChart shows how long people waited from asking until access was usable.
func toAccessChart(weeks []review.Week, zone *time.Location) (chart, bool) {
	c := chart{ID: "to-access", Title: "Time to access", Height: top0 + plot + under,
		Says:   "From asking until access was usable, without waits for a start that was planned. The scale is logarithmic.",
		Legend: []legend{{"half", "half waited so long at most"}, {"nine", "nine of ten"}, {"most", "the longest"}},
		Head:   []string{"Week from", "Accesses", "Half of them at most", "Nine of ten at most", "The longest"}}
	shortest, longest := time.Duration(0), time.Duration(0)
	for _, w := range weeks {
		if w.ToAccess.Count > 0 {
			if m := w.ToAccess.Median.Std(); shortest == 0 || m < shortest {
				shortest = m
			}
			longest = max(longest, w.ToAccess.Most.Std())
		}
	}
	if longest == 0 {
		return c, false
	}
	first, last := 0, len(lengthSteps)-1
	for first+2 < len(lengthSteps) && lengthSteps[first+1].length <= shortest {
		first++
	}
	for last-1 > first && lengthSteps[last-1].length >= longest {
		last--
	}
	at := func(d time.Duration) px {
		return top0 + plot - plot*px(along(d, lengthSteps[first].length, lengthSteps[last].length))
	}
	for _, s := range lengthSteps[first : last+1] {
		c.add(left0, at(s.length), chartWidth-left0-right0, 1, "grid", "")
		c.write(left0-6, at(s.length)+4, "end", "", s.name)
	}
	wide := columnWidth(chartWidth-left0-right0, len(weeks))
	for i, w := range weeks {
		x, t := left0+wide*px(i), w.ToAccess
		c.write(x+wide/2, top0+plot+20, "middle", "", weekName(w, zone))
		if t.Count == 0 {
			c.Rows = append(c.Rows, []any{weekName(w, zone), 0, "", "", ""})
			continue
		}
		half, nine, most := at(t.Median.Std()), at(t.P90.Std()), at(t.Most.Std())
		tip := fmt.Sprintf("%s: half %s, nine of ten %s, the longest %s", weekName(w, zone), inWords(t.Median), inWords(t.P90), inWords(t.Most))
		c.add(x+wide/2-.75, most, 1.5, max(nine-most, 0), "most", tip)
		c.add(x+wide*.36, most-1, wide*.28, 2, "most", tip)
		c.add(x+wide*.26, nine, wide*.48, max(half-nine, 1), "nine", tip)
		c.add(x+wide*.26, half-2.5, wide*.48, 5, "half", tip)
		c.Rows = append(c.Rows, []any{weekName(w, zone), t.Count, inWords(t.Median), inWords(t.P90), inWords(t.Most)})
	}
	return c, true
}

var weekdays = [7]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

// heatChart shows who held access on which days of the week.
func heatChart(held []review.Held) (chart, bool) {
	c := chart{ID: "heat", Title: "Hours of access by person and weekday", Head: append([]string{"Person"}, weekdays[:]...)}
	c.Head = append(c.Head, "Part of the time")
	c.Says = "Who held access longest, first. Hours of accesses at the same time are added up; the last column is the part of all the time in which the person held any."
	if len(held) > mostPeople {
		c.Says += fmt.Sprintf(" The first %d of %d people.", mostPeople, len(held))
		held = held[:mostPeople]
	}
	most := 0.0
	for _, h := range held {
		most = max(most, slices.Max(h.Hours[:]))
	}
	if most == 0 {
		return c, false
	}
	c.Height = 24 + heatRow*px(len(held)) + 4
	wide := (chartWidth - names - 76) / 7
	for d, day := range weekdays {
		c.write(names+wide*(px(d)+.5), 16, "middle", "", day[:3])
	}
	c.write(chartWidth-4, 16, "end", "", "of the time")
	for i, h := range held {
		y := 24 + heatRow*px(i)
		name := nameOf(h.Person)
		c.write(names-10, y+heatRow/2+4, "end", "name", access.Clip(name, 24))
		row := []any{name}
		for d, n := range h.Hours {
			level := 0
			if n > 0 {
				level = min(1+int(n/most*5), 5)
			}
			x := names + wide*px(d)
			c.add(x+1, y+1, wide-2, heatRow-2, fmt.Sprintf("heat%d", level), fmt.Sprintf("%s, %s: %.1f hours", name, weekdays[d], n))
			if n > 0 {
				c.write(x+wide/2, y+heatRow/2+4, "middle", fmt.Sprintf("on%d", level), hours(n))
			}
			row = append(row, fmt.Sprintf("%.1f", n))
		}
		share := fmt.Sprintf("%.0f%%", h.Share*100)
		c.write(chartWidth-4, y+heatRow/2+4, "end", "", share)
		c.Rows = append(c.Rows, append(row, share))
	}
	return c, true
}

func nameOf(p review.Person) string {
	if p.Name != "" {
		return p.Name
	}
	return p.ID
}

// timelineChart shows each access as a bar in its person's row.
func timelineChart(r review.Report, zone *time.Location) (chart, bool) {
	c := chart{ID: "timeline", Title: "Accesses as they were open", Head: []string{"Person", "Contract", "Request", "From", "Until"}, Legend: []legend{{"span", "was open"}, {"goes-on", "goes on"}}}
	c.Says = "A bar is one access; darker is several at once. Days begin at midnight in " + zone.String() + "."
	called := map[string]string{}
	for _, h := range r.Heat {
		called[h.Person.ID] = nameOf(h.Person)
	}
	var people []string
	total := map[string]time.Duration{}
	for _, s := range r.Spans {
		if total[s.Person] == 0 {
			people = append(people, s.Person)
		}
		total[s.Person] += max(s.To.Sub(s.From), 1)
	}
	if len(people) == 0 || !r.Period.To.After(r.Period.From) {
		return c, false
	}
	slices.SortStableFunc(people, func(a, b string) int { return int(total[b]/time.Second - total[a]/time.Second) })
	if len(people) > mostPeople {
		c.Says += fmt.Sprintf(" The %d people of %d with the most hours; the table has all.", mostPeople, len(people))
		people = people[:mostPeople]
	}
	c.Height = 28 + barRow*px(len(people)) + 6
	at := func(t time.Time) px {
		part := float64(t.Sub(r.Period.From)) / float64(r.Period.Length())
		return names + (chartWidth-names-right0)*px(min(max(part, 0), 1))
	}
	c.dayAxis(r.Period, zone, at)
	row := map[string]int{}
	for i, p := range people {
		row[p] = i + 1
		c.write(names-10, 28+barRow*px(i)+barRow/2+4, "end", "name", access.Clip(orSame(called, p), 24))
		c.add(names, 28+barRow*px(i+1), chartWidth-names-right0, 1, "grid", "")
	}
	for _, s := range r.Spans {
		until := any(s.To)
		class := "span"
		if s.Open {
			class, until = "goes-on", "goes on"
		}
		c.Rows = append(c.Rows, []any{orSame(called, s.Person), s.Contract, requestLink(s.Request), s.From, until})
		if i := row[s.Person]; i > 0 {
			x := at(s.From)
			c.add(x, 28+barRow*px(i-1)+6, max(at(s.To)-x, 2), barRow-11, class, fmt.Sprintf("%s, %s, %s", orSame(called, s.Person), s.Contract, inWords(access.Duration(s.To.Sub(s.From)))))
		}
	}
	if !slices.ContainsFunc(r.Spans, func(s review.Span) bool { return s.Open }) {
		c.Legend = nil
	}
	return c, true
}

// requestLink is a cell of a table that leads to a request.
type requestLink string

func orSame(called map[string]string, id string) string {
	if name := called[id]; name != "" {
		return name
	}
	return id
}

// roomForDay is what the name of a day takes at most, with a space behind it: ten letters.
const roomForDay px = 76

// dayAxis writes the names of days above a timeline, and a line below each: of every day where
// there is room, else of every second, every week or fewer.
func (c *chart) dayAxis(period review.Period, zone *time.Location, at func(time.Time) px) {
	day := period.From.In(zone)
	if y, m, d := day.Date(); !day.Equal(time.Date(y, m, d, 0, 0, 0, 0, zone)) {
		day = time.Date(y, m, d+1, 0, 0, 0, 0, zone)
	}
	wide := (at(period.To) - at(period.From)) * px(24*time.Hour) / px(period.Length())
	every := 1
	for _, days := range []int{2, 7, 14, 28, 91, 364} {
		if wide*px(every) < roomForDay {
			every = days
		}
	}
	for ; day.Before(period.To); day = day.AddDate(0, 0, every) {
		c.add(at(day), 22, 1, c.Height-26, "grid", "")
		if at(period.To)-at(day) >= roomForDay {
			c.write(at(day)+2, 16, "start", "", day.Format("Mon 2 Jan"))
		}
	}
}
