package pages

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

var (
	reviewEnd   = time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC) // midnight in Berlin
	reviewBegin = reviewEnd.AddDate(0, 0, -7)
)

// exampleReview has everything that can be in a review.
func exampleReview() review.Report {
	mark := review.Mark{Kind: review.Dismissed, By: "mara", Reason: "she was on call <for> it", At: reviewEnd}
	waited := review.Spread{Count: 9, Median: access.Duration(4 * time.Minute), P90: access.Duration(50 * time.Minute), Most: access.Duration(26 * time.Hour)}
	figures := review.Figures{Requests: 40, People: 7, ByState: map[string]int{"ended": 30, "denied": 10}, ToAccess: waited, ToDecide: waited, Open: waited, Hours: 61.2, Used: .4, UsedOf: 3}
	return review.Report{Period: review.Period{From: reviewBegin, To: reviewEnd}, Zone: "Europe/Berlin", MadeAt: reviewEnd, LogSize: 4711, Figures: figures,
		Findings: []review.Finding{
			{ID: "0123456789abcdef", Kind: review.MaxTooLong, Contract: "orders", Owner: "team-data", Sentence: "orders gives 8h; 99 of 100 needed 2h at most.", Evidence: []int64{17, 18}, More: 3,
				Requests: []string{"00112233445566ff"}, Since: reviewEnd, Proposal: &review.Proposal{Contract: "orders", Sentence: "lower the maximum from 8h to 2h.", Effects: []string{"access is for 2h at most, was 8h"},
					Tried: 40, Otherwise: 1, Changed: []string{"00112233445566ff would be refused"}, Patch: "--- a/orders.yaml\n-  max: 8h\n+  max: 2h\n"}},
			{ID: "1123456789abcdef", Kind: review.OffHours, Contract: "orders", Owner: "team-data", People: []string{"bob"}, Sentence: "<bob> asked at 2026-11-17T02:14:00Z.", Since: reviewBegin, Mark: &mark},
			{ID: "4123456789abcdef", Kind: review.ApprovalPair, Subject: "eve mallory", Sentence: "eve and mallory approve each other.", Since: reviewEnd,
				Proposal: &review.Proposal{Contract: "orders", Sentence: "Have 2 people approve in orders."}, Others: []*review.Proposal{{Contract: "payroll", Sentence: "Have 2 people approve in payroll."}}},
			{ID: "2123456789abcdef", Kind: review.HeldLong, Subject: "eve", Sentence: "eve held access for 60% of the time."},
			{ID: "3123456789abcdef", Kind: review.GroupIdle, Contract: "payroll", Owner: "team-people", Sentence: "nobody of interns asked.", Proposal: &review.Proposal{Sentence: "take interns out.", Problem: "the condition is written over several lines."}},
		},
		Owners: []review.OwnerPart{{Owner: "team-data", Figures: figures, Uses: []review.ContractUses{{Contract: "orders", Figures: figures}}}},
		Weeks:  []review.Week{{From: reviewBegin, States: map[string]int{"ended": 30, "denied": 10}, ToAccess: waited}},
		Heat:   []review.Held{{Person: review.Person{ID: "eve", Name: "Eve <E>"}, Hours: [7]float64{3, 0, 12.5, 0, 0, 0, .2}, Share: .6}},
		Spans: []review.Span{{Request: "00112233445566ff", Person: "eve", Contract: "orders", From: reviewBegin.Add(time.Hour), To: reviewBegin.Add(9 * time.Hour)},
			{Request: "00112233445566fe", Person: "eve", Contract: "orders", From: reviewBegin.Add(-time.Hour), To: reviewEnd.Add(time.Hour), Open: true}},
		Unknown: []string{"Of 3 accesses it is not known whether they were used."},
		Changed: []review.Changed{{Finding: "2123456789abcdef", Kind: review.HeldLong, Became: "higher", Sentence: "It has grown."}, {Finding: "ffff456789abcdef", Kind: review.Denials, Contract: "orders", Became: "gone", Sentence: "It is gone."}},
	}
}

func shownReview(t *testing.T, r review.Report, change func(*reviewPage)) string {
	t.Helper()
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	weeks := append([]review.Week{{From: reviewBegin.AddDate(0, 0, -7), States: map[string]int{}}}, r.Weeks...)
	content := showReview(r, []time.Time{reviewEnd, reviewBegin}, weeks, "/requests/", func(f review.Finding) bool { return len(f.People) == 0 })
	if change != nil {
		change(&content)
	}
	return shown(t, p, "review", content)
}

