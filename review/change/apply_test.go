package change_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/review"
	"ramp.dev/ramp/review/change"
)

const first = `# What the data team gives.
apiVersion: ramp/v1
kind: Contract
metadata: {name: orders, owner: team-data}
description: Read the orders.
request:
  # Contractors too, since spring.
  who: '"engineering" in person.groups || "contractors" in person.groups'
  params:
    table: {type: string, enum: [orders, "refunds", stock], required: true}
    size:
      type: string
      enum:
        - small
        - large # for reports
  reason: {minLength: 10}
duration: {default: 2h, max: 8h, justifyOver: 1h}
grants:
  - target: postgres/orders
    entitlement: {role: 'readonly_{{ params.table }}'}
approval:
  pendingFor: 1h
  auto: 'duration < duration("30m")'
  stages:
    - {name: data, from: [dba], approvals: 1}
    - {name: the leads, from: [leads], when: 'duration > duration("4h")'}
    - name: long
      # Of the stock alone.
      from: [stock]
      when: params.table == "stock"
`

const second = `apiVersion: ramp/v1
kind: Contract
metadata:
  name: other
  owner: team-other
description: Something else.
request: {who: '"engineering" in person.groups'}
duration: {max: 4h, default: 10m}
grants:
  - target: ssh/demo
    entitlement: {user: demo}
approval: {pendingFor: 1h, auto: 'true', stages: [{name: lead, from: [leads], approvals: 1}]}
`

func apply(t *testing.T, files access.ContractFiles, p review.Proposal) (access.ContractFiles, *contracts.Set, error) {
	raw := map[string][]byte{}
	for name, text := range files {
		raw[name] = []byte(text)
	}
	set, err := contracts.Parse(raw)
	require.NoError(t, err)
	if c, there := set.Find(p.Contract); there && p.Version == "" {
		p.Version = c.Version
	}
	return change.Apply(files, set, p)
}

// TestApply: an edit changes the words that it is about, and nothing else of the file.
func TestApply(t *testing.T) {
	for name, c := range map[string]struct {
		proposal review.Proposal
		was, is  string // in the file: the one in the place of the other
	}{
		"a lower maximum, and the default that would be over it": {
			review.Proposal{Contract: "orders", Change: review.LowerMaximum, To: "45m"},
			"{default: 2h, max: 8h, justifyOver: 1h}", "{default: 45m, max: 45m, justifyOver: 45m}"},
		"the default stands behind the maximum": {
			review.Proposal{Contract: "other", Change: review.LowerMaximum, To: "5m"},
			"{max: 4h, default: 10m}", "{max: 5m, default: 5m}"},
		"a value in brackets": {
			review.Proposal{Contract: "orders", Change: review.RemoveValue, Field: "request.params.table.enum", From: "refunds"},
			`[orders, "refunds", stock]`, `[orders, stock]`},
		"the last value in brackets": {
			review.Proposal{Contract: "orders", Change: review.RemoveValue, Field: "request.params.table.enum", From: "stock"},
			`[orders, "refunds", stock]`, `[orders, "refunds"]`},
		"a value on a line of its own": {
			review.Proposal{Contract: "orders", Change: review.RemoveValue, Field: "request.params.size.enum", From: "large"},
			"        - large # for reports\n", ""},
		"a group of those who may ask": {
			review.Proposal{Contract: "orders", Change: review.RemoveGroup, From: "contractors"},
			`'"engineering" in person.groups || "contractors" in person.groups'`, `'"engineering" in person.groups'`},
		"a bound of automatic approval, on a line of its own": {
			review.Proposal{Contract: "orders", Change: review.CapAutomatic, To: "1h"},
			"  auto: 'duration", "  autoUpTo: 1h\n  auto: 'duration"},
		"one more approval": {
			review.Proposal{Contract: "orders", Change: review.AddApproval, Stage: "data", Field: "approval.stages[data].approvals", To: "2"},
			"from: [dba], approvals: 1}", "from: [dba], approvals: 2}"},
		"one more approval in a stage that writes none": {
			review.Proposal{Contract: "orders", Change: review.AddApproval, Stage: "the leads", Field: "approval.stages[the leads].approvals", To: "2"},
			"{name: the leads,", "{approvals: 2, name: the leads,"},
		"one more approval in a stage over several lines": {
			review.Proposal{Contract: "orders", Change: review.AddApproval, Stage: "long", Field: "approval.stages[long].approvals", To: "2"},
			"    - name: long\n", "    - name: long\n      approvals: 2\n"},
		"a bound of automatic approval, in braces": {
			review.Proposal{Contract: "other", Change: review.CapAutomatic, To: "1h"},
			"auto: 'true'", "autoUpTo: 1h, auto: 'true'"},
	} {
		t.Run(name, func(t *testing.T) {
			files := access.ContractFiles{"a.yaml": first + "---\n" + second, "b.yaml": strings.Replace(first, "name: orders", "name: third", 1)}
			after, set, err := apply(t, files, c.proposal)
			require.NoError(t, err)
			require.Equal(t, files["b.yaml"], after["b.yaml"])
			before, text, found := strings.Cut(files["a.yaml"], c.was)
			require.True(t, found)
			require.Equal(t, before+c.is+text, after["a.yaml"])
			require.Len(t, set.Contracts, 3)
		})
	}
}

