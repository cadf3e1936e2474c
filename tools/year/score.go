package main

import (
	"fmt"
	"slices"
	"time"

	"ramp.dev/ramp/review"
	"ramp.dev/ramp/tools/year/company"
)

// score is how good the findings of one kind are. A finding that stays from week to week is
// one finding.
type score struct {
	planted, found int // what was planted, and of it what any weekly review found
	right, wrong   int // findings of what was planted, and of nothing
	lines          []string
}

// recall is the part of what was planted that was found; 1 where nothing was.
func (s score) recall() float64 { return part(s.found, s.planted) }

// precision is the part of the findings that are right; 1 where there is none.
func (s score) precision() float64 { return part(s.right, s.right+s.wrong) }

func part(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

type scores map[review.Kind]*score

func (s scores) add(other scores) {
	for _, kind := range kinds() {
		if s[kind] == nil {
			s[kind] = &score{}
		}
		o, mine := other[kind], s[kind]
		mine.planted, mine.found, mine.right, mine.wrong = mine.planted+o.planted, mine.found+o.found, mine.right+o.right, mine.wrong+o.wrong
	}
}

// every is how many days lie between two reviews: servers make one each week.
const every = 7

// measure reviews a year each week and compares what is found with what was planted. What is
// true of something planted without being what it was planted for counts for nothing
// (company.Planted.Also).
func measure(y company.Year, t review.Thresholds) scores {
	out := scores{}
	for _, kind := range kinds() {
		out[kind] = &score{}
	}
	found := map[*company.Planted]bool{}
	verdicts, sentences := map[string]verdict{}, map[string]review.Finding{}
	var ids []string
	for day := company.Learned + 7*review.Weeks; ; day += every {
		to := y.From.AddDate(0, 0, day)
		if to.After(y.To) {
			break
		}
		period := review.WeeklyUntil(to, nil)
		for _, f := range reviewed(y, period, t).Findings {
			v := judge(y, f, period, found)
			if _, known := verdicts[f.ID]; !known {
				ids = append(ids, f.ID)
				sentences[f.ID] = f
			}
			verdicts[f.ID] = max(verdicts[f.ID], v)
		}
	}
	for _, id := range ids {
		f := sentences[id]
		switch s := out[f.Kind]; {
		case s == nil: // nothing is planted for it
		case verdicts[id] == right:
			s.right++
		case verdicts[id] == wrong:
			s.wrong++
			s.lines = append(s.lines, fmt.Sprintf("wrong %s: %s", f.Kind, f.Sentence))
		}
	}
	for _, p := range y.Planted {
		s := out[p.Kind]
		s.planted++
		if found[p] {
			s.found++
			continue
		}
		s.lines = append(s.lines, fmt.Sprintf("missed %s: %s %v from %s to %s, %d requests", p.Kind, p.Contract, p.People, p.From.Format(time.DateOnly), p.To.Format(time.DateOnly), len(p.Requests)))
	}
	return out
}

// reviewed makes the review of a period, with what was known at its end.
func reviewed(y company.Year, period review.Period, t review.Thresholds) review.Report {
	m := review.New(y.Contracts, period, t)
	requests, refusals := y.AsOf(period.To)
	for _, r := range requests {
		if !r.AskedAt.Before(m.Begins()) {
			m.Add(r)
		}
	}
	for _, r := range refusals {
		m.Refuse(r)
	}
	return m.Report()
}

// verdict says what a finding is; the better one stands.
type verdict int

const (
	wrong verdict = iota + 1
	aside         // it is true of something that was planted for another kind
	right
)

func judge(y company.Year, f review.Finding, period review.Period, found map[*company.Planted]bool) verdict {
	v := wrong
	for _, p := range y.Planted {
		switch {
		case p.Kind == f.Kind && p.Concerns(f, period):
			found[p] = true
			v = right
		case v == wrong && slices.Contains(p.Also, f.Kind) && p.Concerns(f, period):
			v = aside
		}
	}
	return v
}