// TestReviewPage: everything of a report is on its page, and what people wrote is escaped.
func TestReviewPage(t *testing.T) {
	html := shownReview(t, exampleReview(), nil)
	for _, want := range []string{
		"5 findings, 4 of them not marked", `>orders <span class="dim">of team-data</span>`, "Several contracts", "longer than is used", `<span class="badge">new</span>`,
		`<a href="/requests/00112233445566ff">`, "lower the maximum from 8h to 2h", "access is for 2h at most, was 8h", "Of 40 requests of this time 1 would have been decided otherwise",
		`<span class="added">&#43;  max: 2h</span>`, `ramp review propose 0123456789abcdef<`, `ramp review propose 4123456789abcdef <span class="unbroken">--contract</span> orders</code>`, `<span class="unbroken">--contract</span> payroll</code>`, "17, 18 and 3 more", "&lt;bob&gt; asked at <time", "she was on call &lt;for&gt; it", "This is about you: somebody else marks it.",
		"It is left to people: the condition is written", `<span class="badge higher">higher</span>`, `href="#finding-2123456789abcdef"`, "40% of it in use", "(3 accesses)", "of 4711 events", "Europe/Berlin",
		`action="/review/findings/0123456789abcdef/mark"`, `href="/review?until=2026-11-15T23%3A00%3A00Z">to 15 Nov 2026`, `<b aria-current="true">to 22 Nov 2026</b>`, "Of 3 accesses it is not known",
	} {
		require.Contains(t, html, want)
	}
	require.NotContains(t, html, `action="/review/findings/1123456789abcdef/mark"`, "nobody is offered to mark what is about them")
	require.NotContains(t, html, "ramp review propose 3123456789abcdef", "what is left to people is proposed by no command")
	require.NotContains(t, html, `href="#finding-ffff456789abcdef"`, "what is gone is nowhere")

	html = shownReview(t, exampleReview(), func(p *reviewPage) { p.Of, p.Refused, p.Reason = "0123456789abcdef", "say why", "<short>" })
	require.Contains(t, html, `<details class="mark" open>`)
	require.Contains(t, html, "<b>Not marked.</b> say why")
	require.Contains(t, html, "&lt;short&gt;</textarea>")
	require.Equal(t, 1, strings.Count(html, `id="refused"`))

	older := exampleReview()
	older.Period = review.Period{From: reviewBegin.AddDate(0, 0, -7), To: reviewBegin}
	html = shownReview(t, older, nil)
	require.Contains(t, html, "This is not the newest review")
	require.NotContains(t, html, "<form method=\"post\" action=\"/review")
	require.NotContains(t, html, "ramp review propose 0123456789abcdef")
}

// TestReviewPageWithLittle: of a review with nothing, and where there is none, the page says so.
func TestReviewPageWithLittle(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	require.Contains(t, shown(t, p, "review", reviewPage{}), "There is no review yet")
	html := shownReview(t, review.Report{Period: review.Period{From: reviewBegin, To: reviewEnd}, Zone: "Nowhere/Atall"}, nil)
	for _, want := range []string{"Nothing was found", "Nobody asked", "days and weeks are those of UTC"} {
		require.Contains(t, html, want)
	}
	require.NotContains(t, html, "<svg")
	require.NotContains(t, html, `id="charts"`)
}

// TestNamesOfDaysDoNotTouch: above a timeline of any length the names of days stand apart, and
// none is cut off.
func TestNamesOfDaysDoNotTouch(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for days := 1; days < 400; days++ {
		r := exampleReview()
		r.Period.From = r.Period.To.AddDate(0, 0, -days)
		c, some := timelineChart(r, zone)
		require.True(t, some)
		var ends px
		n := 0
		for _, name := range c.Texts {
			if name.Y == 16 {
				require.Greater(t, name.X, ends, "%d days: %s", days, name.Text)
				ends, n = name.X+px(7*len(name.Text)), n+1
			}
		}
		require.LessOrEqual(t, ends, chartWidth, "%d days", days)
		require.NotZero(t, n, "%d days", days)
	}
}

// TestChartsAreForEverybody: each chart is well-formed, has a name, a description and a table
// with the same figures, and all its marks lie within it.
func TestChartsAreForEverybody(t *testing.T) {
	r := exampleReview()
	for i := range 60 { // more people than a chart has room for, with long names
		who := review.Person{ID: fmt.Sprint("p", i), Name: strings.Repeat("Wölfeschlegelstein ", 5)}
		r.Heat = append(r.Heat, review.Held{Person: who, Hours: [7]float64{float64(i)}})
		r.Spans = append(r.Spans, review.Span{Request: fmt.Sprint("r", i), Person: who.ID, From: reviewBegin, To: reviewBegin.Add(time.Duration(i) * time.Minute)})
	}
	zone, err := time.LoadLocation(r.Zone)
	require.NoError(t, err)
	content := showReview(r, nil, r.Weeks, "/requests/", func(review.Finding) bool { return true })
	require.Len(t, content.Charts, 4)
	for _, c := range content.Charts {
		require.NotEmpty(t, c.Title)
		require.NotEmpty(t, c.Says)
		require.NotEmpty(t, c.Rows)
		for _, row := range c.Rows {
			require.Len(t, row, len(c.Head), c.ID)
		}
		for _, s := range c.Shapes {
			require.True(t, s.X >= 0 && s.Y >= 0 && s.W >= 0 && s.H >= 0 && s.X+s.W <= chartWidth+.5 && s.Y+s.H <= c.Height+.5, "%s: %+v of %v", c.ID, s, c.Height)
		}
	}
	require.Equal(t, []any{"16 Nov", 30, 10}, content.Charts[0].Rows[0], zone)
	require.Len(t, content.Charts[3].Rows, len(r.Spans), "the table has what the picture leaves out")

	html := shownReview(t, r, nil)
	for _, part := range strings.SplitAfter(html, "</svg>") {
		from := strings.LastIndex(part, "<svg")
		if from < 0 {
			continue
		}
		d := xml.NewDecoder(strings.NewReader(part[from:]))
		for err = nil; err == nil; {
			_, err = d.Token()
		}
		require.True(t, errors.Is(err, io.EOF), "%v", err)
	}
	require.Equal(t, 4, strings.Count(html, `role="img" aria-labelledby=`))
	for _, id := range []string{"outcomes", "to-access", "heat", "timeline"} {
		require.Contains(t, html, `<title id="`+id+`-title">`)
		require.Contains(t, html, `<desc id="`+id+`-desc">`)
	}
}

func TestStepsOfAnAxis(t *testing.T) {
	require.Equal(t, []int{0, 1}, steps(1))
	require.Equal(t, []int{0, 2, 4, 6, 8}, steps(7))
	require.Equal(t, []int{0, 100, 200, 300, 400}, steps(301))
	require.Equal(t, []int{0, 500, 1000, 1500}, steps(1500))
}
