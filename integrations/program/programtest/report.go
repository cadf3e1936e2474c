package programtest

import (
	"bufio"
	"io"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/internal/plaintext"
)

// Result is how a property came out.
type Result string

// The results.
const (
	Pass   Result = "pass"
	Fail   Result = "fail"
	Lacks  Result = "not tried" // the program lacks it, or nothing was given to try it
	NotRun Result = "not reached"
)

// Finding is one property with its result.
type Finding struct {
	Property string   `json:"property"`
	Result   Result   `json:"result"`
	Why      []string `json:"why,omitempty"`   // what went wrong, or why it was not tried
	Mend     string   `json:"mend,omitempty"`  // of what failed
	Tests    []string `json:"tests,omitempty"` // of what failed: the suite's own names
}

// Report is what one run of the suite found.
type Report struct {
	Program  string    `json:"program"`
	Passed   bool      `json:"passed"`
	Probe    bool      `json:"probe"`          // without a probe, the program's own word was gone by
	Only     string    `json:"only,omitempty"` // the parts that ran, where not all did
	Findings []Finding `json:"findings"`
}

// mark begins what the testing package writes by itself, with -test.v=test2json.
const mark = "\x16"

var (
	ran     = regexp.MustCompile(`^(?:=== (?:RUN|NAME|CONT) +|=== PAUSE +)(\S*)`)
	ended   = regexp.MustCompile(`^\s*--- (PASS|FAIL|SKIP): (\S+)`)
	section = regexp.MustCompile(`^\s+(Error Trace|Error|Test|Messages):\s*(.*)$`)
	logged  = regexp.MustCompile(`^\s+\S+\.go:\d+: (.*)$`)
)

// run is what is known of one test.
type run struct {
	failed, lacks bool
	why           []string
}

// read reads what the suite's process writes and returns the report. Lines that are not the
// testing package's count for the test that runs.
func read(r io.Reader) (findings []Finding, err error) {
	tests, order, now, field := map[string]*run{}, []string{}, "", ""
	of := func(test string) *run {
		if tests[test] == nil {
			tests[test] = &run{}
			order = append(order, test)
		}
		return tests[test]
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text := lines.Text()
		if _, own, marked := strings.Cut(text, mark); marked {
			field = ""
			if m := ran.FindStringSubmatch(own); m != nil {
				now = m[1]
				of(now)
			} else if m := ended.FindStringSubmatch(own); m != nil {
				of(m[2]).failed = m[1] == "FAIL"
			}
			continue
		}
		t := of(now)
		switch {
		case section.MatchString(text):
			m := section.FindStringSubmatch(text)
			if field = m[1]; field == "Error" || field == "Messages" {
				t.why = append(t.why, m[2])
			}
		case logged.MatchString(text):
			field = ""
			m := logged.FindStringSubmatch(text)
			if because, lacks := strings.CutPrefix(m[1], "lacking: "); lacks {
				t.lacks, t.why = true, append(t.why, because)
			} else if strings.TrimSpace(m[1]) != "" {
				t.why = append(t.why, m[1])
			}
		case (field == "Error" || field == "Messages") && strings.TrimSpace(text) != "":
			t.why = append(t.why, strings.TrimSpace(text))
		case strings.HasPrefix(text, "panic: "):
			t.failed, t.why = true, append(t.why, text)
		}
	}
	return byProperty(tests, order), lines.Err()
}

// byProperty puts the tests together to properties. A test that failed and belongs to none
// is a finding of its own.
func byProperty(tests map[string]*run, order []string) []Finding {
	var out []Finding
	for _, p := range properties() {
		out = append(out, Finding{Property: p.says, Result: NotRun})
	}
	for _, name := range order {
		t := tests[name]
		_, below, _ := strings.Cut(name, "/")
		i := propertyOf(below)
		if i < 0 {
			if t.failed && len(t.why) > 0 {
				out = append(out, Finding{Property: "the suite as a whole", Result: Fail, Why: words(t.why), Tests: []string{name}})
			}
			continue
		}
		f := &out[i]
		switch {
		case t.failed:
			f.Result, f.Mend = Fail, properties()[i].mend
			f.Why, f.Tests = append(f.Why, words(t.why)...), append(f.Tests, name)
		case t.lacks && f.Result == NotRun:
			f.Result, f.Why = Lacks, words(t.why)
		case f.Result == NotRun:
			f.Result = Pass
		}
	}
	for i := range out {
		out[i].Why = slices.Compact(out[i].Why)
	}
	return out
}

// words returns lines of a test's output as people read them: what a program wrote among
// them is harmless on a terminal.
func words(lines []string) (out []string) {
	for _, text := range lines {
		if clean := plaintext.Line(text, 400); clean != "" && clean != "Received unexpected error:" {
			out = append(out, clean)
		}
	}
	return out[:min(len(out), 8)]
}
