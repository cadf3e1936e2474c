package contracts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestTextDiffSaysWhatChanged: lines that several contracts share do not make lines between
// two changes look changed, and what changed is there to the byte.
func TestTextDiffSaysWhatChanged(t *testing.T) {
	one := "metadata:\n  name: NAME\nduration: {max: 2h}\ngrants:\n  - target: ssh/demo\napproval:\n  - approvals: 1\n"
	text := strings.Replace(one, "NAME", "a", 1) + "---\n" + strings.Replace(one, "NAME", "b", 1) + "---\nmetadata: {owner: x, name: c}\ngrants:\n"
	for _, before := range []string{text, "---\n" + text, strings.TrimSuffix(text, "\n")} {
		after := strings.Replace(strings.Replace(before, "max: 2h", "max: 3h", 1), "approvals: 1", "approvals: 2", 1)
		var changed []string
		for line := range strings.Lines(TextDiff(access.ContractFiles{"c.yaml": before}, access.ContractFiles{"c.yaml": after})) {
			if strings.HasPrefix(line, "-") || strings.HasPrefix(line, "+") {
				changed = append(changed, strings.TrimSuffix(line, "\n"))
			}
		}
		require.Equal(t, []string{"--- c.yaml", "+++ c.yaml", "-duration: {max: 2h}", "+duration: {max: 3h}", "-  - approvals: 1", "+  - approvals: 2"}, changed)
		require.NotContains(t, TextDiff(access.ContractFiles{"c.yaml": before}, access.ContractFiles{"c.yaml": after}), "\x00")
	}
	require.Empty(t, TextDiff(access.ContractFiles{"c.yaml": text}, access.ContractFiles{"c.yaml": text}))
	gone := TextDiff(access.ContractFiles{"c.yaml": text}, access.ContractFiles{})
	require.Equal(t, strings.Count(text, "\n"), strings.Count(gone, "\n-"))
	require.Contains(t, gone, "\n-metadata: {owner: x, name: c}\n")
}