// TestApplyRemoves: a contract goes with its document, its file only where nothing else is
// in it.
func TestApplyRemoves(t *testing.T) {
	gone := review.Proposal{Contract: "orders", Change: review.RemoveWhole}
	for name, c := range map[string]struct{ before, after access.ContractFiles }{
		"alone":  {access.ContractFiles{"a.yaml": first, "b.yaml": second}, access.ContractFiles{"b.yaml": second}},
		"first":  {access.ContractFiles{"a.yaml": first + "---\n" + second}, access.ContractFiles{"a.yaml": second}},
		"last":   {access.ContractFiles{"a.yaml": second + "---\n" + first}, access.ContractFiles{"a.yaml": second}},
		"middle": {access.ContractFiles{"a.yaml": second + "---\n" + first + "---\n" + strings.Replace(second, "other", "fourth", 1)}, access.ContractFiles{"a.yaml": second + "---\n" + strings.Replace(second, "other", "fourth", 1)}},
	} {
		t.Run(name, func(t *testing.T) {
			after, _, err := apply(t, c.before, gone)
			require.NoError(t, err)
			require.Equal(t, c.after, after)
		})
	}
}

// TestApplyRefuses: what cannot be edited without knowing more is left to people, with the
// place and the reason.
func TestApplyRefuses(t *testing.T) {
	files := func(was, is string) access.ContractFiles {
		require.Contains(t, first, was)
		return access.ContractFiles{"a.yaml": strings.Replace(first, was, is, 1)}
	}
	group := review.Proposal{Contract: "orders", Change: review.RemoveGroup, From: "contractors"}
	for name, c := range map[string]struct {
		files    access.ContractFiles
		proposal review.Proposal
		says     string
	}{
		"it has changed since": {files("max: 8h", "max: 9h"), review.Proposal{Contract: "orders", Version: "sha256:old", Change: review.LowerMaximum, To: "1h"}, "has changed since the review"},
		"it is gone":           {files("name: orders", "name: renamed"), review.Proposal{Contract: "orders", Change: review.LowerMaximum, To: "1h"}, "is not in force"},
		"an and binds the group": {files(`|| "contractors" in person.groups`, `|| person.kind == "human" && "contractors" in person.groups`), group,
			"in a part of its own"},
		"a condition over several lines": {files(`'"engineering" in person.groups || "contractors" in person.groups'`, "|\n    \"engineering\" in person.groups || \"contractors\" in person.groups"), group,
			"change it by hand"},
		"more people than a stage lists": {files("{name: data, from: [dba], approvals: 1}", "{name: data, people: [carol], approvals: 1}"),
			review.Proposal{Contract: "orders", Change: review.AddApproval, Stage: "data", Field: "approval.stages[data].approvals", To: "2"}, "2 people must approve, and 1 may"},
		"a stage that is not written here": {files("name: the leads", "name: leads"),
			review.Proposal{Contract: "orders", Change: review.AddApproval, Stage: "the leads", Field: "approval.stages[the leads].approvals", To: "2"}, "does not write approval.stages[the leads].approvals"},
		"the only value": {files(`[orders, "refunds", stock]`, `[refunds]`), review.Proposal{Contract: "orders", Change: review.RemoveValue, Field: "request.params.table.enum", From: "refunds"},
			"the only value"},
		"what would come out is no contract": {files("approval:\n", "breakGlass: {who: '\"engineering\" in person.groups', max: 2h, reviewWithin: 24h, reviewers: [security]}\napproval:\n"),
			review.Proposal{Contract: "orders", Change: review.LowerMaximum, To: "1h"}, "max"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := apply(t, c.files, c.proposal)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// TestComplete: the proposal says what it would change, as a patch and in words, and what
// would have become of a request.
func TestComplete(t *testing.T) {
	files := access.ContractFiles{"a.yaml": first + "---\n" + second}
	set, err := contracts.Parse(map[string][]byte{"a.yaml": []byte(files["a.yaml"])})
	require.NoError(t, err)
	c, _ := set.Find("orders")
	p := review.Proposal{Contract: "orders", Version: c.Version, Change: review.LowerMaximum, To: "1h"}
	after := change.Complete(files, set, &p)
	require.NotNil(t, after, p.Problem)
	require.Contains(t, p.Patch, "-duration: {default: 2h, max: 8h, justifyOver: 1h}\n+duration: {default: 1h, max: 1h, justifyOver: 1h}\n")
	require.Contains(t, strings.Join(p.Effects, "\n"), "(duration.max): 8h → 1h")
	p.Version = "sha256:old"
	require.Nil(t, change.Complete(files, set, &p))
	require.Contains(t, p.Problem, "has changed since")
}
