package contracts_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestPatternsOwnTests runs the tests that lie beside the examples, and the one of
// docs/contracts.md.
func TestPatternsOwnTests(t *testing.T) {
	set, err := contracts.LoadDir("examples/patterns")
	require.NoError(t, err)
	files, err := contracts.LoadTests("examples/patterns")
	require.NoError(t, err)
	page, err := os.ReadFile("../docs/contracts.md")
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(page), "\n## Tests\n")
	files["docs/contracts.md"] = regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch([]byte(section))[1]
	report, err := set.RunTests(files)
	require.NoError(t, err)
	require.NotEmpty(t, report.Results)
	for _, r := range report.Results {
		require.Empty(t, r.Failure, "%s %s", r.Place, r.Name)
	}
	for _, u := range report.Untested {
		// Whether somebody is in a group can always be told.
		require.False(t, u.Contract == "contractor-logs" && !slices.Equal(u.Never, []contracts.Truth{contracts.Unevaluated}), "%v", u)
	}
}

// TestDemosOwnTests runs the tests that `ramp dev` puts beside its contracts.
func TestDemosOwnTests(t *testing.T) {
	set, err := contracts.LoadDir("examples")
	require.NoError(t, err)
	files, err := contracts.LoadTests("examples")
	require.NoError(t, err)
	report, err := set.RunTests(files)
	require.NoError(t, err)
	require.NotEmpty(t, report.Results)
	for _, r := range report.Results {
		require.Empty(t, r.Failure, "%s %s", r.Place, r.Name)
	}
}

const tested = `tests:
  - name: one
    contract: c
    person: {id: p, groups: [x]}
    request: {reason: a good reason, duration: 45m}
    at: '2026-11-24T09:00:00Z'
    expect: EXPECT
`

// TestRunTests: a test passes if and only if what it expects is what comes.
func TestRunTests(t *testing.T) {
	set := parsed(t, contract("c", `"x" in person.groups`, `{default: 30m, max: 1h}`,
		`{stages: [{name: a, from: [x]}, {name: b, from: [y], when: 'duration > duration("40m")'}, {name: d, from: [y], when: 'person.level == "1"'}]}`))
	run := func(text string) (contracts.TestReport, error) {
		return set.RunTests(map[string][]byte{"c_test.yaml": []byte(text)})
	}
	for expect, want := range map[string]string{
		"{stages: [a, b, d]}":                    "",
		"{stages: [d, b, a], duration: 45m}":     "",
		"{stages: [a, b, d], duration: 0h45m0s}": "",
		"{stages: [a, b]}":                       "expected stages: a, b, got stages: a, b, d",
		"{stages: [a, b, d], duration: 30m}":     "expected stages: a, b, d, duration: 30m, got stages: a, b, d, duration: 45m",
		"{automatic: true}":                      "expected automatic, got stages: a, b, d",
		"{refused: [not_eligible]}":              "expected refused: not_eligible, got stages: a, b, d",
	} {
		report, err := run(strings.Replace(tested, "EXPECT", expect, 1))
		require.NoError(t, err)
		require.Len(t, report.Results, 1)
		require.Equal(t, want, report.Results[0].Failure)
		require.Equal(t, want != "", report.Failed() == 1)
		require.Equal(t, "c_test.yaml:2:5", report.Results[0].Place)
	}
	refused := strings.NewReplacer("45m", "2h", "a good reason", "x", "EXPECT", "{refused: [reason_too_short, duration_over_max]}").Replace(tested)
	report, err := run(refused)
	require.NoError(t, err)
	require.Empty(t, report.Results[0].Failure)
}

// TestUntestedConditions: the report has the values that no test gave a condition.
func TestUntestedConditions(t *testing.T) {
	set := parsed(t, contract("c", `"x" in person.groups`, `{default: 30m, max: 1h}`, `{auto: 'person.level == "1"', stages: [{name: a, from: [x]}]}`))
	report, err := set.RunTests(map[string][]byte{"c_test.yaml": []byte(strings.Replace(tested, "EXPECT", "{stages: [a]}", 1))})
	require.NoError(t, err)
	require.Equal(t, []contracts.Untested{
		{Contract: "c", Field: "request.who", Never: []contracts.Truth{contracts.NotSatisfied, contracts.Unevaluated}},
		{Contract: "c", Field: "approval.auto", Never: []contracts.Truth{contracts.Satisfied, contracts.NotSatisfied}},
	}, report.Untested)
}

