package contracts_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// changes returns the kinds of changes between two texts of one contract.
func changes(t require.TestingT, before, after string) []contracts.Change {
	old, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(before)})
	require.NoError(t, err)
	now, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(after)})
	require.NoError(t, err)
	return now.Diff(old)
}

func kinds(list []contracts.Change) string {
	var out []string
	for _, c := range list {
		if len(out) == 0 || out[len(out)-1] != c.Kind {
			out = append(out, c.Kind)
		}
	}
	return strings.Join(out, " ")
}

// TestDiff: what each edit of a contract makes possible, impossible, easier or harder.
func TestDiff(t *testing.T) {
	base := contract("c", `"engineering" in person.groups`, `{default: 30m, max: 2h}`, `{stages: [{name: a, from: [x]}, {name: b, from: [y], when: 'duration > duration("1h")'}]}`)
	for _, c := range []struct{ of, instead, want string }{
		{"", "", ""},
		{"{name: c}", "{name: c} # a comment", ""},
		{`"engineering" in person.groups`, `"engineering" in person.groups || "sales" in person.groups`, "possible"},
		{`"engineering" in person.groups`, `"engineering" in person.groups && person.kind == "human"`, "impossible"},
		{"max: 2h", "max: 3h", "possible"},
		{"max: 2h", "max: 90m", "impossible"},
		{"{name: a, from: [x]}", "{name: a, from: [x], approvals: 2}", "harder"},
		{"{name: b, from: [y], when: 'duration > duration(\"1h\")'}", "{name: b, from: [y], when: 'duration > duration(\"90m\")'}", "easier"},
		{"{stages:", "{auto: 'duration < duration(\"10m\")', stages:", ""}, // below
		{"from: [x]}", "from: [z]}", "different"},
		{"role: admin", "role: owner", "different"},
	} {
		got := changes(t, base, strings.Replace(base, c.of, c.instead, 1))
		if strings.HasPrefix(c.instead, "{auto") {
			require.Contains(t, kinds(got), "easier")
			continue
		}
		require.Equal(t, c.want, kinds(got), c.instead)
	}
	added := changes(t, base, base+"---\n"+strings.Replace(base, "name: c}", "name: d}", 1))
	require.Equal(t, "added", kinds(added))
	require.Equal(t, "up to 2h on db/orders, approved by 1 of x and 1 of y", added[0].After)
}

// TestFieldChanges: what was edited is said field by field, of the base too, and an entry
// of a list by its name, so that one that is inserted is one line.
func TestFieldChanges(t *testing.T) {
	base := contract("c", `"engineering" in person.groups`, `{default: 30m, max: 2h}`, `{stages: [{name: a, from: [x]}]}`)
	for _, c := range []struct {
		of, instead string
		want        []string
	}{
		{"max: 2h", "max: 45m", []string{"c: longest access (duration.max): 2h → 45m"}},
		{"{name: c}", "{name: c} # a comment", nil},
		{"from: [x]", "from: [x, y]", []string{"c: groups that approve (approval.stages[a].from): [x] → [x, y]"}},
		{"{name: a,", "{name: z, from: [z]}, {name: a,", []string{"c: groups that approve (approval.stages[z].from): added: [z]", "c: approval.stages[z].name: added: z"}},
	} {
		old, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(base)})
		require.NoError(t, err)
		is, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(strings.Replace(base, c.of, c.instead, 1))})
		require.NoError(t, err)
		require.Equal(t, c.want, is.FieldChanges(old), c.instead)
	}
}

// TestTextDiff: files are compared line by line, new and removed ones too.
func TestTextDiff(t *testing.T) {
	was := access.ContractFiles{"a.yaml": "one\ntwo\n", "gone.yaml": "x\n", "same.yaml": "s\n"}
	is := access.ContractFiles{"a.yaml": "one\n2\n", "new.yaml": "y\n", "same.yaml": "s\n"}
	require.Equal(t, "--- a.yaml\n+++ a.yaml\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n--- gone.yaml\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x\n--- /dev/null\n+++ new.yaml\n@@ -0,0 +1,1 @@\n+y\n", contracts.TextDiff(was, is))
	require.Empty(t, contracts.TextDiff(was, was))
}

