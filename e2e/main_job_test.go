package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMainJob is what Ramp is for: asked under a contract, approved by the
// right person, opened, used, over at its time, proven gone.
func TestMainJob(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev").ready()
	alice, bob := in.as("alice"), in.as("bob")

	r := alice.asks("ssh-demo", "20s")
	require.Equal(t, "pending", r.State)
	require.Empty(t, in.admitted(), "nothing is open before the approval")
	bob.approves(r)
	active := alice.awaits(r.ID, "active", 60*time.Second)
	k := alice.picksUp(r.ID)
	require.True(t, k.works(), "the real ssh client gets in")
	cut := k.session()

	expires, err := time.Parse(time.RFC3339, active.ExpiresAt)
	require.NoError(t, err)
	select {
	case <-cut:
		require.False(t, time.Now().Before(expires.Add(-time.Second)), "cut before its time (case 34)")
	case <-time.After(time.Until(expires) + time.Minute):
		t.Fatal("the live session was not cut (case 31)")
	}
	in.complete(alice, r.ID)
	require.False(t, k.works(), "the credential is dead")

	t.Run("released early", func(t *testing.T) {
		r := alice.asks("ssh-demo", "10m")
		bob.approves(r)
		alice.awaits(r.ID, "active", 60*time.Second)
		k := alice.picksUp(r.ID)
		require.True(t, k.works())
		require.Equal(t, http.StatusOK, alice.call("POST", "/api/v1/requests/"+r.ID+"/release", map[string]any{}, nil))
		require.Equal(t, "released", alice.awaits(r.ID, "ended", 60*time.Second).Outcome)
		require.False(t, k.works())
		out, err := alice.ramp("show", r.ID)
		require.NoError(t, err, out)
		// Closing waits a second for what the host says of use, and no longer.
		require.Regexp(t, `Usage +(used from .*: 1 session, |not known: the target did not say in time)`, out, "the login that was refused is none")
	})
	t.Run("exec is the demo", func(t *testing.T) {
		r := alice.asks("ssh-demo", "10m")
		bob.approves(r)
		alice.awaits(r.ID, "active", 60*time.Second)
		cmd := exec.Command(binary, "exec", r.ID, "--server", in.url(), "--", "ssh", "demo", "whoami")
		cmd.Env = append(os.Environ(), "RAMP_TOKEN="+alice.token)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "demo")
	})
}