// TestTestsAreReadStrictly: a test that says something else than was meant would
// prove nothing.
func TestTestsAreReadStrictly(t *testing.T) {
	set := parsed(t, contract("c", "true", `{default: 30m, max: 1h}`, `{auto: 'true'}`))
	good := strings.Replace(tested, "EXPECT", "{automatic: true}", 1)
	for _, c := range []struct{ of, instead, want string }{
		{"groups:", "group:", `4:21 unknown_field unknown field "group"; did you mean "groups"?`},
		{"contract: c", "contract: d", "3:5 unknown_contract"},
		{"name: one", "name: ' '", "2:5 test_name"},
		{"'2026-11-24T09:00:00Z'", "tomorrow", "6:5 test_time"},
		{"{automatic: true}", "{}", "7:5 test_expect"},
		{"{automatic: true}", "{automatic: true, stages: [a]}", "7:5 test_expect"},
		{"{automatic: true}", "{refused: [not_eligible], duration: 1h}", "7:39 test_expect"},
		{"{automatic: true}", "{refused: [not_eligable]}", `7:24 test_refused no contract refuses with "not_eligable"; did you mean "not_eligible"?`},
		{"{automatic: true}", "{refused: not_eligible}", "7:23 yaml refused: here belongs a list like [a, b], and a text is written; write refused: [not_eligible]"},
		{"{automatic: true}", "{automatic: perhaps}", "7:25 yaml automatic: here belongs true or false, and a text is written"},
		{"{id: p, groups: [x]}", "p", "4:13 yaml person: here belongs a set of fields like {name: value}, and a text is written"},
		{"{automatic: true}", "{automatic: true, duration: long}", "7:31 duration_malformed"},
		{"{automatic: true}", "", "7:13 empty"},
		{"id: p", "id: 7", "4:18 text_unquoted"},
		{"tests:", "test:", `1:1 unknown_field`},
	} {
		_, err := set.RunTests(map[string][]byte{"c_test.yaml": []byte(strings.Replace(good, c.of, c.instead, 1))})
		require.Equal(t, access.CodeInvalid, access.CodeOf(err))
		i := access.IssuesOf(err)[0]
		got := strings.TrimPrefix(i.Field, "c_test.yaml:") + " " + i.Code + " " + i.Message
		require.True(t, strings.HasPrefix(got, c.want), "%s\n%s", c.want, got)
	}
}

// TestUntestedApprovers: of a condition on approvers it counts whom it let decide in a test,
// and whom not; of a manager, whether one was known.
func TestUntestedApprovers(t *testing.T) {
	set := parsed(t, contract("c", `"x" in person.groups`, `{default: 30m, max: 1h}`,
		`{stages: [{name: a, from: [dba], where: 'approver.team == person.team'}, {name: b, managerOf: requester}]}`))
	with := func(attributes, decisions string) string {
		return "tests:\n  - name: one\n    contract: c\n    person: {id: p, groups: [x], attributes: {" + attributes + "}}\n    request: {reason: a good reason for it}\n    at: '2026-11-24T09:00:00Z'\n" + decisions
	}
	never := func(text string) map[string]string {
		report, err := set.RunTests(map[string][]byte{"c_test.yaml": []byte(text)})
		require.NoError(t, err, access.IssuesOf(err))
		require.Zero(t, report.Failed(), report.Results)
		out := map[string]string{}
		for _, u := range report.Untested {
			out[u.Field] = fmt.Sprint(u.Never)
		}
		delete(out, "request.who")
		return out
	}
	const where, manager = "approval.stages.a.where", "approval.stages.b.managerOf"
	decided := func(teams ...string) string {
		out := "    decisions:\n"
		for _, team := range teams {
			out += "      - {by: {id: d-" + team + ", groups: [dba], attributes: {team: " + team + "}}}\n"
		}
		return out + "    expect: {stages: [a, b], decided: undecided}\n"
	}
	require.Equal(t, map[string]string{where: "[satisfied not_satisfied unevaluated]", manager: "[unevaluated]"}, never(with("team: t, manager: m", "    expect: {stages: [a, b]}\n")))
	require.Equal(t, map[string]string{where: "[not_satisfied unevaluated]", manager: "[unevaluated]"}, never(with("team: t, manager: m", decided("t"))))
	require.Equal(t, map[string]string{where: "[unevaluated]", manager: "[unevaluated]"}, never(with("team: t, manager: m", decided("t", "u"))))
	require.Equal(t, map[string]string{where: "[satisfied not_satisfied]", manager: "[satisfied unevaluated]"}, never(with("manager: m", "    expect: {refused: [nobody_approves]}\n")))
	require.Equal(t, map[string]string{where: "[satisfied not_satisfied unevaluated]", manager: "[satisfied]"}, never(with("team: t", "    expect: {refused: [nobody_approves]}\n")))
}
