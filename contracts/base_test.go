package contracts_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

const sharedBase = `apiVersion: ramp/v1
kind: Base
metadata: {name: shared, owner: security}
request:
  who: '"staff" in person.groups'
  reason: {minLength: 20, maxLength: 500}
  ticket: {required: true, pattern: 'OPS-[0-9]+'}
duration: {default: 20m, max: 4h, justifyOver: 2h}
approval:
  pendingFor: 30m
  commentMinLength: 10
  confirm: ['I know the requester.']
  stages: [{name: security, from: [security], when: 'duration > duration("1h")'}]
during: {zone: UTC, windows: [{days: [tue], from: '00:00', to: '12:00'}]}
limits: {open: 2, cooldown: 10m, quota: {within: 24h, times: 5}}
stepUp: {approve: 15m}
notify: [{of: [request.created], groups: [security]}]
`

// underBase returns a contract that names the base, with some lines changed or added.
func underBase(instead ...string) string {
	return strings.NewReplacer(instead...).Replace(`apiVersion: ramp/v1
kind: Contract
base: shared
metadata: {name: c}
request: {who: '"a" in person.groups'}
duration: {max: 3h}
grants: [{target: t/t, entitlement: {role: admin}}]
approval: {stages: [{name: owners, from: [owners]}]}
`)
}

func parseBoth(base, contract string) (*contracts.Set, error) {
	return contracts.Parse(map[string][]byte{"base.yaml": []byte(base), "c.yaml": []byte(contract)})
}

// TestBase: a contract has what its base says, each value with its place, and both are
// named by their digests in the plan.
func TestBase(t *testing.T) {
	set, err := parseBoth(sharedBase, underBase())
	require.NoError(t, err)
	require.Len(t, set.Contracts, 1)
	require.Len(t, set.Bases, 1)
	require.Empty(t, set.Findings(nil))
	c := set.Contracts[0]
	in := contracts.Input{Person: access.Person{ID: "p", Kind: access.KindHuman, Groups: []string{"a", "staff"}}, Now: now, History: &access.History{},
		Request: access.RequestInput{Reason: "the orders have been stuck since two, so look into it", Ticket: "OPS-7", Duration: "90m"}}
	e := c.Evaluate(in)
	require.NoError(t, e.Err())
	p := e.Draft
	require.Equal(t, &access.PlanBase{Name: "shared", Version: set.Bases[0].Version}, p.Base)
	require.Equal(t, c.Version, p.ContractVersion)
	require.Equal(t, []string{"security", "owners"}, []string{p.Rule.Stages[0].Name, p.Rule.Stages[1].Name})
	require.Equal(t, 10, p.Rule.Comment)
	require.Equal(t, 15*time.Minute, p.Rule.StepUp.Std())
	require.Equal(t, now.Add(30*time.Minute), p.PendingUntil)
	late := in
	late.Now = now.Add(16 * time.Hour)
	require.Equal(t, "outside_window", codes(c.Evaluate(late).Issues))
	require.Len(t, p.Notify, 1)
	b, err := json.Marshal(c.Explain(p))
	require.NoError(t, err)
	for _, want := range []string{"shared (sha256:", "duration.default: 20m, written in base.yaml:8:12", "request.ticket.required: true, written in base.yaml:7:12",
		"request.who, beside the contract's own, written in base.yaml:5:3", "approval.stages, before the contract's own, written in base.yaml:13:3", "during, written in base.yaml:14:1", "limits.quota.times: 5"} {
		require.Contains(t, string(b), want)
	}

	again, err := contracts.Parse(map[string][]byte{"kept.yaml": []byte(c.Text)})
	require.NoError(t, err, "the text that is kept holds the base")
	require.Equal(t, c.Version, again.Contracts[0].Version)
	require.Equal(t, set.Bases[0].Version, again.Bases[0].Version)
	e2 := again.Contracts[0].Evaluate(in)
	require.Equal(t, e, e2)

	changed, err := parseBoth(strings.Replace(sharedBase, "commentMinLength: 10", "commentMinLength: 20", 1), underBase())
	require.NoError(t, err)
	require.NotEqual(t, c.Version, changed.Contracts[0].Version, "a change of the base is one of each contract that names it")
	require.NotEmpty(t, set.Diff(changed), "and diff shows what it opens")
}

