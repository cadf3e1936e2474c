package contracts

import (
	"time"

	"ramp.dev/ramp/access"
)

// testMoment is what the world outside says in a test from some time on, while access is
// open. It is all that is known then: what it does not say is not known.
type testMoment struct {
	After string     `yaml:"after"` // since access began
	Facts []testFact `yaml:"facts"`
}

// parseLater reads what the world says later, in order.
func (c testCase) parseLater(d *document, t parsedTest, i int) (out []moment) {
	begins := t.begins()
	last := begins
	for n, later := range c.Later {
		m := moment{at: begins}
		if after, err := access.ParseDuration("", later.After); err == nil {
			m.at = begins.Add(after.Std())
		}
		if !m.at.After(last) {
			d.issue("test_later", "say how long after access began, such as after: 30m, in the order of time", "tests", i, "later", n)
		}
		last = m.at
		for k, fact := range later.Facts {
			m.facts = append(m.facts, fact.parse(d, t.contract, m.at, "tests", i, "later", n, "facts", k))
		}
		out = append(out, m)
	}
	if len(c.Later) > 0 && c.Expect.Lasts == "" {
		d.issue("test_lasts", "the test says what happens later, so expect how long access lasts then: lasts: 30m", "tests", i, "expect")
	}
	return out
}

// begins returns when access begins in a test: when it is requested, or its start.
func (t parsedTest) begins() time.Time {
	if at := t.input.Request.StartAt; at != nil {
		return *at
	}
	return t.input.Now
}

// moments are what the world outside says from when access begins.
func (t parsedTest) moments() []moment {
	first := moment{at: t.begins()}
	for _, f := range t.input.Facts {
		f.At = first.at
		if f.AsOf != nil {
			f.AsOf = &first.at
		}
		first.facts = append(first.facts, f)
	}
	return append([]moment{first}, t.later...)
}

func (e testExpectation) checkLasts(d *document, i int) {
	switch {
	case e.Because != "" && e.Lasts == "":
		d.issue("test_lasts", "say how long access lasts before it ends because of that: lasts: 30m", "tests", i, "expect", "because")
	case e.Lasts == "":
	case len(e.Refused) > 0:
		d.issue("test_lasts", "what is refused does not last", "tests", i, "expect", "lasts")
	default:
		d.length(e.Lasts, "tests", i, "expect", "lasts")
	}
}
