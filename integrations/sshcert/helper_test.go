package sshcert

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
	"ramp.dev/ramp/integrations/sshcert/hostsessions"
)

// A helper cuts what is left of its own host's grants, and leaves alone the processes of
// grants that it never had: another target may have a directory on the same machine.
func TestHelperCutsItsOwnAlone(t *testing.T) {
	ctx := context.Background()
	host := newHelper(t)
	process := func(grant string) *exec.Cmd {
		cmd := exec.Command("sleep", "600")
		cmd.Env = []string{"RAMP_GRANT=" + grant}
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill() }) // where the test fails before it has ended
		return cmd
	}
	open, ended, elsewhere := newGrant(access.Entitlement{"user": "deploy"}), newGrant(access.Entitlement{"user": "deploy"}), newGrant(access.Entitlement{"user": "deploy"})
	for _, g := range []access.Grant{open, ended} {
		require.NoError(t, host.Grant(ctx, g))
	}
	goesOn, isCut, theirs := process(open.Name), process(ended.Name), process(elsewhere.Name)
	cutNow := make(chan error, 1)
	go func() { cutNow <- isCut.Wait() }()
	require.NoError(t, removeByHand(string(host.config.Dir), "deploy", ended.Name), "as an expired line admits nobody")
	require.NoError(t, host.cutEnded(ctx, hostsessions.NewProcesses(host.dir)))
	require.Error(t, <-cutNow, "it was killed")
	for _, cmd := range []*exec.Cmd{goesOn, theirs} {
		require.NoError(t, cmd.Process.Kill(), "it was still there")
		_ = cmd.Wait()
	}
}

// togetherFinder cuts a grant when as many as there are are being cut.
type togetherFinder struct {
	hostsessions.Finder
	all sync.WaitGroup
}

func (f *togetherFinder) Cut(ctx context.Context, _ string) error {
	f.all.Done()
	cutting := make(chan struct{})
	go func() { f.all.Wait(); close(cutting) }()
	select {
	case <-cutting:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A grant whose cut takes all the time that there is holds up no cut of another.
func TestHelperCutsSideBySide(t *testing.T) {
	host, ctx := newHelper(t), context.Background()
	var names []string
	for range 3 {
		g := newGrant(access.Entitlement{"user": "deploy"})
		require.NoError(t, host.Grant(ctx, g))
		require.NoError(t, removeByHand(string(host.config.Dir), "deploy", g.Name))
		names = append(names, g.Name)
		left := exec.Command("sleep", "600")
		left.Env = []string{"RAMP_GRANT=" + g.Name}
		require.NoError(t, left.Start())
		t.Cleanup(func() { _ = left.Process.Kill(); _ = left.Wait() })
	}
	together := &togetherFinder{}
	together.all.Add(len(names))
	live := hostsessions.NewProcesses(host.dir)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		all, err := live.Grants()
		assert.NoError(c, err)
		assert.Subset(c, all, names)
	}, 30*time.Second, 10*time.Millisecond)
	host.sessions = together
	require.NoError(t, host.cutEnded(ctx, live))
}

// newHelper is a helper's host that nobody calls.
func newHelper(t *testing.T) *target {
	dir := shortTemp(t)
	keygen(t, "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, "key"))
	public := filepath.Join(dir, "key.pub")
	host, err := Helper{Dir: filepath.Join(dir, "ramp"), Users: []string{"deploy"}, Authorities: public, Workers: public,
		HostKey: filepath.Join(dir, "key")}.open(context.Background(), hostfiles.OS{})
	require.NoError(t, err)
	return host
}

// Who left something behind that begins processes under the name of an ended grant,
// without end, holds up no cut of others.
func TestHelperCutsBesideWhatComesBack(t *testing.T) {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	host := newHelper(t)
	ended := []access.Grant{newGrant(access.Entitlement{"user": "deploy"}), newGrant(access.Entitlement{"user": "deploy"})}
	for _, g := range ended {
		require.NoError(t, host.Grant(ctx, g))
		require.NoError(t, removeByHand(string(host.config.Dir), "deploy", g.Name))
	}
	slices.SortFunc(ended, func(a, b access.Grant) int { return strings.Compare(a.Name, b.Name) })
	returns, isCut := exec.Command("/bin/sh", "-c", strings.Repeat("while :; do RAMP_GRANT="+ended[0].Name+" sleep 600; done & ", 32)+"wait"), exec.Command("sleep", "600")
	returns.Env, isCut.Env = []string{"PATH=/usr/bin:/bin"}, []string{"RAMP_GRANT=" + ended[1].Name}
	returns.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, returns.Start())
	defer func() {
		_ = syscall.Kill(-returns.Process.Pid, syscall.SIGKILL)
		_ = returns.Wait()
	}()
	require.NoError(t, isCut.Start())
	cutNow := make(chan error, 1)
	go func() { cutNow <- isCut.Wait() }()
	live := hostsessions.NewProcesses(host.dir)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		both, err := live.Grants()
		assert.NoError(c, err)
		assert.Subset(c, both, []string{ended[0].Name, ended[1].Name})
	}, 30*time.Second, 10*time.Millisecond)
	_ = host.cutEnded(ctx, live) // an error, as a rule: one is there again and again
	require.NoError(t, ctx.Err(), "it came to an end")
	require.Error(t, <-cutNow, "the other was killed")
}

// What a helper is set up with is read before anything is served, and nothing that is
// wrong with it is passed over.
func TestHelperSetUpWrong(t *testing.T) {
	dir := shortTemp(t)
	keygen(t, "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, "key"))
	keygen(t, "-t", "ed25519", "-N", "secret phrase", "-f", filepath.Join(dir, "locked"))
	public, empty, open := filepath.Join(dir, "key.pub"), filepath.Join(dir, "empty"), filepath.Join(dir, "open")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	key, err := os.ReadFile(filepath.Join(dir, "key"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(open, key, 0o644))
	for name, c := range map[string]struct {
		change func(*Helper)
		want   access.Code
	}{
		"no login":                {func(h *Helper) { h.Users = nil }, access.CodeInvalid},
		"a login that is a path":  {func(h *Helper) { h.Users = []string{"../x"} }, access.CodeInvalid},
		"no authority":            {func(h *Helper) { h.Authorities = empty }, access.CodeInvalid},
		"authorities not there":   {func(h *Helper) { h.Authorities = filepath.Join(dir, "none") }, access.CodeUnavailable},
		"a private key for one":   {func(h *Helper) { h.Authorities = filepath.Join(dir, "key") }, access.CodeInvalid},
		"no worker":               {func(h *Helper) { h.Workers = empty }, access.CodeInvalid},
		"a key others may read":   {func(h *Helper) { h.HostKey = open }, access.CodeInvalid},
		"a key with a passphrase": {func(h *Helper) { h.HostKey = filepath.Join(dir, "locked") }, access.CodeInvalid},
		"a key for a certificate": {func(h *Helper) { h.Certificate = public }, access.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			h := Helper{Dir: filepath.Join(dir, "ramp"), Users: []string{"deploy"}, Authorities: public, Workers: public, HostKey: filepath.Join(dir, "key")}
			c.change(&h)
			err := h.Serve(context.Background(), nil, func(error) {})
			require.Equal(t, c.want, access.CodeOf(err), "%v", err)
			require.NotContains(t, err.Error(), "PRIVATE")
		})
	}
}
