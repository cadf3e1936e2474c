package people

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase128WitnessesThatAreNamedAreDemanded: a server that shows another log leaves
// cosignatures out, so witnesses of whom none need have cosigned would prove nothing.
func TestCase128WitnessesThatAreNamedAreDemanded(t *testing.T) {
	public, _, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	key := append([]byte{4}, public...)
	hash := sha256.Sum256(append([]byte("witness.example/one\n"), key...))
	witnesses, nobody := filepath.Join(t.TempDir(), "witnesses.txt"), filepath.Join(t.TempDir(), "nobody.txt")
	require.NoError(t, os.WriteFile(witnesses, fmt.Appendf(nil, "# ours\nwitness.example/one+%08x+%s\n", hash[:4], base64.StdEncoding.EncodeToString(key)), 0o600))
	require.NoError(t, os.WriteFile(nobody, []byte("# none yet\n"), 0o600))
	policy, err := (&witnessFlags{files: []string{witnesses}, least: 1}).read()
	require.NoError(t, err)
	require.Len(t, policy.Witnesses, 1)
	require.Equal(t, 1, policy.Least)
	_, err = (&witnessFlags{}).read()
	require.NoError(t, err, "nobody is named, and nobody demanded")
	for _, wrong := range []witnessFlags{{files: []string{witnesses}}, {files: []string{nobody}}, {files: []string{nobody}, least: 1}, {files: []string{witnesses}, least: 2}, {files: []string{witnesses}, least: -1}, {least: 1}} {
		_, err := wrong.read()
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%v", wrong)
		require.ErrorContains(t, err, "--cosigned")
	}
}
