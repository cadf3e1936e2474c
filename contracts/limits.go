package contracts

import (
	"fmt"
	"time"

	"ramp.dev/ramp/access"
)

// limits bound what one human gets under the contract over time, whatever is
// approved: how many requests at once, how soon after the last, how often and how
// long within a time. They are held against Ramp's own record when it is requested.
type limits struct {
	Open      *number     `yaml:"open" schema:"minimum=1 maximum=20"`
	OpenInAll *number     `yaml:"openInAll" schema:"minimum=1 maximum=1000"`
	Cooldown  string      `yaml:"cooldown" schema:"duration"`
	Quota     limitsQuota `yaml:"quota"`

	cooldown, within, total access.Duration
}

type limitsQuota struct {
	Within string  `yaml:"within" schema:"duration"`
	Times  *number `yaml:"times" schema:"minimum=1 maximum=100"`
	Total  string  `yaml:"total" schema:"duration"`
}

// maxWithin bounds the time of a quota and of a cooldown, well within what a history
// keeps.
const maxWithin = access.Duration(31 * 24 * time.Hour)

func (*limits) section() string { return "limits" }

func (l *limits) check(d *document) {
	if !d.written("limits") {
		return
	}
	if n := l.Open.or(1); n < 1 || n > 20 {
		d.issue("limits_open", "limits.open is 1 to 20", "limits", "open")
	}
	if n := l.OpenInAll.or(1); n < 1 || n > 1000 {
		d.issue("limits_open", "limits.openInAll is 1 to 1000", "limits", "openInAll")
	}
	if n := l.Quota.Times.or(1); n < 1 || n > 100 {
		d.issue("limits_quota", "limits.quota.times is 1 to 100", "limits", "quota", "times")
	}
	l.cooldown = l.length(d, l.Cooldown, "limits", "cooldown")
	l.within = l.length(d, l.Quota.Within, "limits", "quota", "within")
	if d.written("limits", "quota", "total") {
		l.total = d.length(l.Quota.Total, "limits", "quota", "total")
	}
	bounds := l.Quota.Times != nil || l.Quota.Total != ""
	switch {
	case bounds && l.Quota.Within == "":
		d.issue("limits_quota", "say within which time, such as within: 168h", "limits", "quota")
	case !bounds && d.written("limits", "quota"):
		d.issue("limits_quota", "a quota bounds how often (times), how long in all (total), or both", "limits", "quota")
	}
	if usual := d.contract.terms.duration.usual; l.total > 0 && l.total < usual {
		d.issue("limits_quota_total", fmt.Sprintf("the total %s is under the default length %s, so that nobody could ask without naming a shorter one", l.total, usual), "limits", "quota", "total")
	}
	if !bounds && l.Open == nil && l.OpenInAll == nil && l.Cooldown == "" {
		d.issue("limits_none", "nothing is limited here; leave limits out or write open, openInAll, cooldown or quota", "limits")
	}
}

// length reads a time that a history must reach back.
func (l *limits) length(d *document, text string, path ...any) access.Duration {
	if !d.written(path...) {
		return 0
	}
	v := d.length(text, path...)
	if v > maxWithin {
		d.issue("limits_too_far", fmt.Sprintf("Ramp looks back %s at the most", maxWithin), path...)
	}
	return v
}

func (l *limits) set() bool {
	return l.Open != nil || l.OpenInAll != nil || l.cooldown > 0 || l.within > 0
}

// admit holds the request against the history. One that is not known refuses.
func (l *limits) admit(q *query) {
	if !l.set() || q.Request.BreakGlass || q.draft.Duration == 0 {
		return // with no length the request is refused already
	}
	if q.History == nil {
		q.refuseAtOnce(CouldNotEvaluate, "history_unknown", "contract %s limits how often and how long, and what was there before is not known here", q.contract.Name)
		return
	}
	l.admitOpen(q)
	l.admitCooldown(q)
	l.admitQuota(q)
}

// hold adds a limit to the trace, and refuses if it does not hold.
func (q *query) hold(holds bool, field, limit, detail, code, part, format string, args ...any) {
	step := Step{Field: "limits." + field, Expression: limit, Result: Satisfied, Detail: detail}
	if !holds {
		step.Result = NotSatisfied
		q.refuse(code, part, format, args...)
	}
	q.result.Trace = append(q.result.Trace, step)
}

