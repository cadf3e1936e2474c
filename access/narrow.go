package access

import (
	"slices"
	"time"
)

// narrows reports whether an approval gives less than the plan.
func (d Decision) narrows() bool { return d.UpTo > 0 || d.StartAt != nil }

// length returns how long access lasts by this approval alone.
func (d Decision) length(p Plan) time.Duration {
	if d.UpTo > 0 {
		return min(d.UpTo, p.Duration).Std()
	}
	return p.Duration.Std()
}

// Narrowed returns the plan as it was approved: an approver may say yes to a shorter
// length or a later start, and of all approvals until the rule was satisfied the
// shortest length and the latest start hold. What was shortened cannot be extended:
// the approver would have to be asked. The digest stays, since it is what they
// decided on. Decisions are those that were signed, whether or not their people still
// count: nobody leaves more behind by leaving.
func (p Plan) Narrowed(decisions []Decision, approved time.Time) Plan {
	for _, d := range decisions {
		if d.Verdict != Approve || !d.narrows() || d.At.After(approved) || p.Rule.Counts(p, p.Digest, d) != nil {
			continue
		}
		if d.UpTo > 0 && d.UpTo < p.Duration {
			p.Duration, p.Extend = d.UpTo, nil
		}
		if d.StartAt != nil && (p.StartAt == nil || d.StartAt.After(*p.StartAt)) {
			p.StartAt = new(d.StartAt.UTC())
		}
	}
	return p
}

// Narrowed returns the plan as the approvals so far leave it; see Plan.Narrowed.
func (r Request) Narrowed() Plan {
	latest := r.Plan.CreatedAt
	for _, d := range r.Decisions {
		latest = maxTime(latest, d.At)
	}
	return r.Plan.Narrowed(r.Decisions, latest)
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// CheckNarrowing returns nil if an approval gives the plan or less of it. now is when
// it is made. Errors are CodeInvalid, with everything that is wrong.
func (p Plan) CheckNarrowing(d Decision, now time.Time) error {
	if !d.narrows() {
		return nil
	}
	var is Issues
	if d.Verdict != Approve {
		is.Add("narrow_denial", "upTo", "a denial has no length and no start")
		return is.Err()
	}
	if p.Rule.Passkey {
		is.Add("narrow_passkey", "upTo", "a passkey's signature covers the plan as it is: deny it, and say what you would approve")
	}
	if d.UpTo != 0 && (d.UpTo < Duration(time.Second) || d.UpTo >= p.Duration) {
		is.Add("up_to_not_less", "upTo", "say less than the %s of the plan, or nothing", p.Duration)
	}
	if d.StartAt != nil {
		at := *d.StartAt
		switch {
		case !at.After(now) || p.StartAt != nil && !at.After(*p.StartAt):
			is.Add("start_not_later", "startAt", "say a later start than the plan's, or none")
		case at.After(now.Add(maxStartAhead)):
			is.Add("start_too_far", "startAt", "access can be planned at most 30 days ahead")
		case p.NotAfter != nil && at.Add(d.length(p)).After(*p.NotAfter):
			is.Add("start_outlasts", "startAt", "access must have ended at %s; say an earlier start, or a shorter length", FormatTime(*p.NotAfter))
		}
	}
	return is.Err()
}

// maxStartAhead bounds how far ahead an approver may put the start.
const maxStartAhead = 30 * 24 * time.Hour

// NarrowedBy returns the approvals that gave less than the plan.
func (r Request) NarrowedBy() []Decision {
	return slices.DeleteFunc(slices.Clone(r.Decisions), func(d Decision) bool { return d.Verdict != Approve || !d.narrows() })
}
