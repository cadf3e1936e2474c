package contracts

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// TestResult is one test that was run.
type TestResult struct {
	Name     string `json:"name"`
	Place    string `json:"place"` // file:line:column
	Contract string `json:"contract"`
	Failure  string `json:"failure,omitempty"` // what came instead; empty: it passed
	Trace    []Step `json:"trace"`
}

// Untested are the values that a condition of a contract had in no test.
type Untested struct {
	Contract string  `json:"contract"`
	Field    string  `json:"field"`
	Never    []Truth `json:"never"`
}

// TestReport is what came of all tests.
type TestReport struct {
	Results  []TestResult `json:"results"`
	Untested []Untested   `json:"untested"`
}

// Failed counts the tests that failed.
func (r TestReport) Failed() int {
	n := 0
	for _, t := range r.Results {
		if t.Failure != "" {
			n++
		}
	}
	return n
}

// RunTests runs files of tests, by name, under contracts. It fails, with CodeInvalid
// and every issue, if a test cannot be read; a test that fails is in the report.
func (s *Set) RunTests(files map[string][]byte) (TestReport, error) {
	var tests []parsedTest
	var issues access.Issues
	for _, name := range slices.Sorted(maps.Keys(files)) {
		more, wrong := parseTests(s, name, files[name])
		tests, issues = append(tests, more...), append(issues, wrong...)
	}
	if err := issues.Err(); err != nil {
		return TestReport{}, err
	}
	var ends EndConditions
	report := TestReport{Results: []TestResult{}, Untested: []Untested{}}
	seen := map[string]bool{}
	for _, t := range tests {
		e := t.contract.Evaluate(t.input)
		var lived life
		if t.expect.Lasts != "" && e.Err() == nil {
			lived = ends.live(e.Draft, t.moments())
			e.Trace = append(e.Trace, lived.trace...)
		}
		tried := append(escalated(e.Draft, t.decisions), t.contract.admitted(e.Draft, t.decisions)...)
		onApprovers := t.contract.conditionsOnApprovers()
		for _, step := range e.Trace {
			// That a condition could let somebody says nothing of whom it lets.
			if step.Result != Satisfied || !slices.Contains(onApprovers, step.Field) {
				tried = append(tried, step)
			}
		}
		for _, step := range tried {
			seen[t.contract.Name+" "+step.Field+" "+string(step.Result)] = true
		}
		report.Results = append(report.Results, TestResult{Name: t.name, Place: t.place, Contract: t.contract.Name, Failure: t.failure(e, lived), Trace: e.Trace})
	}
	for _, c := range s.Contracts {
		for _, field := range c.conditions() {
			u := Untested{Contract: c.Name, Field: field}
			for _, value := range []Truth{Satisfied, NotSatisfied, Unevaluated} {
				if value == NotSatisfied && strings.HasSuffix(field, ".managerOf") {
					continue // a manager is known or not
				}
				if !seen[c.Name+" "+field+" "+string(value)] {
					u.Never = append(u.Never, value)
				}
			}
			if len(u.Never) > 0 {
				report.Untested = append(report.Untested, u)
			}
		}
	}
	return report, nil
}

// conditions returns where the contract has conditions, as the trace names them.
func (c *Contract) conditions() []string {
	t := &c.terms
	out := []string{fieldWho}
	if t.ticket.when != nil {
		out = append(out, fieldTicketWhen)
	}
	if t.auto.condition != nil {
		out = append(out, fieldAuto)
	}
	if t.breakGlass.who != nil {
		out = append(out, fieldBreakGlass)
	}
	for i := range t.endWhen.EndWhen {
		out = append(out, fieldEndWhen(i))
	}
	for i := range t.escalate.Escalate {
		out = append(out, fieldEscalate(i))
	}
	if t.extend.Approvers.where != nil {
		out = append(out, fieldExtendApprovers+".where")
	}
	if t.extend.Approvers.ManagerOf != "" {
		out = append(out, managerBeside(fieldExtendApprovers+".where"))
	}
	for _, name := range c.choiceParams() {
		out = append(out, fieldChoices(name))
		if p := t.params.Params[name]; p.Choices.where != nil {
			out = append(out, fieldChoices(name)+".where")
		}
	}
	for i := range t.stages.Stages {
		s := &t.stages.Stages[i]
		if s.when != nil {
			out = append(out, s.fieldWhen())
		}
		for w, a := range s.ways {
			if a.ManagerOf != "" {
				out = append(out, managerBeside(s.fieldWhere(w)))
			}
		}
	}
	return append(out, c.conditionsOnApprovers()...)
}

