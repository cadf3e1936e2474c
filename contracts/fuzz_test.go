package contracts_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// FuzzParse: any file is either refused, with the place of every mistake, or its
// contracts can be evaluated.
func FuzzParse(f *testing.F) {
	f.Add(minimal)
	for _, name := range append(exampleFiles(f), "testdata/mistakes.yaml", "testdata/messages.yaml", "testdata/refusals.yaml") {
		b, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(b)
	}
	for _, odd := range []string{"", "---", "a: &a [*a]", "? ", "- - - -", "!!binary x", "a: {{", "\xff", "<<: *x",
		"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]"} {
		f.Add([]byte(odd))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		set, err := contracts.Parse(map[string][]byte{"f.yaml": b})
		if err != nil {
			require.Equal(t, access.CodeInvalid, access.CodeOf(err))
			require.NotEmpty(t, access.IssuesOf(err))
			for _, i := range access.IssuesOf(err) {
				require.True(t, strings.HasPrefix(i.Field, "f.yaml"), "%v has no place", i)
			}
			return
		}
		for _, c := range set.Contracts {
			requireClosed(t, c.Evaluate(contracts.Input{Person: alice, Now: now}))
		}
	})
}

// FuzzCondition: evaluating any condition ends, and one that could not be evaluated
// opens nothing that no person approved.
func FuzzCondition(f *testing.F) {
	for _, who := range []string{
		`true`, `person.groups.exists(g, g == "engineering")`, `person.clearance > 3`, `1 / 0 == 1`, `person.id`, `dyn(1)`,
		`reason.matches("^(a+)+$")`, `person.groups.all(a, person.groups.all(b, person.groups.all(c, person.groups.all(d, a + b + c + d != "x"))))`,
		`duration("9223372036s") + duration("9223372036s") > duration`, `timestamp("9999-12-31T23:59:59Z") + duration > now`,
		`[0,1,2,3,4,5,6,7,8,9].map(x, reason + reason).size() > 0`, `dyn(person) == dyn(params)`, `person.attributes["employment"] == "employee"`,
		`person.groups.all(a, person.groups.all(b, !matches(reason, "(a?){1000}z")))`, `reason.matches(params.x)`, `["a", "b"].exists(p, matches(reason, p))`,
		`has(params.bucket) && params.bucket == "eu"`, `ticket == "" || size(reason) > 9223372036854775807`,
	} {
		f.Add(who, `true`, "because it is so", "30m", "engineering")
		f.Add(`true`, who, "aaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "1h", "x")
	}
	f.Fuzz(func(t *testing.T, who, when, reason, length, group string) {
		if len(reason) > 4000 || len(group) > 4000 {
			return // the server bounds the size of a request
		}
		quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
		set, err := contracts.Parse(map[string][]byte{"f.yaml": []byte(`apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request:
  who: ` + quote(who) + `
duration: {default: 30m, max: 1h}
grants: [{target: t/t, entitlement: {a: b}}]
approval:
  auto: ` + quote(when) + `
  stages:
    - {name: a, from: [x]}
    - name: b
      from: [y]
      when: ` + quote(when) + "\n")})
		if err != nil {
			return
		}
		p := access.Person{ID: "p", Kind: access.KindHuman, Groups: []string{group}, Attributes: map[string]string{"employment": group}}
		for range 200 {
			p.Groups = append(p.Groups, group)
		}
		for _, c := range set.Contracts {
			requireClosed(t, c.Evaluate(contracts.Input{Person: p, Now: now, Request: access.RequestInput{Reason: reason, Duration: length}}))
		}
	})
}

// requireClosed checks an evaluation against its own trace: that it failed closed
// follows here from the trace alone, not from the way Evaluate works.
func requireClosed(t *testing.T, e contracts.Evaluation) {
	require.Equal(t, e.Result == contracts.Allowed, e.Err() == nil)
	if e.Result != contracts.Allowed {
		require.Zero(t, e.Draft)
		require.NotEmpty(t, e.Issues)
		return
	}
	require.Positive(t, e.Draft.Duration)
	require.LessOrEqual(t, e.Draft.Duration, access.MaxDuration)
	require.True(t, e.Draft.Rule.Auto || len(e.Draft.Rule.Stages) > 0)
	for _, s := range e.Trace {
		if s.Result != contracts.Unevaluated {
			continue
		}
		require.NotEqual(t, "request.who", s.Field)
		if s.Field == "approval.auto" {
			require.False(t, e.Draft.Rule.Auto)
		}
		if name, isStage := strings.CutPrefix(s.Field, "approval.stages."); isStage {
			require.True(t, slices.ContainsFunc(e.Draft.Rule.Stages, func(st access.Stage) bool { return st.Name+".when" == name }), "stage %s", name)
		}
	}
}
