package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// ReadsReviews reports whether somebody reads reviews, or a part of them: auditors, security
// and the owners of contracts in force do, and no program.
func (v *reviews) ReadsReviews(p access.Person) bool {
	return p.Kind == access.KindHuman && (v.seesAll(p) || len(v.owned(p)) > 0)
}

// MayMark reports whether somebody who is shown a finding may mark it: it is not about them,
// under any of their accounts, as far as that can be told.
func (v *reviews) MayMark(ctx context.Context, p access.Person, f review.Finding) bool {
	about, err := v.isAbout(ctx, f, p)
	return err == nil && !about
}

// ReviewTrend returns the weeks of the last kept reviews that end at a time or before, the
// oldest first, at most so many, each as far as it is shown to somebody. Of a review that is
// not the one that was made, or cannot be read, it returns in problems why, in a sentence.
// Errors are CodeForbidden for those who read no reviews.
func (v *reviews) ReviewTrend(ctx context.Context, by access.Actor, until time.Time, most int) (weeks []review.Week, problems []string, err error) {
	ends, err := v.ReviewEnds(ctx, by)
	if err != nil {
		return nil, nil, err
	}
	ends = slices.DeleteFunc(ends, func(end time.Time) bool { return end.After(until) })
	for _, end := range ends[:min(most, len(ends))] {
		report, err := v.written(ctx, end)
		if access.CodeOf(err) == access.CodeEvidence {
			problems = append(problems, fmt.Sprintf("The charts leave out a week: %s.", err))
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		weeks = append(weeks, weeksBefore(weeks, weeksOf(v.shown(by.Person, report)), report.Period.To)...)
	}
	slices.SortStableFunc(weeks, func(a, b review.Week) int { return a.From.Compare(b.From) })
	return weeks, problems, nil
}

// weeksBefore returns those weeks of a report, which ends at a time, that are over before
// every week of the later reports begins: each review has weeks that the next one has too,
// and an owner's is one sum of all of them. An hour is left to changes of the clocks.
func weeksBefore(later, weeks []review.Week, until time.Time) (out []review.Week) {
	for i, w := range weeks {
		end := until
		if i+1 < len(weeks) {
			end = weeks[i+1].From
		}
		if !slices.ContainsFunc(later, func(l review.Week) bool { return l.From.Add(time.Hour).Before(end) }) {
			out = append(out, w)
		}
	}
	return out
}

// weeksOf returns the weeks of a report. An owner's report has none: it is the sum of its
// contracts, as one week. How long access took is no sum, and is left out where a person owns
// contracts for several groups.
func weeksOf(r review.Report) []review.Week {
	if len(r.Weeks) > 0 || len(r.Owners) == 0 {
		return r.Weeks
	}
	out := review.Week{From: r.Period.From, States: map[string]int{}}
	for _, part := range r.Owners {
		for state, n := range part.Figures.ByState {
			out.States[state] += n
		}
	}
	if len(r.Owners) == 1 {
		out.ToAccess = r.Owners[0].Figures.ToAccess
	}
	return []review.Week{out}
}