// conditionsOnApprovers returns where the stages have conditions on approvers.
func (c *Contract) conditionsOnApprovers() (out []string) {
	for i := range c.terms.stages.Stages {
		s := &c.terms.stages.Stages[i]
		for w, a := range s.ways {
			if a.where != nil {
				out = append(out, s.fieldWhere(w))
			}
		}
	}
	return out
}

// compare returns what came of an evaluation if it is not what was expected.
func (e testExpectation) compare(got Evaluation, decisions []access.Decision, lived life) string {
	want, is := e.String(), expectationOf(got)
	if e.Decided != "" && got.Err() == nil {
		is.Decided = string(decide(got, decisions))
	}
	if e.Duration == "" {
		is.Duration = ""
	}
	if e.Lasts != "" && got.Err() == nil {
		is.Lasts, is.Because = lived.lasts.String(), lived.because
	}
	if want == is.String() {
		return ""
	}
	return fmt.Sprintf("expected %s, got %s", want, is.String())
}

// failure is compare, with what the test does not say where that is why it fails.
func (t parsedTest) failure(got Evaluation, lived life) string {
	failed := t.expect.compare(got, t.decisions, lived)
	if failed == "" {
		return ""
	}
	for _, i := range got.Issues {
		switch {
		case slices.Contains(t.expect.Refused, i.Code):
		case i.Code == "choices_unknown" && len(t.input.Inventories) == 0:
			return failed + "; the test does not say what the target has: add inventories"
		case slices.Contains([]string{"ticket_unknown", "who_unevaluated", "auto_unevaluated"}, i.Code) && len(t.input.Facts) == 0 && len(t.contract.Questions(t.input.Request)) > 0:
			return failed + "; the test does not say what the world outside says of ticket or schedules: add facts"
		}
	}
	return failed
}

// expectationOf returns the expectation that an evaluation meets.
func expectationOf(e Evaluation) testExpectation {
	var out testExpectation
	if e.Err() != nil {
		for _, i := range e.Issues {
			out.Refused = append(out.Refused, i.Code)
		}
		return out
	}
	out.Duration, out.Automatic = e.Draft.Duration.String(), e.Draft.Rule.Auto
	for _, s := range e.Draft.Rule.Stages {
		out.Stages = append(out.Stages, s.Name)
	}
	return out
}

// String returns the expectation in words; two that mean the same are the same.
func (e testExpectation) String() string {
	var out string
	switch {
	case len(e.Refused) > 0:
		return "refused: " + strings.Join(slices.Sorted(slices.Values(e.Refused)), ", ")
	case e.Automatic:
		out = "automatic"
	default:
		out = "stages: " + strings.Join(slices.Sorted(slices.Values(e.Stages)), ", ")
	}
	if e.Duration != "" {
		d, _ := access.ParseDuration("", e.Duration) // it was checked, or is Ramp's own
		out += ", duration: " + d.String()
	}
	if e.Decided != "" {
		out += ", decided: " + e.Decided
	}
	if e.Lasts != "" {
		d, _ := access.ParseDuration("", e.Lasts)
		out += ", lasts: " + d.String()
	}
	if e.Because != "" {
		out += ", because: " + e.Because
	}
	return out
}
