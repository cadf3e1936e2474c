package contracts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

func TestEveryMistakeIsReported(t *testing.T) {
	b, err := os.ReadFile("testdata/mistakes.yaml")
	require.NoError(t, err)
	_, err = contracts.Parse(map[string][]byte{"mistakes.yaml": b})
	var got []string
	for _, i := range access.IssuesOf(err) {
		got = append(got, i.Field+" "+i.Code+" "+i.Message)
	}
	all := strings.Join(got, "\n") + "\n"
	golden(t, "mistakes.golden", all)
	require.Contains(t, all, `did you mean "owner"`)
	require.Contains(t, all, `did you mean "stages"`)
}

// golden compares words with those of a file of testdata; UPDATE=1 writes them.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644)) // #nosec G306 -- it is public
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// TestEveryWrongTypeIsReported: a value of the wrong type is reported once, for
// every feature, and what follows from it is not.
func TestEveryWrongTypeIsReported(t *testing.T) {
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

func TestRefusedContracts(t *testing.T) {
	for name, c := range map[string]struct{ approval, more, want string }{
		"Case13 nobody approves":                   {`{}`, "", "approval_missing"},
		"only conditional stages":                  {`{stages: [{name: a, from: [x], when: 'false'}]}`, "", "stages_conditional"},
		"a stage without groups":                   {`{stages: [{name: a}]}`, "", "stage_from"},
		"a threshold that no denial reaches":       {`{stages: [{name: a, from: [x]}], denyThreshold: 0}`, "", "deny_threshold"},
		"a condition that is a number":             {`{auto: '1 + 1'}`, "", "condition"},
		"Case43 break glass without a review":      {`{auto: 'true'}`, "breakGlass: {who: 'true', max: 30m, reviewers: [x]}", "duration_missing"},
		"Case43 break glass without reviewers":     {`{auto: 'true'}`, "breakGlass: {who: 'true', max: 30m, reviewWithin: 24h}", "break_glass_reviewers"},
		"Case43 break glass for everybody":         {`{auto: 'true'}`, "breakGlass: {max: 30m, reviewWithin: 24h, reviewers: [x]}", "break_glass_who"},
		"Case43 break glass for longer":            {`{auto: 'true'}`, "breakGlass: {who: 'true', max: 2h, reviewWithin: 24h, reviewers: [x]}", "break_glass_max"},
		"Case46 a notification":                    {`{auto: 'true'}`, "notify: ['slack:#prod']", "yaml"},
		"Case46 a notice of nothing":               {`{auto: 'true'}`, "notify: [{groups: [x]}]", "notify_of"},
		"Case46 a notice to nobody":                {`{auto: 'true'}`, "notify: [{of: [access.active]}]", "notify_whom"},
		"Case46 a notice to somebody unknown":      {`{auto: 'true'}`, "notify: [{of: [access.active], whom: [everybody]}]", "notify_whom"},
		"Case46 a notice of what is not told":      {`{auto: 'true'}`, "notify: [{of: [act.refused], groups: [x]}]", "notify_of"},
		"Case46 a notice to an address":            {`{auto: 'true'}`, "notify: [{of: [access.active], channels: ['discord://TOKEN@1']}]", "notify_channel"},
		"Case46 a notice to a blank group":         {`{auto: 'true'}`, "notify: [{of: [access.active], groups: [' ']}]", "stage_from"},
		"passkey without a person":                 {`{auto: 'true', passkey: true, stages: [{name: a, from: [x]}]}`, "", "passkey_auto"},
		"step-up for approvers that there are not": {`{auto: 'true'}`, "stepUp: {approve: 15m}", "step_up_auto"},
		"step-up that is too short to log in":      {`{auto: 'true'}`, "stepUp: {request: 30s}", "step_up"},
		"step-up that is too long to matter":       {`{auto: 'true'}`, "stepUp: {request: 169h}", "step_up"},
		"step-up that is not a duration":           {`{auto: 'true'}`, "stepUp: {request: now}", "duration"},
		"a key written twice":                      {`{auto: 'true'}`, "description: a\ndescription: b", "yaml"},
		"not YAML":                                 {`{auto: `, "", "yaml"},
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

// TestAllMistakesAtOnce: a mistake hides no other, in a contract, in its base and across
// the two; and what only follows from a mistake is not reported beside it.
func TestAllMistakesAtOnce(t *testing.T) {
	of := func(files ...string) []string {
		_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(strings.Join(files, "\n---\n"))})
		var got []string
		for _, i := range access.IssuesOf(err) {
			got = append(got, strings.TrimPrefix(i.Field, "c.yaml:")+" "+i.Code)
		}
		return got
	}
	contract := func(more string) string {
		return "apiVersion: ramp/v1\nkind: Contract\nmetadata: {name: c}\n" + more + "\ngrants: [{target: t/t, entitlement: {a: b}}]\napproval: {stages: [{name: a, from: [x]}]}"
	}
	base := func(more string) string { return "apiVersion: ramp/v1\nkind: Base\nmetadata: {name: b}\n" + more }
	for _, c := range []struct {
		files []string
		want  []string
	}{
		{[]string{contract("request: {whom: 'true', who: 'true'}\nduration: {default: 30m, max: 1d}")}, []string{"4:11 unknown_field", "5:26 duration_malformed"}},
		{[]string{contract("request: {who: 1}\nduration: {default: 30m, max: 1d}")}, []string{"4:11 condition", "4:16 text_unquoted", "5:26 duration_malformed"}},
		{[]string{contract("request: nobody\nduration: {default: 30m, max: 1d}")}, []string{"4:10 yaml", "5:26 duration_malformed"}},
		{[]string{contract("request:\nduration: {default: 30m, max: 1d}")}, []string{"4:9 empty", "5:26 duration_malformed"}},
		{[]string{contract("request: {who: }\nduration: {default: 30m, max: 1d}")}, []string{"4:15 empty", "5:26 duration_malformed"}},
		{[]string{contract("request: {who: 'true'}\nduration: {default: 30m, max: 90}")}, []string{"5:31 duration_malformed"}},
		{[]string{strings.Replace(contract("request: {who: 'true', params: {service: {type: string, required: yes, enum: [a]}}}\nduration: {default: 30m, max: 1h}"), "a: b", "a: '{{ params.service }}'", 1)}, []string{"4:67 yaml"}},
		// A base with a mistake is there all the same, and its contracts are read.
		{[]string{base("duration: {max: 1d}"), contract("base: b\nrequest: {whom: 'true', who: 'true'}\nduration: {default: 1d}")},
			[]string{"4:12 duration_malformed", "10:11 unknown_field", "11:12 duration_malformed"}},
		{[]string{base("durtion: {default: 30m, max: 1h, justifyOver: 30m}"), contract("base: b\nrequest: {who: 'true'}\nduration: {default: 30m, max: 1h}")}, []string{"4:1 unknown_field"}},
		{[]string{base("request: {who: 'person.kin('}"), contract("base: b\nrequest: {who: 'person.id ='}\nduration: {default: 30m, max: 1h}")}, []string{"4:11 condition", "10:11 condition"}},
		{[]string{base("breakGlass: {max: 30m}\nduration: {max: 1h}"), contract("base: b\nrequest: {who: 'true'}\nduration: {default: 30m, max: 2h}")}, []string{"4:14 base_field", "12:26 base_laxer"}},
		{[]string{base("approval: {stages: [{name: s}]}"), contract("base: b\nrequest: {who: 'true'}\nduration: {default: 30m, max: 1x}")}, []string{"4:21 stage_from", "11:26 duration_malformed"}},
		{[]string{base("duration: nobody"), contract("base: b\nrequest: {who: 'tru'}")}, []string{"4:11 yaml", "10:11 condition"}},
	} {
		require.Equal(t, c.want, of(c.files...), c.files)
	}
}