// TestDiffOfParams: a change is one change, no matter how many values a param has, and
// says of the plan only what differs.
func TestDiffOfParams(t *testing.T) {
	before := strings.Replace(strings.Replace(contract("c", `"engineering" in person.groups`, `{default: 30m, max: 2h}`, `{stages: [{name: a, from: [x]}]}`),
		"request:", "request:\n  params: {role: {type: string, enum: [admin, owner, reader], required: true}}", 1), "role: admin", "role: '{{params.role}}'", 1)
	got := changes(t, before, strings.Replace(before, "max: 2h", "max: 45m", 1))
	require.Len(t, got, 1)
	require.Equal(t, "by 1 of x", got[0].Before)
	require.Equal(t, "refused: longer than the contract gives", got[0].After)
	require.Contains(t, got[0].Witness.String(), "with role admin")
}

// TestDiffOfValues: a change is one change, no matter how many values of what people choose
// and have the text of an approver, or of what is opened, holds.
func TestDiffOfValues(t *testing.T) {
	before := strings.Replace(strings.Replace(contract("c", `person.team in ["payments", "search", "shop"]`, `{default: 30m, max: 2h}`, `{stages: [{name: a, from: [x], where: 'approver.team == person.team'}]}`),
		"request:", "request:\n  params: {role: {type: string, enum: [admin, owner, reader], required: true}}", 1), "role: admin", "role: '{{params.role}}'", 1)
	wider := changes(t, before, strings.Replace(before, "{{params.role}}", "all-{{params.role}}", 1))
	require.Len(t, wider, 1)
	require.Contains(t, wider[0].After, `on db/orders {"role":"all-admin"}`)
	harder := changes(t, before, strings.Replace(before, "from: [x],", "from: [x], approvals: 2,", 1))
	require.Len(t, harder, 1)
	require.Equal(t, "by 2 of x (team is payments)", harder[0].After)
	require.Contains(t, harder[0].Witness.String(), "whose team is payments")
}

// TestDiffOfReasons: a change is one change, whether somebody was refused because a condition
// was not satisfied or because it could not be evaluated, and for that alone or for
// something else too.
func TestDiffOfReasons(t *testing.T) {
	before := contract("c", `person.team == "payments"`, `{default: 30m, max: 1h}`, `{stages: [{name: a, from: [x]}]}`, "\n  ticket: {required: true}")
	wider := changes(t, before, strings.Replace(before, `person.team == "payments"`, "true", 1))
	require.Len(t, wider, 1, "%v", wider)
	require.Equal(t, "refused: not for them, or whether it is for them could not be evaluated", wider[0].Before)
	both := changes(t, before, strings.NewReplacer("required: true", "required: false", "max: 1h", "max: 3h").Replace(before))
	require.Len(t, both, 2, "%v", both)
	for _, c := range both {
		require.NotContains(t, c.Before, ", ", "each reason by itself")
	}
}

// TestDiffOfStages: a change of what everybody gets is one change, whoever decides.
func TestDiffOfStages(t *testing.T) {
	before := contract("c", "true", `{default: 30m, max: 2h}`, `{auto: 'duration < duration("10m")', autoUpTo: 10m, stages: [{name: a, from: [x]}, {name: b, from: [y], when: 'duration > duration("1h")'}]}`)
	got := changes(t, before, strings.Replace(before, "role: admin", "role: owner", 1))
	require.Len(t, got, 1, "%v", got)
	require.Equal(t, `on db/orders {"role":"admin"}`, got[0].Before)
	require.Equal(t, `on db/orders {"role":"owner"}`, got[0].After)
	got = changes(t, before+"extend: {times: 1, upTo: 3h, approval: same}\n", before+"extend: {times: 2, upTo: 3h, approval: same}\n")
	require.NotEmpty(t, got)
	shown := map[string]bool{}
	for _, c := range got {
		require.False(t, shown[c.Before+c.After], "%v", got)
		shown[c.Before+c.After] = true
	}
	usual := changes(t, before, strings.Replace(before, "default: 30m", "default: 20m", 1))
	require.Len(t, usual, 1, "%v", usual)
	require.Equal(t, "by 1 of x, for 30m", usual[0].Before, "only one of its stages is touched, and named")
}

