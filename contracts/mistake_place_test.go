package contracts_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestPlaceInABlock: in a condition of several lines the issue has the place of the
// mistake in the file, also where the condition is that of a base, and once.
func TestPlaceInABlock(t *testing.T) {
	block := "who: |\n    true &&\n      persons.id == 'a'"
	_, err := contracts.Parse(map[string][]byte{"a.yaml": []byte(strings.Replace(valid, "who: 'true'", block, 1))})
	issues := access.IssuesOf(err)
	require.Len(t, issues, 1)
	require.Equal(t, "a.yaml:7:7", issues[0].Field)
	base := "apiVersion: ramp/v1\nkind: Base\nmetadata: {name: b}\nrequest:\n  " + block + "\n---\n"
	_, err = contracts.Parse(map[string][]byte{"a.yaml": []byte(base + strings.Replace(valid, "kind: Contract", "kind: Contract\nbase: b", 1))})
	issues = access.IssuesOf(err)
	require.Len(t, issues, 1, issues)
	require.Equal(t, "a.yaml:7:7", issues[0].Field)
}

// TestMisspeltAlone: a field whose name is misspelt is one mistake, and not a second one
// for the field that is missing then.
func TestMisspeltAlone(t *testing.T) {
	for _, one := range []struct{ was, is, want string }{
		{"who: 'true'", "whom: 'true'", `unknown field "whom"; did you mean "who"?`},
		{"grants:", "grant:", `unknown field "grant"; did you mean "grants"?`},
		{"duration:", "duraton:", `unknown field "duraton"; did you mean "duration"?`},
		{"approval:", "aproval:", `unknown field "aproval"; did you mean "approval"?`},
		{"stages:", "stagse:", `unknown field "stagse"; did you mean "stages"?`},
		{"sure: {type: bool}", "host: {type: string, choice: {from: a/b, list: hosts}}", `unknown field "choice"; did you mean "choices"?`},
	} {
		require.Contains(t, valid, one.was)
		_, err := contracts.Parse(map[string][]byte{"a.yaml": []byte(strings.Replace(valid, one.was, one.is, 1))})
		issues := access.IssuesOf(err)
		require.Len(t, issues, 1, "%s: %v", one.is, issues)
		require.Equal(t, one.want, issues[0].Message)
	}
}
