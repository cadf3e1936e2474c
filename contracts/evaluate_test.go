package contracts_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

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
		{"Case16 a fact that is missing denies", "orders-database-read", access.RequestInput{Reason: why}, func(p *access.Person) { p.Attributes = nil }, "who_unevaluated"},
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
		{"unknown param", "orders-bucket-read", access.RequestInput{Reason: why, Params: map[string]any{"regoin": "eu"}}, nil, "unknown_param param_missing"},
		{"wrong type", "orders-bucket-read", access.RequestInput{Reason: why, Params: map[string]any{"region": 7.0}}, nil, "param_type"},
		{"Case21 not in the list", "orders-bucket-read", access.RequestInput{Reason: why, Params: map[string]any{"region": "eu/*"}}, nil, "param_not_allowed"},
		{"every issue is reported", "orders-bucket-read", access.RequestInput{Duration: "9h", Reason: "x"}, nil, "param_missing duration_over_max reason_too_short"},
		{"a malformed ticket", "orders-bucket-read", access.RequestInput{Reason: why, Ticket: "OPS-1 or so", Params: map[string]any{"region": "eu"}}, nil, "ticket_malformed"},
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
	e := find(t, "orders-bucket-read").Evaluate(contracts.Input{Person: alice, Now: now, Request: access.RequestInput{
		Reason: "look at the stuck orders", Params: map[string]any{"region": "eu"}}})
	require.NoError(t, e.Err())
	require.Equal(t, []any{"arn:aws:s3:::orders-eu/*"}, e.Draft.Grants[0].Entitlement["resources"])
	require.Equal(t, "30m", e.Draft.Duration.String())
	require.Equal(t, &access.ExtensionLimits{Times: 1, UpTo: access.Duration(6 * time.Hour)}, e.Draft.Extend)

	long := find(t, "orders-database-read").Evaluate(contracts.Input{Person: alice, Now: now, Request: access.RequestInput{
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
	t.Run("an automatic approval that is not satisfied, without stages", func(t *testing.T) {
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

// TestEvaluationProperties: a request that is not allowed has no draft, whose rule
// somebody could satisfy; and a longer duration never needs fewer approvals.
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
			ask.Params["region"] = rapid.SampledFrom([]any{"eu", "us", "*", 1.0}).Draw(rt, "value")
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
