package notices

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
	"ramp.dev/ramp/review"
)

// The bounds of what a mail has of a review; the page has all of it.
const (
	maxMailedFindings  = 40
	maxMailedContracts = 20
	maxMailedPeople    = 15
)

// readReport returns the report that an event tells of. It returns nil and why, in a sentence,
// where the ledger has another one or none, and errors where it cannot be read now.
func (e *Engine) readReport(ctx context.Context, ev access.Event) (*review.Report, string, error) {
	const another = "the report in the ledger is not the one that was made: somebody changed it in the database"
	kept, told, err := e.ledger.ReviewUntil(ctx, ev.At)
	switch {
	case access.CodeOf(err) == access.CodeEvidence:
		return nil, another, nil
	case err != nil:
		return nil, "", err
	case told.Seq != ev.Seq || review.Digest(kept.Report) != access.ReviewMadeOf(ev).Digest:
		return nil, another, nil
	}
	var out review.Report
	if strictjson.UnmarshalOpen(kept.Report, &out) != nil {
		return nil, "the report in the ledger is of a form that this worker does not know", nil
	}
	return &out, "", nil
}

// reviewTables are what a mail has of a report: tables, which every mail program and every
// screen reader shows, in the place of charts. Of what the report says they have only what has
// the form that Ramp gives it, and none of its sentences: whoever writes to the ledger's
// database has Ramp mail no text of theirs (docs/threats.md, case 48). Who a finding is about
// is in them with names alone: a mailbox may be outside of the company.
func reviewTables(r review.Report, link string, names bool) []table {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		zone = time.UTC
	}
	out := []table{findingsTable(r, link, names)}
	if len(r.Findings) > 1 {
		out = append(out, kindsTable(r))
	}
	out = append(out, weeksTable(r, zone), waitsTable(r, zone), contractsTable(r))
	if names {
		out = append(out, hoursTable(r))
	}
	return slices.DeleteFunc(out, func(t table) bool { return len(t.Rows) == 0 })
}

