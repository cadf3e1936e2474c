package contracts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

var now = time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)

func examples(t testing.TB) *contracts.Set {
	t.Helper()
	files := map[string][]byte{}
	for _, f := range []string{"examples/ssh.yaml", "examples/cloud/cloud.yaml"} {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		files[f] = b
	}
	set, err := contracts.Parse(files)
	require.NoError(t, err)
	return set
}

func find(t testing.TB, name string) *contracts.Contract {
	c, ok := examples(t).Find(name)
	require.True(t, ok)
	return c
}

var alice = access.Person{ID: "alice", Kind: access.KindHuman, Groups: []string{"engineering"},
	Attributes: map[string]string{"employment": "employee"}}

func codes(issues []access.Issue) string {
	var out []string
	for _, i := range issues {
		out = append(out, i.Code)
	}
	return strings.Join(out, " ")
}

func TestEvaluate(t *testing.T) {
	const why = "the orders are stuck since two"
	late := now.Add(-time.Minute)
	far := now.Add(31 * 24 * time.Hour)
	for _, c := range []struct {
		name     string
		contract string
		ask      access.RequestInput
		change   func(*access.Person)
		want     string // issue codes; "" is allowed
	}{
		{"allowed", "ssh-demo", access.RequestInput{Reason: why, Duration: "30m"}, nil, ""},
		{"Case18 duration left out is the default", "ssh-demo", access.RequestInput{Reason: why}, nil, ""},
		{"not eligible", "ssh-demo", access.RequestInput{Reason: why}, func(p *access.Person) { p.Groups = []string{"sales"} }, "not_eligible"},
		{"Case16 a fact that is missing denies", "vault-orders-readonly", access.RequestInput{Reason: why}, func(p *access.Person) { p.Attributes = nil }, "who_unevaluated"},
		{"a claim cannot pass for groups", "ssh-demo", access.RequestInput{Reason: why}, func(p *access.Person) {
			p.Groups, p.Attributes = nil, map[string]string{"groups": "engineering"}
		}, "not_eligible"},
		{"Case23 over the max", "ssh-demo", access.RequestInput{Reason: why, Duration: "52h"}, nil, "duration_over_max"},
		{"Case23 zero", "ssh-demo", access.RequestInput{Reason: why, Duration: "0s"}, nil, "duration_not_positive"},
		{"Case23 negative", "ssh-demo", access.RequestInput{Reason: why, Duration: "-5m"}, nil, "duration_not_positive"},
		{"Case23 fractional", "ssh-demo", access.RequestInput{Reason: why, Duration: "1.5s"}, nil, "duration_fractional"},
		{"Case23 overflowing", "ssh-demo", access.RequestInput{Reason: why, Duration: "99999999999h"}, nil, "duration_malformed"},
		{"Case23 in words", "ssh-demo", access.RequestInput{Reason: why, Duration: "two hours"}, nil, "duration_malformed"},
		{"Case23 start in the past", "ssh-demo", access.RequestInput{Reason: why, StartAt: &late}, nil, "start_in_past"},
		{"start too far", "ssh-demo", access.RequestInput{Reason: why, StartAt: &far}, nil, "start_too_far"},
		{"no reason", "ssh-demo", access.RequestInput{Reason: "  "}, nil, "reason_missing"},
		{"short reason", "ssh-demo", access.RequestInput{Reason: "because"}, nil, "reason_too_short"},
		{"long time, short reason", "ssh-demo", access.RequestInput{Reason: why, Duration: "90m"}, nil, "reason_needs_justification"},
		{"huge reason", "ssh-demo", access.RequestInput{Reason: strings.Repeat("a", 1001)}, nil, "reason_too_long"},
		{"Case08 control characters", "ssh-demo", access.RequestInput{Reason: why + "\x1b[2J"}, nil, "reason_characters"},
		{"Case08 right-to-left override", "ssh-demo", access.RequestInput{Reason: why + "\u202e"}, nil, "reason_characters"},
		{"Case08 invalid text", "ssh-demo", access.RequestInput{Reason: why + "\xff"}, nil, "reason_characters"},
		{"another language is text", "ssh-demo", access.RequestInput{Reason: "注文が二時から止まっているので調べます"}, nil, ""},
		{"unknown param", "aws-s3-read", access.RequestInput{Reason: why, Params: map[string]any{"bukcet": "eu"}}, nil, "unknown_param param_missing"},
		{"wrong type", "aws-s3-read", access.RequestInput{Reason: why, Params: map[string]any{"bucket": 7.0}}, nil, "param_type"},
		{"Case21 not in the list", "aws-s3-read", access.RequestInput{Reason: why, Params: map[string]any{"bucket": "eu/*"}}, nil, "param_not_allowed"},
		{"everything wrong is told", "aws-s3-read", access.RequestInput{Duration: "9h", Reason: "x"}, nil, "param_missing duration_over_max reason_too_short"},
		{"a malformed ticket", "aws-s3-read", access.RequestInput{Reason: why, Ticket: "OPS-1 or so", Params: map[string]any{"bucket": "eu"}}, nil, "ticket_malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := alice
			if c.change != nil {
				c.change(&p)
			}
			e := find(t, c.contract).Evaluate(contracts.Input{Person: p, Request: c.ask, Now: now})
			require.Equal(t, c.want, codes(e.Issues), "%v", e.Issues)
			require.Equal(t, c.want == "", e.Err() == nil)
			if c.want != "" {
				require.Zero(t, e.Draft)
			}
		})
	}
}

