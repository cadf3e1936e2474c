package contracts

import (
	"maps"
	"slices"
	"strings"
)

// difference is a change while it is gathered from many requests.
type difference struct {
	Change
	open    string   // in words, what both verdicts open, without the values of one request
	reasons []string // why one of them refuses, by kinds of reasons, in order
	// by is who decides, if both verdicts say the same: then it is not in Before and After,
	// and people of any stages may be touched. It is blank once several are.
	by string
}

// read takes from two verdicts what makes two differences one.
func (d *difference) read(before, after verdict) {
	switch {
	case !before.allowed:
		d.open, d.reasons = d.After, kindsOf(before.codes)
	case !after.allowed:
		d.open, d.reasons = d.Before, kindsOf(after.codes)
	default:
		if before.text == after.text {
			d.by, d.Before, d.After = before.text, strings.TrimPrefix(d.Before, before.text), strings.TrimPrefix(d.After, before.text)
		}
		d.open = d.Before + "\n" + d.After
	}
	d.open = d.Witness.mask(d.open)
}

func (d *difference) key() string {
	return d.Kind + "\n" + d.open + "\n" + strings.Join(d.reasons, " ")
}

// kindsOf returns the kinds of reasons of a refusal, each once: what was not satisfied and
// what could not be evaluated are one, since one edit of a condition changes both.
func kindsOf(codes []string) []string {
	out := make([]string, len(codes))
	for i, code := range codes {
		known := map[string]string{"who_unevaluated": "not_eligible", "break_glass_unevaluated": "break_glass_not_for_you", "auto_unevaluated": "nobody_approves"}[code]
		out[i] = code
		if known != "" {
			out[i] = known
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// add counts another request of the same difference, refused for another reason of the same
// kind, or for more.
func (d *difference) add(other *difference) {
	d.Times += other.Times
	d.Longest = max(d.Longest, other.Longest)
	d.Before, d.After = alternatives(d.Before, other.Before), alternatives(d.After, other.After)
	if d.by != other.by {
		d.by = ""
	}
}

// change returns the difference as it is listed.
func (d *difference) change() Change {
	out := d.Change
	out.Before, out.After = strings.TrimPrefix(d.by+out.Before, ", "), strings.TrimPrefix(d.by+out.After, ", ")
	return out
}

// alternatives returns the words of a refusal with those of another beside them. Only
// refusals have others.
func alternatives(known, more string) string {
	reason, refuses := strings.CutPrefix(more, refusedPrefix)
	if !refuses {
		return known
	}
	const or = ", or "
	all := append(strings.Split(strings.TrimPrefix(known, refusedPrefix), or), reason)
	slices.Sort(all)
	return refusedPrefix + strings.Join(slices.Compact(all), or)
}

// oneEach returns the changes, each once. A request that is refused for two reasons, each of
// which alone makes a change that is listed, shows no third.
func oneEach(found map[string]*difference) (out []Change) {
	keys := slices.SortedFunc(maps.Keys(found), func(x, y string) int {
		return strings.Compare(found[x].order()+x, found[y].order()+y)
	})
	for _, key := range keys {
		d := found[key]
		parts := d.partsIn(found)
		if len(parts) == 0 {
			continue
		}
		for _, p := range parts { // it is counted where it is listed
			p.Times += d.Times
			p.Longest = max(p.Longest, d.Longest)
		}
		delete(found, key)
	}
	for _, key := range keys {
		if d, left := found[key]; left {
			out = append(out, d.change())
		}
	}
	return out
}

// partsIn returns differences of fewer reasons that together have all of d's; nil if there
// are none.
func (d *difference) partsIn(found map[string]*difference) (parts []*difference) {
	if len(d.reasons) < 2 {
		return nil
	}
	covered := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		p := found[key]
		if p.Kind != d.Kind || p.open != d.open || len(p.reasons) >= len(d.reasons) || slices.ContainsFunc(p.reasons, func(r string) bool { return !slices.Contains(d.reasons, r) }) {
			continue
		}
		parts = append(parts, p)
		for _, r := range p.reasons {
			covered[r] = true
		}
	}
	if len(covered) < len(d.reasons) {
		return nil
	}
	return parts
}