// TestBaseIsOnlyNarrowed: a contract writes nothing that is laxer than its base, and is
// told both places.
func TestBaseIsOnlyNarrowed(t *testing.T) {
	for _, c := range []struct{ of, instead, want string }{
		{"max: 3h", "max: 5h", "c.yaml:6:12 base_laxer duration.max is laxer than the base shared has it at base.yaml:8:26: it is that or shorter"},
		{"max: 3h", "max: 3h, default: 30m", "c.yaml:6:21 base_laxer duration.default"},
		{"max: 3h", "max: 3h, justifyOver: 3h", "c.yaml:6:21 base_laxer duration.justifyOver"},
		{"request: {", "request: {reason: {minLength: 19}, ", "c.yaml:5:20 base_laxer request.reason.minLength is laxer than the base shared has it at base.yaml:6:12: it is that or more"},
		{"request: {", "request: {reason: {maxLength: 501}, ", "c.yaml:5:20 base_laxer request.reason.maxLength"},
		{"request: {", "request: {reason: {optional: true}, ", "c.yaml:5:20 base_laxer request.reason.optional"},
		{"request: {", "request: {ticket: {required: false}, ", "c.yaml:5:20 base_laxer request.ticket.required"},
		{"request: {", "request: {ticket: {pattern: '.*'}, ", "c.yaml:5:20 base_laxer request.ticket.pattern"},
		{"approval: {", "approval: {pendingFor: 31m, ", "c.yaml:8:12 base_laxer approval.pendingFor"},
		{"approval: {", "approval: {commentMinLength: 9, ", "c.yaml:8:12 base_laxer approval.commentMinLength"},
		{"approval: {", "approval: {auto: 'true', ", "c.yaml:8:12 base_laxer approval.auto is laxer than the base shared has it at base.yaml:13:3"},
		{"approval: {", "approval: {selfApproval: true, ", "c.yaml:8:12 base_laxer approval.selfApproval"},
		{"approval: {", "approval: {denyThreshold: 2, ", "c.yaml:8:12 base_laxer approval.denyThreshold"},
		{"approval: {", "approval: {escalate: [{after: 5m, to: [x]}], ", "c.yaml:8:12 base_laxer approval.escalate"},
		{"approval: {", "breakGlass: {who: 'true', max: 30m, reviewWithin: 1h, reviewers: [x]}\napproval: {", "c.yaml:8:1 base_laxer breakGlass"},
		{"approval: {", "extend: {times: 1, upTo: 5h, approval: same}\napproval: {", "c.yaml:8:20 base_laxer extend.upTo"},
		{"approval: {", "during: {zone: UTC, windows: [{days: [tue], from: '00:00', to: '24:00'}]}\napproval: {", "c.yaml:8:1 base_laxer during"},
		{"approval: {", "limits: {open: 3}\napproval: {", "c.yaml:8:10 base_laxer limits.open"},
		{"approval: {", "limits: {cooldown: 9m}\napproval: {", "c.yaml:8:10 base_laxer limits.cooldown"},
		{"approval: {", "limits: {quota: {within: 23h, times: 1}}\napproval: {", "c.yaml:8:18 base_laxer limits.quota.within"},
		{"approval: {", "limits: {quota: {times: 6}}\napproval: {", "c.yaml:8:18 base_laxer limits.quota.times"},
		{"approval: {", "stepUp: {approve: 16m}\napproval: {", "c.yaml:8:10 base_laxer stepUp.approve"},
		{"base: shared", "base: shard", `c.yaml:3:1 base_unknown there is no base "shard" among these files; did you mean "shared"?`},
		{`'"a" in person.groups'`, `'true) || (true'`, "c.yaml:5:11 condition"},
		{"name: owners", "name: security", "c.yaml:8:"}, // stage_name, at the contract's own
	} {
		_, err := parseBoth(sharedBase, underBase(c.of, c.instead))
		issues := access.IssuesOf(err)
		require.Len(t, issues, 1, "%s: %v", c.instead, issues)
		got := fmt.Sprintf("%s %s %s", issues[0].Field, issues[0].Code, issues[0].Message)
		require.True(t, strings.HasPrefix(got, c.want), "%s\n%s", c.want, got)
	}
	_, err := parseBoth(sharedBase, underBase("max: 3h", "max: 10m"))
	require.Equal(t, "base.yaml:8:12: the default 20m is over the max 10m", access.IssuesOf(err)[0].String(), "the place of what does not fit is in the base")
	for _, narrower := range [][]string{
		{"max: 3h", "max: 4h, default: 20m, justifyOver: 1h, justifyMinLength: 60"}, {"request: {", "request: {reason: {minLength: 30, maxLength: 400}, ticket: {required: true, pattern: 'OPS-[0-9]+'}, "},
		{"approval: {", "limits: {open: 1, cooldown: 1h, quota: {within: 24h, times: 1, total: 2h}}\nstepUp: {approve: 5m, request: 1h}\nextend: {times: 3, upTo: 4h, approval: same}\napproval: {pendingFor: 20m, commentMinLength: 20, passkey: true, confirm: [I spoke to them.], "},
	} {
		_, err := parseBoth(sharedBase, underBase(narrower...))
		require.NoError(t, err, "%s", narrower[1])
	}
}

