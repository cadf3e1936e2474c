package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert"
	"ramp.dev/ramp/ledger/verified"
)

// TestTargetComesBack: a target that its worker cannot start is off, with the reason; it is
// on by itself as soon as it can be started, and a request for it opens. A worker that stops
// says so.
func TestTargetComesBack(t *testing.T) {
	t.Parallel() // it waits most of its time
	s := newSite(t, nil)
	blocked := filepath.Join(s.dir, "hosts")
	require.NoError(t, os.WriteFile(blocked, nil, 0o600))
	const host = "ssh/host"
	s.config.Reconcile.Every = access.Duration(time.Second)
	s.config.Targets = map[string]TargetConfig{host: NewTargetConfig("ssh", sshcert.Config{Dir: field.File(filepath.Join(blocked, "host")), Users: []string{"deploy"}, Host: "host.example.com",
		HostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGUO0ezOpRtzEIU5L0E5F0wvUT4nk2nwDp8Jf5Rm2p6i", Sessions: sshcert.SessionsConfig{Control: field.File(filepath.Join(s.dir, "control.sock"))}})}
	state := func() access.TargetState {
		states := verified.TargetStates{Ledger: s.ledger, Workers: evidence.Keyring{}.With(s.receipts.Public(), host), Now: time.Now}
		for _, one := range states.All(t.Context()) {
			if one.Target == host {
				return one
			}
		}
		return access.TargetState{}
	}
	becomes := func(c access.TargetCondition) {
		t.Helper()
		require.Eventually(t, func() bool { return state().Condition == c }, within, 50*time.Millisecond, c)
	}
	s.start()
	becomes(access.TargetOff)
	require.Contains(t, state().Reason, "not a directory")
	require.Equal(t, access.FaultConfiguration, state().Fault)
	user := access.Entitlement{"user": "deploy"}
	_, err := s.worker.Broker.Resolve(t.Context(), host, user)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))

	require.NoError(t, os.Remove(blocked))
	becomes(access.TargetFailing) // it has started; the host does not run
	require.NoError(t, s.worker.Broker.Disabled(host))
	_, err = s.worker.Broker.Resolve(t.Context(), host, user)
	require.NoError(t, err)

	s.stop()
	becomes(access.TargetSilent)
}

// A target of which a part responds works in part; one of which none does, does not.
func TestTargetThatWorksInPart(t *testing.T) {
	of := func(missing ...string) access.TargetCondition {
		return conditionOf(fmt.Errorf("check on ssh/web: %w", access.Errorf(access.CodeUnavailable, "%w", &integrations.PartlyError{Parts: 2, Missing: missing, Why: "1 of 2 hosts respond"})))
	}
	require.Equal(t, access.TargetPartly, of("web1"))
	require.Equal(t, access.TargetFailing, of("web1", "web2"))
	require.Equal(t, access.TargetFailing, conditionOf(access.Errorf(access.CodeUnavailable, "no route to host")))
}
