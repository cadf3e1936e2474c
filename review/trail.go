package review

import "slices"

// trail are the events that show a finding: the latest, and how many others do.
type trail struct {
	numbers  []int64
	requests []string
	more     int
}

// add takes in events of a request; 0 is no event.
func (t *trail) add(request string, events ...int64) {
	for _, e := range events {
		if e > 0 {
			t.numbers = append(t.numbers, e)
		}
	}
	if request != "" && !slices.Contains(t.requests, request) {
		t.requests = append(t.requests, request)
	}
	if over := len(t.numbers) - maxEvidence; over > 0 {
		t.numbers, t.more = slices.Delete(t.numbers, 0, over), t.more+over
	}
	if over := len(t.requests) - maxEvidence; over > 0 {
		t.requests = slices.Delete(t.requests, 0, over)
	}
}

// events returns the numbers, each once, the smallest first.
func (t *trail) events() []int64 {
	out := slices.Clone(t.numbers)
	slices.Sort(out)
	if out = slices.Compact(out); out == nil {
		return []int64{}
	}
	return out
}
