package contracts_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestCase82Misleading: what a reviewer does not see, or takes for something else,
// is refused at its place, wherever in a contract it is.
func TestCase82Misleading(t *testing.T) {
	for _, c := range []struct{ name, instead, of, want string }{
		{"a tag", "who: !!binary dHJ1ZQ==", "who: 'true'", "5:8 yaml_tag"},
		{"a tag of one's own", "{role: !admin x}", "{role: admin}", "14:25 yaml_tag"},
		{"right-to-left in a comment", "# \u202e", "approval:\n", "15:3 hidden_character"},
		{"right-to-left in a condition", "who: '\"\u202e\" == \"\"'", "who: 'true'", "5:10 hidden_character"},
		{"zero width in a group", "from: [d\u200bba]", "from: [x]", "17:25 hidden_character"},
		{"zero width, escaped", `from: ["d\u200bba"]`, "from: [x]", "17:24 misleading"},
		{"a filler that is a letter", "from: [d\u3164ba]", "from: [x]", "17:25 hidden_character"},
		{"a variation selector in a group", "from: [dba\ufe0f]", "from: [x]", "17:27 hidden_character"},
		{"a variation selector, escaped", `from: ["dba\ufe0f"]`, "from: [x]", "17:24 misleading"},
		{"a blank that is a symbol", "from: [dba\u2800]", "from: [x]", "17:27 hidden_character"},
		{"a Cyrillic letter in a group", "from: [db\u0430]", "from: [x]", "17:24 misleading"},
		{"a Cyrillic letter in a condition", "who: '\"db\u0430\" in person.groups'", "who: 'true'", "5:3 condition"},
		{"a condition with an escape", `who: '"db\u0430" in person.groups'`, "who: 'true'", "5:3 condition"},
		{"a Greek letter in a target", "target: t/\u03bf", "target: t/t", "13:13 misleading"},
		{"a dash that is none", "{role: data\u2010admin}", "{role: admin}", "14:25 misleading"},
		{"a key", "{r\u043ele: admin}", "{role: admin}", "14:19 misleading"},
		{"deep in an entitlement", `{roles: [{a: "\u202e"}]}`, "{role: admin}", "14:31 misleading"},
		{"blanks at an end", "from: ['dba ']", "from: [x]", "17:24 misleading"},
		{"two lines in a name", `from: ["a\nb"]`, "from: [x]", "17:24 misleading"},
		{"a label", "metadata: {name: c, labels: {risk: 'low '}}", "metadata: {name: c}", "3:36 misleading"},
		{"a value that is chosen", "enum: [eu, 'us\u00a0']", "enum: [eu, us]", "7:37 misleading"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(valid, c.of, c.instead, 1)
			if c.of == "approval:\n" {
				text = strings.Replace(valid, c.of, c.instead+"\n"+c.of, 1)
			}
			_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(text)})
			issues := access.IssuesOf(err)
			require.Len(t, issues, 1, "%v", issues)
			require.Equal(t, c.want, strings.TrimPrefix(issues[0].Field, "c.yaml:")+" "+issues[0].Code, issues[0].Message)
		})
	}
	for _, shown := range []string{"from: [Datenbänke]", "from: [админы]", "from: ['データ']", "from: ['team data']", "from: ['\U0001F510 keys']", "from: ['\u26a0\ufe0f keys']"} {
		_, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(strings.Replace(valid, "from: [x]", shown, 1))})
		require.NoError(t, err, shown)
	}
}

// TestCase83ByteOrderMark: a file as some editors write it is taken; one in
// another encoding is refused in words.
func TestCase83ByteOrderMark(t *testing.T) {
	with, err := contracts.Parse(map[string][]byte{"c.yaml": []byte("\ufeff" + valid)})
	require.NoError(t, err)
	without, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(valid)})
	require.NoError(t, err)
	require.Equal(t, without.Version, with.Version)

	_, err = contracts.Parse(map[string][]byte{"c.yaml": []byte("\ufeff\ufeff" + valid)})
	require.Equal(t, "hidden_character", codes(access.IssuesOf(err)))
	_, err = contracts.Parse(map[string][]byte{"c.yaml": []byte("\xff\xfea\x00p\x00i\x00")})
	require.ErrorContains(t, err, "c.yaml: this file is not UTF-8")
}

// TestCase88ReasonTellsNothing: letters and digits count, not what does not show.
func TestCase88ReasonTellsNothing(t *testing.T) {
	set := parsed(t, contract("c", "true", `{default: 30m, max: 2h, justifyOver: 1h, justifyMinLength: 20}`, `{auto: 'true'}`))
	for reason, want := range map[string]string{
		strings.Repeat(".", 40):                  "reason_missing",
		strings.Repeat("\u2800", 40):             "reason_missing",
		strings.Repeat("\u00a0", 40):             "reason_missing",
		strings.Repeat("\u0301", 40):             "reason_missing",
		strings.Repeat("\u3164", 40):             "reason_missing",
		"why" + strings.Repeat("\u3164", 40):     "reason_characters",
		"why" + strings.Repeat(" \u2800", 40):    "reason_too_short",
		"why" + strings.Repeat("\U0001F525", 40): "reason_too_short",
		"orders stuck since 02:00 \u26a0\ufe0f":  "",
		"注文が二時から止まっている":                          "",
	} {
		e := set.Contracts[0].Evaluate(contracts.Input{Person: alice, Now: now, Request: access.RequestInput{Reason: reason}})
		require.Equal(t, want, codes(e.Issues), "%+q", reason)
	}
	e := set.Contracts[0].Evaluate(contracts.Input{Person: alice, Now: now, Request: access.RequestInput{Duration: "2h", Reason: "orders stuck" + strings.Repeat("!", 40)}})
	require.Equal(t, "reason_needs_justification", codes(e.Issues))
}
