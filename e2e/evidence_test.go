package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ramp runs the command line as a person and returns what was printed.
func (p *person) ramp(args ...string) (string, error) {
	cmd := exec.Command(binary, args...)
	cmd.Env = slices.Concat(os.Environ(), p.in.env, []string{"RAMP_TOKEN=" + p.token, "RAMP_SERVER=" + p.in.url()})
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestEvidence takes the evidence of a whole life, and the log, as auditors do:
// with the command line and public keys.
func TestEvidence(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev").ready()
	alice, bob, carol := in.as("alice"), in.as("bob"), in.as("carol")
	r := alice.asks("ssh-demo", "5s")
	saved, pack := filepath.Join(t.TempDir(), "checkpoint"), filepath.Join(t.TempDir(), "evidence.json")
	key, workerKey := filepath.Join(in.dir, "keys", "server.pub"), filepath.Join(in.dir, "keys", "worker.pub")
	out, err := carol.ramp("audit", "checkpoint", "--key", key, "--save", saved)
	require.NoError(t, err, out)
	bob.approves(r)
	alice.awaits(r.ID, "ended", 60*time.Second)
	out, err = alice.ramp("show", r.ID)
	require.NoError(t, err, out)
	// Closing waits a second for what the host says of use, and no longer.
	require.Regexp(t, `Usage +(not used|not known: the target did not say in time)`, out, "the worker's receipt says the same, or nothing below is proven")

	for _, p := range []*person{alice, carol} { // carol is an auditor only
		out, err = p.ramp("evidence", "get", r.ID, "--into", pack)
		require.NoError(t, err, out)
		out, err = p.ramp("evidence", "verify", pack, "--key", key, "--worker-key", workerKey)
		require.NoError(t, err, out)
		require.Contains(t, out, "PROVEN. Access was opened for alice after approval, exactly as approved, and is proven gone.")
	}
	b, err := os.ReadFile(pack)
	require.NoError(t, err)
	// Case64: every other reader reads the last of two names, and this one would say PROVEN of the first.
	for _, extra := range []string{`"requestId":"0123456789abcdef"`, `"RequestID":"0123456789abcdef"`, `"REQUESTID":"0123456789abcdef"`} {
		crafted := filepath.Join(t.TempDir(), "crafted.json")
		require.NoError(t, os.WriteFile(crafted, []byte(strings.TrimSuffix(strings.TrimSpace(string(b)), "}")+","+extra+"}"), 0o600))
		out, err = alice.ramp("evidence", "verify", crafted, "--key", key, "--worker-key", workerKey)
		require.Error(t, err, extra)
		require.NotContains(t, out, "PROVEN", extra)
	}
	bound := workerKey + "=ssh/another"
	out, err = alice.ramp("evidence", "verify", pack, "--key", key, "--worker-key", bound)
	require.Error(t, err, "a worker of other targets")
	require.Contains(t, out, "NOT PROVEN")
	require.NoError(t, os.WriteFile(pack, []byte(strings.Replace(string(b), `"actor":"bob"`, `"actor":"eve"`, 1)), 0o600))
	out, err = alice.ramp("evidence", "verify", pack, "--key", key, "--worker-key", workerKey)
	require.Error(t, err)
	require.Contains(t, out, "NOT PROVEN")

	out, err = carol.ramp("audit", "verify", "--key", key, "--against", saved)
	require.NoError(t, err, out)
	require.Contains(t, out, "Consistent with the saved checkpoint")
	out, err = carol.ramp("audit", "checkpoint", "--key", key, "--save", saved)
	require.NoError(t, err, out)
	out, err = carol.ramp("audit", "export", "--key", key)
	require.NoError(t, err, out)
	require.Contains(t, out, `"kind":"access.ended"`)
	require.NotContains(t, out, "record.altered", "nobody changed anything")
	_, err = in.as("oscar").ramp("audit", "verify", "--key", key)
	require.Error(t, err, "operators are not auditors")
}