func TestDraft(t *testing.T) {
	e := find(t, "aws-s3-read").Evaluate(contracts.Input{Person: alice, Now: now, Request: access.RequestInput{
		Reason: "look at the stuck orders", Params: map[string]any{"bucket": "eu"}}})
	require.NoError(t, e.Err())
	require.Equal(t, []any{"arn:aws:s3:::orders-eu/*"}, e.Draft.Grants[0].Entitlement["resources"])
	require.Equal(t, "30m", e.Draft.Duration.String())
	require.Equal(t, &access.ExtensionLimits{Times: 1, UpTo: access.Duration(6 * time.Hour)}, e.Draft.Extend)

	long := find(t, "vault-orders-readonly").Evaluate(contracts.Input{Person: alice, Now: now, Request: access.RequestInput{
		Duration: "3h", Reason: "a long look at the stuck orders, since they block everything"}})
	require.Len(t, long.Draft.Rule.Stages, 2, "over two hours security approves too")

	auto := find(t, "ssh-demo-oncall").Evaluate(contracts.Input{Now: now, Request: access.RequestInput{Reason: "paged for the host"},
		Person: access.Person{ID: "erin", Kind: access.KindHuman, Groups: []string{"oncall"}}})
	require.True(t, auto.Draft.Rule.Auto)
	require.False(t, auto.Draft.Rule.Passkey)

	guarded := find(t, "ssh-demo-guarded").Evaluate(contracts.Input{Person: alice, Now: now, Request: access.RequestInput{Reason: "look at the host together"}})
	require.Equal(t, access.Duration(8*time.Hour), guarded.Draft.StepUp)
	require.Equal(t, access.Duration(15*time.Minute), guarded.Draft.Rule.StepUp)

	signed := find(t, "ssh-demo-passkey").Evaluate(contracts.Input{Person: alice, Now: now, Request: access.RequestInput{Reason: "look at the host"}})
	require.True(t, signed.Draft.Rule.Passkey)
}

// TestParamsAsText: a value may be given as text, and is read by the declared
// type only, in one way.
func TestParamsAsText(t *testing.T) {
	set := parsed(t, contract("c", "true", `{default: 1h, max: 1h}`, `{auto: 'true'}`, `
  params:
    id: {type: string, pattern: '[0-9]+|true'}
    rows: {type: int, min: -5, max: 5000}
    dry: {type: bool}`))
	for _, c := range []struct {
		name        string
		value, want any // want is nil for what is refused
	}{
		{"id", "4711", "4711"}, {"id", "true", "true"}, {"id", 4711.0, nil}, {"id", true, nil},
		{"rows", "4711", int64(4711)}, {"rows", "-3", int64(-3)}, {"rows", "0", int64(0)}, {"rows", 4711.0, int64(4711)},
		{"rows", "5001", nil}, {"rows", "+3", nil}, {"rows", "007", nil}, {"rows", "-0", nil}, {"rows", "0x10", nil}, {"rows", "1_0", nil}, {"rows", "1e2", nil},
		{"rows", "3.0", nil}, {"rows", " 3", nil}, {"rows", "", nil}, {"rows", "many", nil}, {"rows", "true", nil}, {"rows", "99999999999999999999", nil},
		{"dry", "true", true}, {"dry", "false", false}, {"dry", false, false}, {"dry", "TRUE", nil}, {"dry", "1", nil}, {"dry", "", nil}, {"dry", "yes", nil},
	} {
		e := set.Contracts[0].Evaluate(contracts.Input{Person: alice, Now: now,
			Request: access.RequestInput{Reason: "a good reason", Params: map[string]any{c.name: c.value}}})
		require.Equal(t, c.want != nil, e.Err() == nil, "%s %#v: %v", c.name, c.value, e.Err())
		if c.want != nil {
			require.Equal(t, map[string]any{c.name: c.want}, e.Draft.Params)
		}
	}
}