func (l *limits) admitOpen(q *query) {
	open := 0
	for _, u := range q.History.Uses {
		if !u.State.Final() {
			open++
		}
	}
	if most := l.Open.or(0); most > 0 {
		q.hold(open < most, "open", fmt.Sprintf("%d at once", most), fmt.Sprintf("%d are open", open), "limit_open", "",
			"requests of yours that are open under contract %s: %d; at once there may be %d", q.contract.Name, open, most)
	}
	if most := l.OpenInAll.or(0); most > 0 {
		q.hold(q.History.OpenInAll < most, "openInAll", fmt.Sprintf("%d at once, of anybody", most), fmt.Sprintf("%d are open", q.History.OpenInAll), "limit_open_in_all", "",
			"%d requests are open under contract %s, and %d may be", q.History.OpenInAll, q.contract.Name, most)
	}
}

func (l *limits) admitCooldown(q *query) {
	if l.cooldown == 0 {
		return
	}
	step := fmt.Sprintf("%s after the last", l.cooldown)
	var last time.Time
	for _, u := range q.History.Uses {
		switch {
		case !u.State.Final():
			q.hold(false, "cooldown", step, "the last has not ended", "limit_cooldown", "", "your last request under contract %s has not ended, and the next may begin %s after it", q.contract.Name, l.cooldown)
			return
		case u.EndedAt != nil && u.Opened && u.EndedAt.After(last):
			last = *u.EndedAt
		}
	}
	from := last.Add(l.cooldown.Std())
	detail := "there was none"
	if !last.IsZero() {
		detail = "the last ended " + last.UTC().Format(time.RFC3339)
	}
	q.hold(last.IsZero() || !beginning(q).Before(from), "cooldown", step, detail, "limit_cooldown", "startAt",
		"your last access under contract %s ended less than %s ago; ask again at %s", q.contract.Name, l.cooldown, from.UTC().Format(time.RFC3339))
}

// admitQuota counts every request that may lie in the time, what is open at its
// longest.
func (l *limits) admitQuota(q *query) {
	if l.within == 0 {
		return
	}
	times, used := l.used(q)
	if most := l.Quota.Times.or(0); most > 0 {
		q.hold(times < most, "quota.times", fmt.Sprintf("%d within %s", most, l.within), fmt.Sprintf("%d were made", times), "limit_times", "",
			"you have had access under contract %s %d times within %s, and may %d times", q.contract.Name, times, l.within, most)
	}
	if l.total > 0 {
		q.hold(used+q.draft.Duration <= l.total, "quota.total", fmt.Sprintf("%s within %s", l.total, l.within), fmt.Sprintf("%s are used or reserved", used), "limit_total", "duration",
			"within %s you may have %s of access under contract %s; %s are used or reserved", l.within, l.total, q.contract.Name, used)
	}
}

// used returns how often and how long the human had, or may still have, access
// within the quota's time.
func (l *limits) used(q *query) (times int, length access.Duration) {
	since := q.Now.Add(-l.within.Std())
	for _, u := range q.History.Uses {
		if u.Touches(since) && u.Length > 0 {
			times++
			length += u.Length
		}
	}
	return times, length
}

// plan keeps extensions within the quota: the plan reserves no more than is left.
func (l *limits) plan(q *query) {
	if l.total == 0 || q.draft.Extend == nil || q.Request.BreakGlass {
		return
	}
	_, used := l.used(q)
	left := l.total - used
	switch {
	case left <= q.draft.Duration:
		q.draft.Extend = nil
	case left < q.draft.Extend.UpTo:
		bounded := *q.draft.Extend
		bounded.UpTo = left
		q.draft.Extend = &bounded
	}
}

// inWords returns the limits as people read them.
func (l *limits) inWords() (out []string) {
	if l.Open != nil {
		out = append(out, fmt.Sprintf("%d at once", int(*l.Open)))
	}
	if l.OpenInAll != nil {
		out = append(out, fmt.Sprintf("%d at once, of anybody", int(*l.OpenInAll)))
	}
	if l.cooldown > 0 {
		out = append(out, fmt.Sprintf("not within %s after the last", l.cooldown))
	}
	if l.Quota.Times != nil {
		out = append(out, fmt.Sprintf("%d times within %s", int(*l.Quota.Times), l.within))
	}
	if l.total > 0 {
		out = append(out, fmt.Sprintf("%s in all within %s", l.total, l.within))
	}
	return out
}

func (l *limits) offer(o *Offer) { o.Limits = l.inWords() }

func (l *limits) explain(access.Plan) (lines []Line) {
	for _, text := range l.inWords() {
		lines = append(lines, Line{"limit", text})
	}
	return lines
}