// TestDiffWitness: the request that a change shows is decided as the change says.
func TestDiffWitness(t *testing.T) {
	before := contract("c", `person.employment == "employee"`, `{default: 30m, max: 2h}`, `{stages: [{name: a, from: [x]}]}`)
	after := contract("c", `has(person.employment)`, `{default: 30m, max: 2h}`, `{stages: [{name: a, from: [x]}]}`)
	got := changes(t, before, after)
	require.Equal(t, "possible", kinds(got))
	w := got[0].Witness
	for text, allowed := range map[string]bool{before: false, after: true} {
		set, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(text)})
		require.NoError(t, err)
		require.Equal(t, allowed, set.Contracts[0].Evaluate(contracts.Input{Person: w.Person, Request: w.Request, Now: now}).Err() == nil)
	}
}

// TestDiffOfExamples: equal sets differ in nothing, and every contract of the examples is
// reached: at least one of the requests asked of it is allowed.
func TestDiffOfExamples(t *testing.T) {
	set := examples(t)
	require.Empty(t, set.Diff(set))
	for _, name := range exampleFiles(t) {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		if text := strings.Replace(string(b), "pendingFor: ", "pendingFor: 1m # ", 1); text == string(b) {
			text = strings.Replace(string(b), "approval:\n", "approval:\n  pendingFor: 59m\n", 1)
			require.NotEmpty(t, changes(t, string(b), text), name)
		}
	}
}

// TestDiffMissesNothing: whatever differs for a request drawn at random, the diff lists.
func TestDiffMissesNothing(t *testing.T) {
	who := rapid.SampledFrom([]string{`"a" in person.groups`, `"a" in person.groups || "b" in person.groups`, `"a" in person.groups && person.team == "t"`, `person.kind == "human"`, `has(person.team)`})
	most := rapid.SampledFrom([]string{"1h", "2h", "3h"})
	approval := rapid.SampledFrom([]string{`{stages: [{name: s, from: [x]}]}`, `{stages: [{name: s, from: [x], approvals: 2}]}`, `{auto: 'duration <= duration("40m")', stages: [{name: s, from: [x]}]}`,
		`{stages: [{name: s, from: [x]}, {name: u, from: [y], when: 'duration > duration("90m")'}]}`, `{stages: [{name: s, from: [x]}, {name: u, from: [y], when: '"b" in person.groups'}]}`})
	draw := func(t *rapid.T, label string) string {
		return contract("c", who.Draw(t, label+" who"), fmt.Sprintf("{default: 30m, max: %s}", most.Draw(t, label+" max")), approval.Draw(t, label+" approval"))
	}
	rapid.Check(t, func(t *rapid.T) {
		before, after := draw(t, "before"), draw(t, "after")
		p := access.Person{ID: "p", Kind: rapid.SampledFrom([]access.PersonKind{access.KindHuman, access.KindAgent}).Draw(t, "kind"),
			Groups: rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), rapid.ID).Draw(t, "groups")}
		if rapid.Bool().Draw(t, "team") {
			p.Attributes = map[string]string{"team": rapid.SampledFrom([]string{"t", "u"}).Draw(t, "which")}
		}
		in := contracts.Input{Person: p, Now: now, Request: access.RequestInput{Reason: "the orders are stuck since two", Duration: rapid.SampledFrom([]string{"", "35m", "50m", "80m", "100m", "170m"}).Draw(t, "length")}}
		decided := func(text string) string {
			set, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(text)})
			require.NoError(t, err)
			return outcome(set.Contracts[0].Evaluate(in))
		}
		if decided(before) != decided(after) {
			require.NotEmpty(t, changes(t, before, after))
		}
		require.Empty(t, changes(t, before, before))
		require.Empty(t, changes(t, before, strings.Replace(before, "metadata:", "description: In other words.\nmetadata:", 1)), "another text of the same contract")
	})
}
