package contracts

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestPatternsAreWrittenOut: a regular expression that only the request tells, or that is put
// together, is refused where contracts are read, in whichever condition and form: nobody can
// say how much work it is.
func TestPatternsAreWrittenOut(t *testing.T) {
	for _, text := range []string{
		`reason.matches(params.x)`, `matches(reason, params.x)`, `reason.matches(person.team)`, `person.groups.exists(g, reason.matches(g))`,
		`reason.matches("a" + "b")`, `reason.matches(true ? "a" : "b")`, `["a", "b"].exists(p, reason.matches(p))`, `reason.matches(string(7))`,
		`reason.matches("a") || !reason.matches(reason)`, `has(person.team) && person.team.matches(person.team)`,
	} {
		who, where := singleQuoted(text), singleQuoted(`approver.id != "x" && (`+text+`)`)
		for _, fields := range []string{"request: {who: " + who + "}\napproval: {stages: [{name: a, from: [x]}]}", "request: {who: 'true', ticket: {when: " + who + "}}\napproval: {stages: [{name: a, from: [x]}]}",
			"request: {who: 'true'}\napproval: {stages: [{name: a, from: [x], where: " + where + "}]}", "request: {who: 'true'}\napproval: {stages: [{name: a, from: [x]}]}\nbreakGlass: {who: " + who + ", max: 1h, reviewWithin: 1h, reviewers: [z]}"} {
			_, err := Parse(map[string][]byte{"c.yaml": []byte("apiVersion: ramp/v1\nkind: Contract\nmetadata: {name: c}\n" + fields + "\nduration: {default: 30m, max: 1h}\ngrants: [{target: t/t, entitlement: {a: b}}]\n")})
			require.ErrorContains(t, err, "must be written out, in quotes", fields)
		}
	}
	env, err := environment()
	require.NoError(t, err)
	_, err = compile(env, "person.kind == \"human\" &&\n  reason.matches(params.x)")
	require.ErrorContains(t, err, "at line 2, column 17 of it")
}

// TestMatchingCostsItsSteps: a regular expression costs what its steps are, not how it is
// written, by both of its names; usual ones cost little.
func TestMatchingCostsItsSteps(t *testing.T) {
	env, err := environment()
	require.NoError(t, err)
	cost := func(text string, reason string, groups int) (uint64, Truth) {
		c, err := compile(env, text)
		require.NoError(t, err)
		p := access.Person{ID: "p"}
		for i := range groups {
			p.Groups = append(p.Groups, fmt.Sprintf("team-%07d", i))
		}
		vars := variables(Input{Person: p, Request: access.RequestInput{Reason: reason}}, map[string]any{}, 0)
		_, details, _ := c.program.Eval(vars)
		return *details.ActualCost(), c.eval("", vars).Result
	}
	long := strings.Repeat("a", 1000)
	for _, text := range []string{`reason.matches("(a?){300}")`, `matches(reason, "(a?){300}")`} {
		n, came := cost(text, long, 0)
		require.Equal(t, Satisfied, came)
		require.Greater(t, n, uint64(9_000), "%s of %d characters", text, len(long))
	}
	for _, text := range []string{`person.groups.exists(g, matches(reason, "(a?){300}z"))`, `person.groups.exists(g, reason.matches("(a?){300}z"))`} {
		n, came := cost(text, long, 100)
		require.Equal(t, Unevaluated, came, text)
		require.Less(t, n, uint64(2*costLimit), "it ends with the match that is one too many")
	}
	_, came := cost(`person.groups.all(g, g.matches("^team-[0-9]{1,63}$"))`, "", 500)
	require.Equal(t, Satisfied, came, "500 groups are held against a usual expression")
}

// TestPartsOfWhereCompileTheirPatternOnce: evaluating a condition on approvers compiles no
// regular expression, however often one is matched.
func TestPartsOfWhereCompileTheirPatternOnce(t *testing.T) {
	const pattern = "(a?){100}z"
	compiling := testing.AllocsPerRun(5, func() { regexp.MustCompile(pattern) })
	set, err := Parse(map[string][]byte{"c.yaml": []byte("apiVersion: ramp/v1\nkind: Contract\nmetadata: {name: c}\nrequest: {who: 'true', reason: {optional: true}}\nduration: {default: 30m, max: 1h}\n" +
		"grants: [{target: t/t, entitlement: {a: b}}]\napproval: {stages: [{name: a, from: [x], where: 'approver.id != \"x\" && !person.groups.exists(g, g.matches(\"" + pattern + "\"))'}]}\n")})
	require.NoError(t, err)
	in := Input{Person: access.Person{ID: "p", Kind: access.KindHuman}, Now: fuzzed}
	for i := range 100 {
		in.Person.Groups = append(in.Person.Groups, fmt.Sprintf("team-%d", i))
	}
	require.NoError(t, set.Contracts[0].Evaluate(in).Err())
	evaluating := testing.AllocsPerRun(5, func() { set.Contracts[0].Evaluate(in) })
	require.Less(t, evaluating, 50*compiling, "100 groups are matched; compiling once allocates %.0f times", compiling)
}