// TestBaseItself: a base sets what it may and nothing laxer than the usual, is valid by
// itself, and has no base.
func TestBaseItself(t *testing.T) {
	for _, c := range []struct{ of, instead, want string }{
		{"kind: Base", "kind: Base\nbase: other", "base.yaml:3:1 base_of_base"},
		{"stepUp:", "grants: [{target: t, entitlement: {a: b}}]\nstepUp:", "base.yaml:16:1 base_field a base cannot set grants"},
		{"limits:", "extend: {times: 1, upTo: 5h}\nlimits:", "base.yaml:15:10 base_field a base cannot set extend.times"},
		{"pendingFor: 30m", "auto: 'true'", "base.yaml:10:3 base_field a base cannot set approval.auto"},
		{"minLength: 20", "optional: true", "base.yaml:6:12 base_field a base cannot set request.reason.optional"},
		{"minLength: 20", "minLength: 9", "base.yaml:6:12 base_laxer_than_usual"},
		{"maxLength: 500", "maxLength: 1001", "base.yaml:6:27 base_laxer_than_usual"},
		{"pendingFor: 30m", "pendingFor: 61m", "base.yaml:10:3 base_laxer_than_usual"},
		{"justifyOver: 2h", "justifyOver: 2h, justifyMinLength: 39", "base.yaml:8:52 base_laxer_than_usual"},
		{"limits:", "limit:", `base.yaml:15:1 unknown_field unknown field "limit"; did you mean "limits"?`},
		{"max: 4h", "max: soon", "base.yaml:8:26 duration_malformed"},
		{"zone: UTC", "zone: Mars", "base.yaml:14:10 during_zone"},
		{`'"staff" in person.groups'`, `'person.id == who'`, "base.yaml:5:3 condition"},
		{"name: shared,", "name: Shared,", "base.yaml:3:12 name"},
		{"default: 20m", "default: 5h", "base.yaml:8:12 duration_default_over_max"},
	} {
		text := strings.Replace(sharedBase, c.of, c.instead, 1)
		_, err := contracts.Parse(map[string][]byte{"base.yaml": []byte(text)})
		issues := access.IssuesOf(err)
		require.NotEmpty(t, issues, "%s", c.instead)
		got := fmt.Sprintf("%s %s %s", issues[0].Field, issues[0].Code, issues[0].Message)
		require.True(t, strings.HasPrefix(got, c.want), "%s\n%s", c.want, got)
	}
	_, err := contracts.Parse(map[string][]byte{"a.yaml": []byte(sharedBase), "b.yaml": []byte(sharedBase)})
	require.Equal(t, "duplicate_name", access.IssuesOf(err)[0].Code)
	set, err := contracts.Parse(map[string][]byte{"a.yaml": []byte(sharedBase)})
	require.NoError(t, err)
	require.Equal(t, "base_unused", set.Findings(nil)[0].Code)
}