// The forms of names in a report: of a contract, as contracts are read, of a person, and of a
// finding's id. None has a blank, so that nobody writes a sentence with one.
var (
	contractName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
	personName   = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._@+:|-]{0,99}$`)
	findingID    = regexp.MustCompile(`^[0-9a-f]{16}$`)
)

// personCell returns a person's id of which no mail program makes a link: one like
// pay.example is no address that Ramp names.
func personCell(id string) string {
	name := formed(personName, id)
	if strings.Contains(name, "@") {
		return name
	}
	return strings.ReplaceAll(name, ".", ".\u200b")
}

// kindName is what a finding is about, in Ramp's words.
func kindName(k review.Kind) string {
	if !slices.Contains(review.Kinds(), k) {
		return "something else"
	}
	return k.Title()
}

func contractCell(name string) string {
	if name == "" {
		return "several"
	}
	return formed(contractName, name)
}

func isNew(r review.Report, f review.Finding) bool { return f.Since.Equal(r.Period.To) }

func findingsTable(r review.Report, link string, names bool) table {
	t := table{Title: "Findings", Head: []string{"What", "Contract"}, Says: "The most striking first."}
	if names {
		t.Head = append(t.Head, "About")
	}
	for i, f := range r.Findings {
		if i == maxMailedFindings {
			t.Says += fmt.Sprintf(" These are %d of %d; the page has all.", i, len(r.Findings))
			break
		}
		what := cell{Text: kindName(f.Kind)}
		if isNew(r, f) {
			what.Text += " (new)"
		}
		if findingID.MatchString(f.ID) {
			what.Link = link + "#finding-" + f.ID
		}
		row := []cell{what, {Text: contractCell(f.Contract)}}
		if names {
			var about []string
			for _, id := range f.People[:min(len(f.People), 5)] {
				about = append(about, personCell(id))
			}
			row = append(row, cell{Text: strings.Join(about, ", ")})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func kindsTable(r review.Report) table {
	t := table{Title: "Findings by kind", Head: []string{"Kind", "Findings", "New"}}
	all, fresh := map[string]int{}, map[string]int{}
	for _, f := range r.Findings {
		name := kindName(f.Kind)
		all[name]++
		if isNew(r, f) {
			fresh[name]++
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Or(all[b]-all[a], cmp.Compare(a, b)) }) {
		t.Rows = append(t.Rows, []cell{{Text: name}, figure(all[name]), figure(fresh[name])})
	}
	return t
}

func figure(n int) cell { return cell{Text: strconv.Itoa(n)} }

// weekHead returns the head of a table with a column for each week, named by its first day.
func weekHead(first string, r review.Report, zone *time.Location) []string {
	out := []string{first}
	for _, w := range r.Weeks {
		out = append(out, w.From.In(zone).Format("2 Jan"))
	}
	return out
}

func weeksTable(r review.Report, zone *time.Location) table {
	t := table{Title: "Requests by week", Head: weekHead("Week from", r, zone), Says: "What became of the requests of each week until its review."}
	for _, became := range review.Results() {
		row, sum := []cell{{Text: became.Name}}, 0
		for _, w := range r.Weeks {
			n := became.Count(w.States)
			sum += n
			row = append(row, figure(n))
		}
		if sum > 0 {
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

func waitsTable(r review.Report, zone *time.Location) table {
	t := table{Title: "Time to access", Head: weekHead("Week from", r, zone), Says: "From asking until access was usable, without planned starts."}
	half, nine, most := []cell{{Text: "half, at most"}}, []cell{{Text: "nine of ten"}}, []cell{{Text: "the longest"}}
	any := false
	for _, w := range r.Weeks {
		if w.ToAccess.Count == 0 {
			half, nine, most = append(half, cell{Text: "–"}), append(nine, cell{Text: "–"}), append(most, cell{Text: "–"})
			continue
		}
		any = true
		half, nine, most = append(half, length(w.ToAccess.Median)), append(nine, length(w.ToAccess.P90)), append(most, length(w.ToAccess.Most))
	}
	if any {
		t.Rows = [][]cell{half, nine, most}
	}
	return t
}

// length writes a duration with its two largest units.
func length(d access.Duration) cell {
	by := time.Second
	switch {
	case d.Std() >= 24*time.Hour:
		by = time.Hour
	case d.Std() >= time.Hour:
		by = time.Minute
	}
	return cell{Text: access.Duration(d.Std().Round(by)).String()}
}

func contractsTable(r review.Report) table {
	t := table{Title: "Requests by contract", Head: []string{"Contract", "Requests", "Hours open", "Half had it within"}}
	var all []review.ContractUses
	for _, part := range r.Owners {
		all = append(all, part.Uses...)
	}
	slices.SortStableFunc(all, func(a, b review.ContractUses) int {
		return cmp.Or(b.Figures.Requests-a.Figures.Requests, cmp.Compare(a.Contract, b.Contract))
	})
	if len(all) > maxMailedContracts {
		t.Says = fmt.Sprintf("These are %d of %d; the page has all.", maxMailedContracts, len(all))
		all = all[:maxMailedContracts]
	}
	for _, u := range all {
		within := cell{Text: "–"}
		if u.Figures.ToAccess.Count > 0 {
			within = length(u.Figures.ToAccess.Median)
		}
		t.Rows = append(t.Rows, []cell{{Text: formed(contractName, u.Contract)}, figure(u.Figures.Requests), {Text: strconv.FormatFloat(u.Figures.Hours, 'f', 1, 64)}, within})
	}
	return t
}

// hoursTable is who held access on which days of the week.
func hoursTable(r review.Report) table {
	t := table{Title: "Hours of access by person and weekday", Narrow: true, Head: []string{"Person", "Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "Part"},
		Says: "Who held access longest, first. The last column is the part of the time in which they held any."}
	most := 0.0
	for _, h := range r.Heat {
		most = max(most, slices.Max(h.Hours[:]))
	}
	for i, h := range r.Heat {
		if i == maxMailedPeople {
			t.Says += fmt.Sprintf(" These are %d of %d people.", i, len(r.Heat))
			break
		}
		row := []cell{{Text: personCell(h.Person.ID)}}
		for _, n := range h.Hours {
			c := cell{}
			if n > 0 {
				c = cell{Text: strconv.FormatFloat(n, 'f', -1, 64), Heat: min(1+int(n/most*4), 4)}
				if n >= 10 || n != float64(int(n)) {
					c.Text = strconv.FormatFloat(n, 'f', map[bool]int{true: 0, false: 1}[n >= 10], 64)
				}
			}
			row = append(row, c)
		}
		t.Rows = append(t.Rows, append(row, cell{Text: strconv.FormatFloat(h.Share*100, 'f', 0, 64) + "%"}))
	}
	return t
}

// reviewLink is the page of the review that ends at a time.
func (c Config) reviewLink(until time.Time) string {
	return strings.TrimSuffix(c.Pages, "/") + "/review?" + url.Values{"until": {until.UTC().Format(time.RFC3339)}}.Encode()
}
