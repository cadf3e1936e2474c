package integrations_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

func TestDecodeEntitlement(t *testing.T) {
	type login struct {
		User    string   `entitlement:"user,required"`
		Command string   `entitlement:"command"`
		Groups  []string `entitlement:"groups,required"`
	}
	for what, c := range map[string]struct {
		in     access.Entitlement
		want   login
		issues []string // code and field
	}{
		"as JSON and YAML have it": {in: access.Entitlement{"user": "deploy", "groups": []any{"a", "b"}}, want: login{User: "deploy", Groups: []string{"a", "b"}}},
		"as Go has it":             {in: access.Entitlement{"user": "deploy", "groups": []string{"a"}, "command": "ls"}, want: login{"deploy", "ls", []string{"a"}}},
		"nothing":                  {issues: []string{"user_missing user", "groups_missing groups"}},
		"all at once": {in: access.Entitlement{"user": 7, "groups": []any{"a", nil, ""}, "comand": "ls", "x": 1},
			issues: []string{"entitlement_type user", "entitlement_type groups[1]", "entitlement_empty groups[2]", "entitlement_unknown comand", "entitlement_unknown x"}},
		"empty":      {in: access.Entitlement{"user": "", "groups": []any{}}, issues: []string{"entitlement_empty user", "entitlement_empty groups"}},
		"not a list": {in: access.Entitlement{"user": "deploy", "groups": "a"}, issues: []string{"entitlement_type groups"}},
		"nil":        {in: access.Entitlement{"user": nil, "groups": nil}, issues: []string{"entitlement_type user", "entitlement_type groups"}},
		"numbers":    {in: access.Entitlement{"user": "deploy", "groups": []int{1}}, issues: []string{"entitlement_type groups[0]"}},
	} {
		t.Run(what, func(t *testing.T) {
			var got login
			var issues []string
			for _, i := range integrations.DecodeEntitlement(c.in, &got) {
				require.NotEmpty(t, i.Message)
				issues = append(issues, i.Code+" "+i.Field)
			}
			require.Equal(t, c.issues, issues)
			if len(issues) == 0 {
				require.Equal(t, c.want, got)
			}
		})
	}
	issues := integrations.DecodeEntitlement(access.Entitlement{"usr": "deploy"}, &login{})
	require.Contains(t, issues[len(issues)-1].Message, "did you mean user?")
}