// TestBaseIsNeverEasier: a contract with a base admits what the same contract with the
// base's text written out admits, and nothing else; and without the base it admits no
// less, asks nobody else, and gives no less.
func TestBaseIsNeverEasier(t *testing.T) {
	own := `apiVersion: ramp/v1
kind: Contract
BASE
metadata: {name: c}
request: {who: '"a" in person.groups', params: {n: {type: int, default: 1}}}
duration: {default: 20m, max: 3h}
grants: [{target: t/t, entitlement: {role: admin}}]
approval: {stages: [{name: owners, from: [owners], when: 'params.n > 1 || duration > duration("30m")'}, {name: all, from: [x]}]}
extend: {times: 1, upTo: 4h, approval: same}
`
	written := `apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request:
  who: '"staff" in person.groups && ("a" in person.groups)'
  params: {n: {type: int, default: 1}}
  reason: {minLength: 20, maxLength: 500}
  ticket: {required: true, pattern: 'OPS-[0-9]+'}
duration: {default: 20m, max: 3h, justifyOver: 2h}
grants: [{target: t/t, entitlement: {role: admin}}]
approval:
  pendingFor: 30m
  commentMinLength: 10
  confirm: ['I know the requester.']
  stages: [{name: security, from: [security], when: 'duration > duration("1h")'}, {name: owners, from: [owners], when: 'params.n > 1 || duration > duration("30m")'}, {name: all, from: [x]}]
extend: {times: 1, upTo: 4h, approval: same}
during: {zone: UTC, windows: [{days: [tue], from: '00:00', to: '12:00'}]}
limits: {open: 2, cooldown: 10m, quota: {within: 24h, times: 5}}
stepUp: {approve: 15m}
notify: [{of: [request.created], groups: [security]}]
`
	set, err := parseBoth(sharedBase, strings.Replace(own, "BASE", "base: shared", 1))
	require.NoError(t, err)
	with, out, without := set.Contracts[0], parsed(t, written).Contracts[0], parsed(t, strings.Replace(own, "BASE\n", "", 1)).Contracts[0]
	rapid.Check(t, func(t *rapid.T) {
		at := now.Add(time.Duration(rapid.IntRange(0, 3*24*60).Draw(t, "minute")) * time.Minute)
		h := &access.History{}
		for range rapid.IntRange(0, 3).Draw(t, "uses") {
			ended := at.Add(-time.Duration(rapid.IntRange(1, 30*60).Draw(t, "ago")) * time.Minute)
			h.Uses = append(h.Uses, access.Use{At: ended.Add(-time.Hour), State: access.StateEnded, Outcome: access.OutcomeReleased, Opened: true, EndedAt: &ended, Length: access.Duration(time.Hour)})
		}
		in := contracts.Input{Now: at, History: h, Person: access.Person{ID: "p", Kind: access.KindHuman, Groups: rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "staff"}), rapid.ID).Draw(t, "groups")},
			Request: access.RequestInput{Reason: rapid.SampledFrom([]string{"", "too short", "it is long enough for all but for two hours", "it is long enough for all that is over two hours as well, certainly"}).Draw(t, "reason"),
				Ticket:   rapid.SampledFrom([]string{"", "OPS-7", "X"}).Draw(t, "ticket"),
				Params:   map[string]any{"n": rapid.IntRange(0, 2).Draw(t, "n")},
				Duration: rapid.SampledFrom([]string{"", "10m", "70m", "150m", "3h", "4h"}).Draw(t, "length")}}
		a, b, c := with.Evaluate(in), out.Evaluate(in), without.Evaluate(in)
		require.Equal(t, codes(b.Issues), codes(a.Issues))
		require.Equal(t, b.Result, a.Result)
		if a.Err() != nil {
			return
		}
		a.Draft.Base, a.Draft.ContractVersion = nil, b.Draft.ContractVersion
		require.Equal(t, b.Draft, a.Draft)
		require.NoError(t, c.Err(), "what it admits, the contract without the base admits")
		p, q := a.Draft, c.Draft
		require.LessOrEqual(t, p.Duration, q.Duration)
		require.False(t, p.PendingUntil.After(q.PendingUntil))
		require.False(t, p.Rule.Auto)
		require.GreaterOrEqual(t, p.Rule.Comment, q.Rule.Comment)
		require.Equal(t, q.Rule.DenyThreshold, p.Rule.DenyThreshold)
		require.Equal(t, q.Rule.Stages, p.Rule.Stages[len(p.Rule.Stages)-len(q.Rule.Stages):], "everybody who was asked is asked")
		if p.Extend != nil {
			require.LessOrEqual(t, p.Extend.UpTo, q.Extend.UpTo)
		}
	})
}
