package people

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// The client knows no kind of target: what a program needs to be told is in the
// credential.
func TestWithArguments(t *testing.T) {
	dir := t.TempDir()
	cred := access.Credential{Files: map[string]string{"config": "Include {{dir}}/x\n"}, Env: map[string]string{"X": "{{dir}}"},
		Arguments: map[string][]string{"ssh": {"-F", "{{dir}}/config"}, "psql": {"service={{dir}}"}}}
	require.NoError(t, writeFiles(&cred, dir))
	require.Equal(t, []string{"ssh", "-F", dir + "/config", "demo", "ls"}, withArguments([]string{"ssh", "demo", "ls"}, cred))
	require.Equal(t, []string{"/usr/bin/ssh", "-F", dir + "/config"}, withArguments([]string{"/usr/bin/ssh"}, cred))
	require.Equal(t, []string{"psql", "service=" + dir, "-c", "select 1"}, withArguments([]string{"psql", "-c", "select 1"}, cred))
	require.Equal(t, []string{"vault", "kv"}, withArguments([]string{"vault", "kv"}, cred))
	require.Equal(t, dir, cred.Env["X"])
	b, err := os.ReadFile(filepath.Join(dir, "config"))
	require.NoError(t, err)
	require.Equal(t, "Include "+dir+"/x\n", string(b))
}