// TestEveryWrongTypeIsTold: what cannot be decoded is reported for each feature,
// once each, and hides what follows from it.
func TestEveryWrongTypeIsTold(t *testing.T) {
	_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(`apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request: nobody
duration: {default: 30m, max: 1h}
grants: [{target: t/t, entitlement: {a: b}}]
approval: {stages: [{name: a, from: [x], approvals: two}], denyThreshold: 1.5}
`)})
	var got []string
	for _, i := range access.IssuesOf(err) {
		got = append(got, i.Field+" "+i.Code)
	}
	require.Equal(t, []string{"c.yaml:4:10 yaml", "c.yaml:7:53 yaml", "c.yaml:7:75 yaml"}, got)
}

// parse wraps the varying parts of a small contract.
func parse(t *testing.T, approval string, more ...string) (*contracts.Set, error) {
	return contracts.Parse(map[string][]byte{"c.yaml": []byte(`apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request: {who: 'true'}
duration: {default: 30m, max: 1h}
grants: [{target: t/t, entitlement: {a: b}}]
approval: ` + approval + "\n" + strings.Join(more, "\n"))})
}

func TestConditionsFailClosed(t *testing.T) {
	evaluate := func(t *testing.T, approval string) contracts.Evaluation {
		set, err := parse(t, approval)
		require.NoError(t, err)
		return set.Contracts[0].Evaluate(contracts.Input{Person: alice, Now: now, Request: access.RequestInput{Reason: "a good reason"}})
	}
	t.Run("a stage whose condition fails to evaluate applies", func(t *testing.T) {
		e := evaluate(t, `{stages: [{name: a, from: [x]}, {name: b, from: [y], when: 'person.clearance > 3'}]}`)
		require.Len(t, e.Draft.Rule.Stages, 2)
		require.Equal(t, contracts.Unevaluated, e.Trace[1].Result)
	})
	t.Run("an automatic approval that fails to evaluate is none", func(t *testing.T) {
		e := evaluate(t, `{auto: 'person.clearance == "x"', stages: [{name: a, from: [x]}]}`)
		require.False(t, e.Draft.Rule.Auto)
		require.Len(t, e.Draft.Rule.Stages, 1)
	})
	t.Run("and without stages it denies", func(t *testing.T) {
		e := evaluate(t, `{auto: 'person.clearance == "x"'}`)
		require.Equal(t, access.CodeUnevaluated, access.CodeOf(e.Err()))
	})
	t.Run("an automatic approval that says no, without stages", func(t *testing.T) {
		require.Equal(t, access.CodeUnevaluated, access.CodeOf(evaluate(t, `{auto: 'reason == ""'}`).Err()))
	})
	t.Run("a condition that costs too much", func(t *testing.T) {
		set, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(strings.Replace(string(minimal), "WHO",
			`person.groups.all(a, person.groups.all(b, person.groups.all(c, a + b + c != "x")))`, 1))})
		require.NoError(t, err)
		p := alice
		for range 100 {
			p.Groups = append(p.Groups, "g")
		}
		e := set.Contracts[0].Evaluate(contracts.Input{Person: p, Now: now, Request: access.RequestInput{Reason: "a good reason"}})
		require.Equal(t, contracts.CouldNotEvaluate, e.Result)
	})
}

var minimal = []byte(`apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request: {who: 'WHO'}
duration: {default: 30m, max: 1h}
grants: [{target: t/t, entitlement: {a: b}}]
approval: {stages: [{name: a, from: [x]}]}
`)

func TestMistakesAreAllTold(t *testing.T) {
	b, err := os.ReadFile("testdata/mistakes.yaml")
	require.NoError(t, err)
	_, err = contracts.Parse(map[string][]byte{"mistakes.yaml": b})
	var got []string
	for _, i := range access.IssuesOf(err) {
		got = append(got, i.Field+" "+i.Code+" "+i.Message)
	}
	all := strings.Join(got, "\n") + "\n"
	golden := "testdata/mistakes.golden"
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(all), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), all)
	require.Contains(t, all, `did you mean "owner"`)
	require.Contains(t, all, `did you mean "stages"`)
}

