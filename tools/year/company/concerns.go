package company

import (
	"slices"

	"ramp.dev/ramp/review"
)

// Kinds are the kinds of findings that something is planted for.
func Kinds() (out []review.Kind) {
	for _, s := range new(year).seeds() {
		out = append(out, s.kind)
	}
	return out
}

// Concerns reports whether a finding of a review of a period is about what was planted,
// whatever its kind: about its requests, or else about its people, contract and value, at
// the time at which it was so.
func (p *Planted) Concerns(f review.Finding, period review.Period) bool {
	if p.Contract != "" && f.Contract != "" && p.Contract != f.Contract {
		return false
	}
	if single(p.Kind) {
		return slices.ContainsFunc(f.Requests, func(id string) bool { return slices.Contains(p.Requests, id) })
	}
	if !p.From.Before(period.To) || !p.To.After(period.From) {
		return false
	}
	for _, who := range p.People {
		if !slices.Contains(f.People, who) {
			return false
		}
	}
	return (p.Subject == "" || p.Subject == f.Subject) && (len(p.People) > 0 || p.Contract == f.Contract)
}

// single reports whether each finding of a kind is about a few requests, which may be found
// long after.
func single(k review.Kind) bool {
	return k == review.GlassReview || k == review.Overdue || k == review.Drift
}
