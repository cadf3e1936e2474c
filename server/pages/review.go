package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/problem"
)

const reviewPath = "/review"

// firstRequests is how many requests of a finding are seen at once.
const firstRequests = 3

// trendWeeks is how many weeks the charts by week have.
const trendWeeks = 12

// reviewPage shows one weekly review, as far as its reader may see it.
type reviewPage struct {
	Report   *review.Report // nil where there is none yet
	Newest   bool           // findings of the newest alone are marked
	Kept     []keptReview   // the newest first
	Contract []contractFindings
	ToMark   int // findings that nobody has marked
	Charts   []chart
	Requests string   // the path of a request's page, without its id
	Auditor  bool     // the reader reads the log
	Problems []string // of what the charts leave out
	Refused  string   // why the mark of the finding Of was refused
	Of       string
	Reason   string // as it was typed
}

// keptReview leads to a review.
type keptReview struct {
	URL, Name string // the name says its last day
	Current   bool
}

// contractFindings are the findings about one contract.
type contractFindings struct {
	Contract, Owner string // "" of what is about several
	Findings        []shownFinding
}

type shownFinding struct {
	review.Finding
	First   []string // of its requests
	Rest    []string
	New     bool // it was not in the review before
	MayMark bool // it is not about the reader
}

// reviews shows the newest review, or the one whose end is in the query.
func (p *Pages) reviews(c echo.Context) (any, error) {
	until := time.Now()
	if text := c.QueryParam("until"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, access.InvalidField("time_malformed", "until", "a time is written like 2026-01-31T14:00:00Z")
		}
		until = at
	}
	return p.reviewContent(c, until)
}

func (p *Pages) reviewContent(c echo.Context, until time.Time) (reviewPage, error) {
	ctx, by := c.Request().Context(), auth.Actor(c)
	ends, err := p.app.ReviewEnds(ctx, by)
	if err != nil || len(ends) == 0 {
		return reviewPage{}, err
	}
	report, err := p.app.KeptReview(ctx, by, until)
	if err != nil {
		return reviewPage{}, err
	}
	weeks, problems, err := p.app.ReviewTrend(ctx, by, report.Period.To, trendWeeks)
	if err != nil {
		return reviewPage{}, err
	}
	requests := "/requests/"
	if p.app.ReadsLog(by.Person) {
		requests = auditPath + requests // auditors see no request of others but there
	}
	content := showReview(report, ends, weeks, requests, func(f review.Finding) bool { return p.app.MayMark(ctx, by.Person, f) })
	content.Problems, content.Auditor = problems, p.app.ReadsLog(by.Person)
	return content, nil
}

// showReview arranges a report for its page: by contract, each with its most striking finding
// first.
func showReview(r review.Report, ends []time.Time, weeks []review.Week, requests string, mayMark func(review.Finding) bool) reviewPage {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		zone = time.UTC // of a report of another machine's zones; its page says so
		r.Zone = "UTC"
	}
	content := reviewPage{Report: &r, Requests: requests, Newest: len(ends) > 0 && ends[0].Equal(r.Period.To)}
	for _, end := range ends {
		content.Kept = append(content.Kept, keptReview{URL: reviewPath + "?" + url.Values{"until": {end.UTC().Format(time.RFC3339)}}.Encode(),
			Name: lastDay(end, zone), Current: end.Equal(r.Period.To)})
	}
	for _, f := range r.Findings {
		i := slices.IndexFunc(content.Contract, func(g contractFindings) bool { return g.Contract == f.Contract })
		if i < 0 {
			i, content.Contract = len(content.Contract), append(content.Contract, contractFindings{Contract: f.Contract, Owner: f.Owner})
		}
		content.Contract[i].Findings = append(content.Contract[i].Findings, shownFinding{Finding: f, New: f.Since.Equal(r.Period.To), MayMark: mayMark(f),
			First: f.Requests[:min(len(f.Requests), firstRequests)], Rest: f.Requests[min(len(f.Requests), firstRequests):]})
		if f.Mark == nil {
			content.ToMark++
		}
	}
	add := func(one chart, some bool) {
		if some {
			one.Requests = requests
			content.Charts = append(content.Charts, one)
		}
	}
	add(outcomesChart(weeks, zone))
	add(toAccessChart(weeks, zone))
	add(heatChart(r.Heat))
	add(timelineChart(r, zone))
	return content
}

// lastDay names a week by its last day, where people work: it ends at the midnight after.
func lastDay(end time.Time, zone *time.Location) string {
	return end.In(zone).Add(-time.Second).Format("2 Jan 2006")
}

// markFinding takes what somebody says of a finding, and shows the page again: with what was
// typed where it is refused.
func (p *Pages) markFinding(c echo.Context) error {
	id := c.Param("id")
	_, err := p.app.MarkFinding(c.Request().Context(), auth.Actor(c), id, review.MarkKind(c.FormValue("mark")), c.FormValue("reason"))
	if err == nil {
		return c.Redirect(http.StatusSeeOther, reviewPath+"#finding-"+url.PathEscape(id))
	}
	pr := problem.From(err)
	content, e := p.reviewContent(c, time.Now())
	if e != nil || content.Report == nil || pr.Kind == access.CodeInternal {
		return err
	}
	if _, there := content.Report.Find(id); !there {
		return err
	}
	content.Refused, content.Of, content.Reason = pr.Detail, id, c.FormValue("reason")
	return p.renderAs(c, pr.Status, "review", content, reviewPath)
}

// percent writes a part of a whole.
func percent(part float64) string { return strconv.FormatFloat(part*100, 'f', 0, 64) + "%" }

// cell returns a cell of a chart's table as the template writes it.
func cell(v any) (any, error) {
	switch v := v.(type) {
	case time.Time:
		return timeTag(v), nil
	case string, int, requestLink:
		return v, nil
	}
	return nil, errors.New("a table's cell is a text, a number, a time or a link")
}

// isLink reports whether a cell leads to a request.
func isLink(v any) bool { _, is := v.(requestLink); return is }
