package arch

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestComposeRunsTheTemporalThatIsTested: what docker-compose.yml starts is the server
// and the UI that go.mod has, by tags that name one version each.
func TestComposeRunsTheTemporalThatIsTested(t *testing.T) {
	module, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	compose, err := os.ReadFile("../../docker-compose.yml")
	require.NoError(t, err)
	for image, of := range map[string]string{
		"temporalio/server": `go\.temporal\.io/server`, "temporalio/admin-tools": `go\.temporal\.io/server`,
		"temporalio/ui": `github\.com/temporalio/ui-server/v2`,
	} {
		version := regexp.MustCompile(`(?m)^\s*` + of + ` v(\S+)`).FindSubmatch(module)
		require.NotNil(t, version, of)
		tags := regexp.MustCompile(`(?m)^\s*image: `+image+`:(\S+)$`).FindAllSubmatch(compose, -1)
		require.NotEmpty(t, tags, image)
		for _, tag := range tags {
			require.Equal(t, string(version[1]), string(tag[1]), image)
		}
	}
}
