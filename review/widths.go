package review

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
)

// widths finds contracts under which nobody asks, and those that allow more than is used:
// a longer time, values that nobody chooses, groups that do not ask. It looks at the
// history and the period together.
type widths struct {
	period Period
	by     map[string]*width
}

// width is what was used of one contract.
type width struct {
	requests   int
	last       time.Time
	needed     lengths // for how long access was needed
	automatic  lengths // the same, of what the contract itself approved
	values     map[string]map[string]int
	groups     map[string]int
	shown      trail
	shownAuto  trail
	longest    time.Duration
	shownAtAll trail
}

func newWidths(p Period) *widths { return &widths{period: p, by: map[string]*width{}} }

func (w *widths) add(r Request, _ bool) {
	of := w.by[r.Contract]
	if of == nil {
		of = &width{values: map[string]map[string]int{}, groups: map[string]int{}}
		w.by[r.Contract] = of
	}
	of.requests++
	of.last = r.AskedAt
	of.shownAtAll.add(r.ID, r.Events.Asked)
	for param, value := range r.Params {
		if of.values[param] == nil {
			of.values[param] = map[string]int{}
		}
		of.values[param][value]++
	}
	for _, g := range r.Requester.Groups {
		of.groups[g]++
	}
	if !r.Opened() || r.ClosedAt.IsZero() || !r.ClosedAt.Before(w.period.To) {
		return
	}
	needed := r.Needed()
	of.needed.add(needed)
	if needed >= of.longest {
		of.longest = needed
		of.shown.add(r.ID, r.Events.Opened, r.Events.Closed)
	}
	if r.Automatic {
		of.automatic.add(needed)
		of.shownAuto.add(r.ID, r.Events.Opened, r.Events.Closed)
	}
}

func (w *widths) findings(m *Maker) (out []Finding) {
	for _, name := range sortedKeys(m.contracts) {
		c, of := m.contracts[name], w.by[name]
		if of == nil || w.period.To.Sub(of.last) >= m.limits.IdleAfter.Std() {
			out = append(out, w.idle(m, c, of)...)
			continue
		}
		if of.requests < m.limits.UseLeast {
			continue
		}
		out = append(out, w.length(m, c, of)...)
		out = append(out, w.values(m, c, of)...)
		out = append(out, w.groups(m, c, of)...)
	}
	return out
}

// idle finds a contract under which nobody asked for so long. Of one that is younger than
// that, or of a log that is, nothing is said.
func (w *widths) idle(m *Maker, c Contract, of *width) []Finding {
	after := m.limits.IdleAfter
	logged := !m.first.IsZero() && w.period.To.Sub(m.first) >= after.Std()
	if c.Since > 0 && c.Since < after || c.Since == 0 && !logged {
		return nil
	}
	var shown trail
	if of != nil {
		shown = of.shownAtAll
	}
	f := m.finding(ContractIdle, c.Name, c.Name, nil, 1, &shown, "Nobody has asked under %s for %s.", c.Name, days(after))
	f.Proposal = &Proposal{Contract: c.Name, Version: c.Version, Change: RemoveWhole, From: c.Name,
		Sentence: "Remove " + c.Name + ": nobody needs what it gives."}
	return []Finding{f}
}

