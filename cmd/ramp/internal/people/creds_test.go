package people

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestFilesAreFound: whoever has the files of a credential is told how programs that read
// no environment find them.
func TestFilesAreFound(t *testing.T) {
	var b strings.Builder
	exports(access.Credential{Kind: "ssh", Arguments: map[string][]string{"ssh": {"-F", "/d/config"}, "scp": {"-F", "/d/config"}}}, "/d")(&b)
	require.Contains(t, b.String(), "# files are in /d\n# use them with: scp -F /d/config\n# use them with: ssh -F /d/config\n")
}