func TestRefusedContracts(t *testing.T) {
	for name, c := range map[string]struct{ approval, more, want string }{
		"Case13 nobody approves":       {`{}`, "", "approval_missing"},
		"only conditional stages":      {`{stages: [{name: a, from: [x], when: 'false'}]}`, "", "stages_conditional"},
		"a stage without groups":       {`{stages: [{name: a}]}`, "", "stage_from"},
		"no denial would deny":         {`{stages: [{name: a, from: [x]}], denyThreshold: 0}`, "", "deny_threshold"},
		"a condition that is a number": {`{auto: '1 + 1'}`, "", "condition"},
		"Case43 break-glass":           {`{auto: 'true'}`, "breakGlass: {max: 30m}", "not_supported"},
		"Case46 a notice":              {`{auto: 'true'}`, "notify: ['slack:#prod']", "not_supported"},
		"passkey without a person":     {`{auto: 'true', passkey: true, stages: [{name: a, from: [x]}]}`, "", "passkey_auto"},
		"step-up of nobody":            {`{auto: 'true'}`, "stepUp: {approve: 15m}", "step_up_auto"},
		"step-up that nobody can make": {`{auto: 'true'}`, "stepUp: {request: 30s}", "step_up"},
		"step-up that is none":         {`{auto: 'true'}`, "stepUp: {request: 169h}", "step_up"},
		"step-up that is no length":    {`{auto: 'true'}`, "stepUp: {request: now}", "duration"},
		"a key written twice":          {`{auto: 'true'}`, "description: a\ndescription: b", "yaml"},
		"not YAML":                     {`{auto: `, "", "yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, c.approval, c.more)
			require.Contains(t, codes(access.IssuesOf(err)), c.want)
			for _, i := range access.IssuesOf(err) {
				require.Contains(t, i.Field, "c.yaml:", "%v has its place", i)
			}
		})
	}
	t.Run("two contracts of one name", func(t *testing.T) {
		b := []byte(strings.Replace(string(minimal), "WHO", "true", 1))
		_, err := contracts.Parse(map[string][]byte{"a.yaml": b, "b.yaml": b})
		require.Equal(t, "duplicate_name", codes(access.IssuesOf(err)))
	})
}

func TestStoreReloadsAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "c.yaml"), []byte(text), 0o600))
	}
	log := logrus.New()
	log.SetOutput(new(strings.Builder))
	_, err := contracts.NewStore(dir, log)
	require.Error(t, err, "an empty directory allows nothing")
	good := strings.Replace(string(minimal), "WHO", "true", 1)
	write(good)
	s, err := contracts.NewStore(dir, log)
	require.NoError(t, err)
	first := s.Current().Version

	go s.Run(t.Context())
	write(good + "  oops: 1\n")
	require.Eventually(t, func() bool { return s.LoadError() != nil }, 5*time.Second, 10*time.Millisecond)
	require.Equal(t, first, s.Current().Version, "the last good ones stay")
	write(strings.Replace(good, "30m", "20m", 1))
	require.Eventually(t, func() bool { return s.LoadError() == nil && s.Current().Version != first }, 5*time.Second, 10*time.Millisecond)
}

func TestOffers(t *testing.T) {
	set := examples(t)
	names := func(p access.Person) (out []string) {
		for _, o := range set.Offers(p, now) {
			out = append(out, o.Contract)
		}
		return out
	}
	require.Equal(t, []string{"aws-s3-read", "ssh-demo", "ssh-demo-guarded", "ssh-demo-passkey", "vault-orders-readonly"}, names(alice))
	require.Empty(t, names(access.Person{ID: "dave", Groups: []string{"contractors"}}))
}

// What is not allowed never carries a rule that could be satisfied, and asking
// for longer never takes fewer approvals.
func TestEvaluationProperties(t *testing.T) {
	set := examples(t)
	rapid.Check(t, func(rt *rapid.T) {
		c := rapid.SampledFrom(set.Contracts).Draw(rt, "contract")
		p := access.Person{ID: "p", Kind: rapid.SampledFrom([]access.PersonKind{access.KindHuman, access.KindAgent, ""}).Draw(rt, "kind"),
			Groups: rapid.SliceOfN(rapid.SampledFrom([]string{"engineering", "oncall", "x"}), 0, 3).Draw(rt, "groups")}
		if rapid.Bool().Draw(rt, "employed") {
			p.Attributes = map[string]string{"employment": "employee"}
		}
		ask := access.RequestInput{Reason: rapid.StringN(0, 80, 200).Draw(rt, "reason"), Ticket: rapid.SampledFrom([]string{"", "OPS-1"}).Draw(rt, "ticket"),
			Params: map[string]any{}}
		if rapid.Bool().Draw(rt, "bucket") {
			ask.Params["bucket"] = rapid.SampledFrom([]any{"eu", "us", "*", 1.0}).Draw(rt, "value")
		}
		stages := -1
		for _, d := range []string{"10m", "1h", "3h"} {
			ask.Duration = d
			e := c.Evaluate(contracts.Input{Person: p, Request: ask, Now: now})
			if e.Err() != nil {
				require.Zero(rt, e.Draft)
				continue
			}
			require.True(rt, e.Draft.Rule.Auto || len(e.Draft.Rule.Stages) > 0)
			require.GreaterOrEqual(rt, len(e.Draft.Rule.Stages), stages)
			stages = len(e.Draft.Rule.Stages)
		}
	})
}
