package slack_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/chat/slack"
)

// TestManifestHasTheScopes: the app that an operator makes from the page's manifest may do
// what Ramp needs and nothing else, and the page says what each scope is for.
func TestManifestHasTheScopes(t *testing.T) {
	page, err := os.ReadFile("../../docs/integrations/slack.md")
	require.NoError(t, err)
	manifest := regexp.MustCompile(`(?m)^ *bot: \[([^\]]+)\]$`).FindStringSubmatch(string(page))
	require.NotNil(t, manifest)
	require.Equal(t, slack.Scopes(), strings.Split(manifest[1], ", "))

	_, table, found := strings.Cut(string(page), "| scope | for |")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	var explained []string
	for _, row := range strings.Split(table, "\n")[2:] {
		for _, scope := range regexp.MustCompile("`([a-z:]+)`").FindAllStringSubmatch(strings.Split(row, "|")[1], -1) {
			if strings.Contains(scope[1], ":") || scope[1] == "commands" {
				explained = append(explained, scope[1])
			}
		}
	}
	require.ElementsMatch(t, slack.Scopes(), slices.Compact(explained))
}
