package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// decoders are where encoding/json decodes, with the reason.
var decoders = map[string]string{
	"internal/strictjson":              "it is the one reader",
	"bench":                            "it reads what its own child wrote",
	"integrations/azurerole/azuretest": "it reads what the target under test wrote",
	"integrations/gcpiam/gcptest":      "it reads what the target under test wrote",
	"integrations/gitlab/gitlabtest":   "it reads what the target under test wrote",
	"integrations/github/githubtest":   "it reads what the target under test wrote",
	"integrations/awsiam/awstest":      "it reads what a simulator for tests wrote",
	"chat/slack/slacktest":             "it reads what a bot under test wrote",
	"passkey/passkeytest":              "it reads what a device for tests wrote",
}

// TestCase64JSONIsReadStrictly: no program reads JSON with encoding/json, which takes
// a name twice and in any letters.
func TestCase64JSONIsReadStrictly(t *testing.T) {
	call := regexp.MustCompile(`\bjson\.(Unmarshal|NewDecoder)\(`)
	used := map[string]bool{}
	for _, p := range packages(t, "./...") {
		dir, ok := room(p.ImportPath)
		if !ok || strings.HasPrefix(dir, "tools") || strings.HasPrefix(dir, "dev") {
			continue
		}
		for _, name := range p.GoFiles {
			b, err := os.ReadFile(filepath.Join(p.Dir, name))
			require.NoError(t, err)
			if !call.Match(b) {
				continue
			}
			used[dir] = true
			require.Contains(t, decoders, dir, "%s/%s reads JSON with encoding/json; use internal/strictjson", dir, name)
		}
	}
	for dir := range decoders {
		require.True(t, used[dir], "%s reads no JSON with encoding/json any more", dir)
	}
}
