package access

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScopeDifferences(t *testing.T) {
	approved := Scope{Summary: "log in as demo", Facts: map[string]string{"user": "demo", "from": "anywhere"}, Ends: "by itself"}
	require.Empty(t, approved.Differences(approved))
	require.Empty(t, Scope{}.Differences(Scope{Facts: map[string]string{}}))
	require.Equal(t, []string{
		`command is "sh" now, and was not shown`,
		`from was approved as "anywhere", and is not known now`,
		`user is "root" now, and was approved as "demo"`,
		`the summary is "log in as root" now, and was approved as "log in as demo"`,
		`how it ends is "" now, and was approved as "by itself"`,
	}, approved.Differences(Scope{Summary: "log in as root", Facts: map[string]string{"user": "root", "command": "sh"}}))
	require.Equal(t, []string{`note is "" now, and was not shown`}, Scope{}.Differences(Scope{Facts: map[string]string{"note": ""}}))
}

// TestCase52ScopesAreChecked: what approvers read is text on one line that shows, and
// not too much of it.
func TestCase52ScopesAreChecked(t *testing.T) {
	require.Empty(t, Scope{Summary: "log in as Éva (10.0.0.1:22)", Facts: map[string]string{"user": "éva"}, Ends: "by itself"}.Validate())
	for field, s := range map[string]Scope{
		"summary":       {Summary: " "},
		"ends":          {Summary: "s", Ends: "a\nb"},
		"facts":         {Summary: "s", Facts: manyFacts(31)},
		"facts.a\u202e": {Summary: "s", Facts: map[string]string{"a\u202e": "x"}},
		"facts.user":    {Summary: "s", Facts: map[string]string{"user": "ro\u200bot"}},
		"facts.policy":  {Summary: "s", Facts: map[string]string{"policy": strings.Repeat("x", 12_001)}},
	} {
		issues := s.Validate()
		require.Len(t, issues, 1, field)
		require.Equal(t, field, issues[0].Field)
		require.Equal(t, "scope_malformed", issues[0].Code)
	}
	for _, bad := range []string{"", strings.Repeat("x", 2_001), "a\u3164b", "a\xffb", "a\tb", "a\ufe0fb", "a\u00a0b"} {
		require.NotEmpty(t, Scope{Summary: bad}.Validate(), "%q", bad)
	}
}

func manyFacts(n int) map[string]string {
	out := map[string]string{}
	for i := range n {
		out[strings.Repeat("f", i+1)] = "x"
	}
	return out
}
