package terraform

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
)

// neighbour is another target whose runs are in the same directory.
func (s *site) neighbour() integrations.Target {
	s.Helper()
	c := s.config
	c.Directory = field.File(filepath.Join(s.TempDir(), "ramp"))
	t, err := c.Open(s.Context(), "terraform/windows")
	require.NoError(s, err)
	return t
}

// marked is a process that looks like one of a run in a directory. It ends when it is
// killed, and no earlier.
func (s *site) marked(directory string) (ended <-chan struct{}) {
	s.Helper()
	cmd := exec.Command("sleep", "infinity")
	cmd.Env = []string{runVariable + "=" + directory, "PATH=" + os.Getenv("PATH")}
	require.NoError(s, cmd.Start())
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait() // killed
		close(done)
	}()
	s.Cleanup(func() { _ = cmd.Process.Kill(); <-done })
	return done
}

func hasEnded(ended <-chan struct{}) bool {
	select {
	case <-ended:
		return true
	default:
		return false
	}
}

// TestCase152SharedRuntime: targets whose runs are in one directory leave each other's alone.
// What one lists and nobody knows of it, the reconciler has it revoke, and revoking kills what
// runs.
func TestCase152SharedRuntime(t *testing.T) {
	t.Parallel()
	shared := filepath.Join(t.TempDir(), "runs")
	share := func(c *Config) { c.Runtime = field.File(shared) }
	none := func(t *testing.T, other integrations.Target, g access.Grant) {
		listed, err := other.List(t.Context())
		require.NoError(t, err)
		require.Empty(t, listed, "another target's run")
		back, err := other.Inspect(t.Context(), access.Grant{Name: g.Name})
		require.NoError(t, err)
		require.True(t, back.Gone())
		require.NoError(t, other.Revoke(t.Context(), access.Grant{Name: g.Name}))
	}
	t.Run("RunThatGoesOn", func(t *testing.T) {
		s := newSite(t, programs(t)["tofu"], map[string]string{"main.tf": slow}, share)
		target, other, g := s.guarded(), s.neighbour(), s.grant()
		granting := make(chan error, 1)
		go func() { granting <- target.Grant(context.Background(), g) }()
		s.eventually("the second door stands open", func() bool { return exists(s.door(g.Name) + ".second") })
		none(t, other, g)
		require.NoError(t, os.WriteFile(filepath.Join(s.doors, "go"), nil, 0o600))
		require.NoError(t, <-granting)
		none(t, other, g)
		require.NoError(t, target.Revoke(t.Context(), access.Grant{Name: g.Name}))
		s.nothing(g)
	})
	t.Run("LeftByAnEarlierVersion", func(t *testing.T) {
		s := newSite(t, programs(t)["tofu"], map[string]string{"main.tf": door}, share)
		target, other, g := s.guarded(), s.neighbour(), s.grant()
		require.NoError(t, target.Grant(t.Context(), g))
		old := filepath.Join(shared, g.Name)
		require.NoError(t, os.Mkdir(old, 0o700))
		runsOn := s.marked(old)
		none(t, other, g)
		require.DirExists(t, old)
		require.False(t, hasEnded(runsOn), "it is another target's")
		require.NoError(t, target.Revoke(t.Context(), access.Grant{Name: g.Name}))
		s.eventually("what ran on is killed", func() bool { return hasEnded(runsOn) })
		require.NoDirExists(t, old)
		s.nothing(g)
	})
	t.Run("LeftByAnEarlierVersionWithNoRecord", func(t *testing.T) {
		s := newSite(t, programs(t)["tofu"], map[string]string{"main.tf": door}, share)
		target, g := s.guarded(), s.grant()
		require.NoError(t, target.Grant(t.Context(), g))
		r, err := s.open().(minter).store.load(t.Context(), g.Name)
		require.NoError(t, err)
		require.NoError(t, os.Remove(s.open().(minter).store.path(g.Name)))
		old := filepath.Join(shared, g.Name)
		require.NoError(t, os.Mkdir(old, 0o700))
		back, err := target.Inspect(t.Context(), access.Grant{Name: g.Name})
		require.NoError(t, err)
		require.True(t, back.Gone(), "a directory of which nothing says whose it is")
		require.NoError(t, os.WriteFile(filepath.Join(old, stateFile), r.State, 0o600))
		back, err = target.Inspect(t.Context(), access.Grant{Name: g.Name})
		require.NoError(t, err)
		require.True(t, back.Open, "its state has a module of this target's")
		require.NoError(t, target.Revoke(t.Context(), access.Grant{Name: g.Name}))
		require.NoFileExists(t, s.door(g.Name))
		require.NoDirExists(t, old)
	})
}

// TestCase152LeftoversThatDoNotEnd: a run is not over while processes of it are there.
func TestCase152LeftoversThatDoNotEnd(t *testing.T) {
	t.Parallel()
	s := &site{TB: t}
	directory := t.TempDir()
	ended := s.marked(directory)
	nobodyWaits, cancel := context.WithCancel(t.Context())
	cancel()
	err := endLeftovers(nobodyWaits, directory)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, directory)
	s.eventually("it was killed", func() bool { return hasEnded(ended) })
	require.NoError(t, endLeftovers(t.Context(), directory))
}