// length finds a maximum far over what nearly all accesses needed, and automatic approval
// of it.
func (w *widths) length(m *Maker, c Contract, of *width) (out []Finding) {
	if len(of.needed) >= m.limits.UseLeast {
		most := of.needed.quantile(0.99)
		if to := enough(most); float64(c.Max) > m.limits.MaxOver*float64(most) && to < c.Max {
			f := m.finding(MaxTooLong, c.Name, c.Name, nil, float64(c.Max)/float64(max(most, 1))/m.limits.MaxOver, &of.shown,
				"%s gives up to %s; 99 of 100 accesses (of %d) were over or last used after %s.", c.Name, c.Max, len(of.needed), most)
			f.Proposal = &Proposal{Contract: c.Name, Version: c.Version, Change: LowerMaximum, Field: "duration.max", From: c.Max.String(), To: to.String(),
				Sentence: fmt.Sprintf("Lower the longest access under %s from %s to %s.", c.Name, c.Max, to)}
			out = append(out, f)
		}
	}
	if !c.Automatic || c.AutoUpTo > 0 || !c.Stages || len(of.automatic) < m.limits.UseLeast {
		return out
	}
	most := of.automatic.quantile(0.99)
	if to := enough(most); float64(c.Max) > m.limits.MaxOver*float64(most) && to < c.Max {
		f := m.finding(AutoUncapped, c.Name, c.Name, nil, float64(c.Max)/float64(max(most, 1))/m.limits.MaxOver, &of.shownAuto,
			"%s approves up to %s by itself; 99 of 100 accesses that it approved (of %d) were over or last used after %s.", c.Name, c.Max, len(of.automatic), most)
		f.Proposal = &Proposal{Contract: c.Name, Version: c.Version, Change: CapAutomatic, Field: "approval.autoUpTo", To: to.String(),
			Sentence: fmt.Sprintf("Let %s approve by itself up to %s; people decide what is longer.", c.Name, to)}
		out = append(out, f)
	}
	return out
}

// enoughRequests is how many requests there must be for each value of a param before one
// that nobody chose is called unused.
const enoughRequests = 8

func (w *widths) values(m *Maker, c Contract, of *width) (out []Finding) {
	for _, param := range sortedKeys(c.Params) {
		values := c.Params[param]
		if len(values) < 2 || of.requests < enoughRequests*len(values) {
			continue
		}
		for _, value := range values {
			if of.values[param][value] > 0 {
				continue
			}
			f := m.finding(ValueIdle, param+"="+value, c.Name, nil, float64(of.requests)/float64(enoughRequests*len(values)), &of.shownAtAll,
				"None of %s under %s chose %s for %s.", plaintext.Count(of.requests, "request"), c.Name, value, param)
			f.Proposal = &Proposal{Contract: c.Name, Version: c.Version, Change: RemoveValue, Field: "request.params." + param + ".enum", From: value,
				Sentence: fmt.Sprintf("Take %s out of what %s may choose for %s.", value, c.Name, param)}
			out = append(out, f)
		}
	}
	return out
}

func (w *widths) groups(m *Maker, c Contract, of *width) (out []Finding) {
	asks := func(g string) bool { return of.groups[g] > 0 }
	if !slices.ContainsFunc(c.Groups, asks) {
		return nil // none asks by its group: the condition is about something else
	}
	for _, g := range c.Groups {
		if asks(g) {
			continue
		}
		f := m.finding(GroupIdle, g, c.Name, nil, float64(of.requests)/float64(m.limits.UseLeast), &of.shownAtAll,
			"None of %s under %s came from the group %s, which may ask.", plaintext.Count(of.requests, "request"), c.Name, g)
		f.Proposal = &Proposal{Contract: c.Name, Version: c.Version, Change: RemoveGroup, Field: "request.who", From: g,
			Sentence: fmt.Sprintf("Let members of %s no longer ask under %s.", g, c.Name)}
		out = append(out, f)
	}
	return out
}

// enough returns a round length that leaves a quarter more than was needed.
func enough(d access.Duration) access.Duration {
	want := d.Std() + d.Std()/4
	for _, step := range []struct{ upTo, to time.Duration }{
		{30 * time.Minute, 5 * time.Minute}, {2 * time.Hour, 15 * time.Minute}, {12 * time.Hour, time.Hour},
	} {
		if want <= step.upTo {
			return access.Duration(max((want + step.to - 1).Truncate(step.to), step.to))
		}
	}
	return access.Duration((want + 4*time.Hour - 1).Truncate(4 * time.Hour))
}

// days writes a length in days where it has whole ones.
func days(d access.Duration) string {
	if d >= access.Duration(48*time.Hour) && d%access.Duration(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", d/access.Duration(24*time.Hour))
	}
	return strings.TrimSpace(d.String())
}
