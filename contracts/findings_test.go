package contracts_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/contracts"
)

// TestFindings: what is legal and probably not meant, with its place and what to do.
func TestFindings(t *testing.T) {
	base := contract("c", `"engineering" in person.groups`, `{default: 30m, max: 2h}`, `{stages: [{name: a, from: [leads]}]}`)
	messages := map[string]bool{}
	found := func(text string, groups ...string) string {
		set, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(text)})
		require.NoError(t, err)
		var out []string
		for _, f := range set.Findings(groups) {
			messages[fmt.Sprintf("%s: %s; %s", f.Code, f.Message, f.Instead)] = true
			require.True(t, strings.HasPrefix(f.Place, "c.yaml:"), f.Place)
			require.NotEmpty(t, f.Instead)
			out = append(out, f.Code)
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct{ of, instead, want string }{
		{"", "", ""},
		{"max: 2h", "max: 13h", "max_long"},
		{`"engineering" in person.groups`, "true", "who_everybody"},
		{`"engineering" in person.groups`, "false", "who_nobody"},
		{"{stages:", "{auto: 'person.kind == \"human\"', stages:", "auto_uncapped"},
		{"{stages:", "{auto: 'person.kind == \"human\"', autoUpTo: 1h, stages:", ""},
		{"{stages:", "{selfApproval: true, stages:", "self_approval"},
		{"[{name: a", "[{name: n, from: [z], when: 'false'}, {name: a", "stage_never"},
		{"[{name: a", "[{name: n, from: [z], when: 'duration > duration(\"2h\")'}, {name: a", "stage_never"},
		{"[{name: a", "[{name: n, from: [z], when: 'duration >= duration(\"2h\")'}, {name: a", ""},
		{"[{name: a", "[{name: n, from: [z], when: '!(\"engineering\" in person.groups)'}, {name: a", "stage_never"},
		{"[{name: a", "[{name: n, from: [z], when: '!(\"sales\" in person.groups) && \"ops\" in person.groups'}, {name: a", ""},
		{"[{name: a", "[{name: n, from: [z], when: 'person.id == \"nobody\"'}, {name: a", ""},
		{"[{name: a", "[{name: n, people: [bob]}, {name: m, people: [bob]}, {name: a", "stage_nobody"},
		{"[{name: a", "[{name: n, people: [bob, carol]}, {name: m, people: [bob]}, {name: a", ""},
		{`"engineering" in person.groups`, `"a" in person.groups && !("a" in person.groups)`, "who_nobody"},
		{"{stages:", "{auto: 'duration > duration(\"9h\")', autoUpTo: 1h, stages:", "auto_never"},
		{"duration: {", "breakGlass: {who: 'person.kind == \"human\" && !(\"engineering\" in person.groups)', max: 1h, reviewWithin: 1h, reviewers: [z]}\nduration: {", "break_glass_nobody"},
		{"duration: {", "  ticket: {when: 'duration > duration(\"5h\")'}\nduration: {", "ticket_never"},
		{"from: [leads]", "from: [engineering]", "approvers_ask"},
		{"from: [leads]", "from: [engineering], where: 'approver.id != person.id'", ""},
		{"from: [leads]", "oncall: [db]", "oncall_untold"},
		{"from: [leads]", "from: [leads], oncall: [db]", ""},
		{"from: [leads]", "anyOf: [{oncall: [db]}, {oncall: [web]}]", "oncall_untold"},
		{"from: [leads]}]}", "oncall: [db]}]}\nnotify: [{of: [access.active], groups: [watch]}]", "oncall_untold"},
		{"from: [leads]}]}", "oncall: [db]}]}\nnotify: [{of: [request.created], groups: [watch]}]", ""},
		{"from: [leads]}]}", "from: [leads]}]}\nextend: {times: 1, upTo: 3h, approvers: {oncall: [db]}}", "oncall_untold"},
		{"duration: {", "endWhen: [{if: 'oncall(\"db\") && !oncall(\"db\")', because: never}]\nduration: {", "end_never"},
		{"duration: {", "endWhen: [{if: 'oncall(\"db\") || !oncall(\"db\")', because: always}]\nduration: {", "end_always"},
		{"apiVersion", "apiVersion: ramp/v1\nkind: Base\nmetadata: {name: b}\n---\napiVersion", "base_unused"},
		{`"engineering" in person.groups`, `"engineering" in person.group`, "person_name"},
		{`"engineering" in person.groups`, `person.team == "data" && person.names == "x"`, "person_name"},
		{`"engineering" in person.groups`, `person.team == "data" && person.attributes.group == "x"`, ""},
		{"[{name: a", "[{name: n, from: [z], when: 'person.knd == \"human\"'}, {name: a", "person_name"},
		{"role: admin", "actions: ['*']", "wildcard"},
		{"role: admin", "resources: ['arn:aws:s3:::*']", "wildcard"},
		{"role: admin", "resources: ['arn:aws:s3:::orders/*']", ""},
	} {
		require.Equal(t, c.want, found(strings.Replace(base, c.of, c.instead, 1)), c.instead)
	}
	require.Equal(t, "stage_nobody group_unknown", found(base, "lead", "engineering"))
	require.Equal(t, "", found(base, "leads", "engineering"))
	require.Equal(t, "group_unknown", found(base, "leads", "engineers"), "of those who ask")
	require.Equal(t, "group_unknown", found(strings.Replace(base, "{stages:", "{auto: '\"oncall\" in person.groups || \"oncal\" in person.groups', autoUpTo: 1h, stages:", 1), "leads", "engineering", "oncall"))
	two := base + "---\n" + strings.Replace(strings.Replace(base, "name: c}", "name: quick}", 1), "{stages: [{name: a, from: [leads]}]}", "{auto: 'true'}", 1)
	require.Equal(t, "laxer", found(two))
	apart := strings.Replace(two, `name: quick}
request:
  who: '"engineering"`, `name: quick}
request:
  who: '"sales"`, 1)
	require.NotEqual(t, two, apart)
	require.Equal(t, "laxer", found(apart), "somebody may be in both groups")
	owned, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(strings.Replace(base, "name: c}", "name: c, owner: lead}", 1))})
	require.NoError(t, err)
	for _, f := range append(owned.OwnerFindings(nil), owned.OwnerFindings([]string{"engineering"})...) {
		messages[fmt.Sprintf("%s: %s; %s", f.Code, f.Message, f.Instead)] = true
	}
	choosing, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(strings.Replace(base, "duration: {", "  params: {host: {type: string, required: true, choices: {from: ssh/demo, list: host}}}\nduration: {", 1))})
	require.NoError(t, err)
	for _, f := range choosing.ListFindings([]string{"hosts", "users"}) {
		require.Equal(t, "c.yaml:6:75", f.Place)
		messages[fmt.Sprintf("%s: %s; %s", f.Code, f.Message, f.Instead)] = true
	}
	require.Empty(t, choosing.ListFindings([]string{"host"}))
	require.Empty(t, choosing.ListFindings([]string{"hosts"}, "exec", "ssh"), "a program's lists are its own")
	golden(t, "findings.golden", strings.Join(slices.Sorted(maps.Keys(messages)), "\n")+"\n")
}
