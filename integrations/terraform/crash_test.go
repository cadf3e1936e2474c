package terraform

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// helperVariable tells this test's own program to be a worker that does one thing.
const helperVariable = "RAMP_TERRAFORM_HELPER"

type helperTask struct {
	Dir, Program, Operation string
	Bucket                  string // for states; none if empty
	Adopts                  bool
	Grant                   access.Grant
}

func TestMain(m *testing.M) {
	if text := os.Getenv(helperVariable); text != "" {
		if err := helperRun(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func helperRun(text string) error {
	var task helperTask
	if err := json.Unmarshal([]byte(text), &task); err != nil {
		return err
	}
	s := &site{config: configIn(task.Dir, task.Program)}
	digest, err := Digest(filepath.Join(task.Dir, "source"))
	if err != nil {
		return err
	}
	s.change(func(m *Module) { m.Digest, m.Adopts = digest, task.Adopts })
	if task.Bucket != "" {
		bucket{address: task.Bucket}.remote(&s.config)
	}
	t, err := s.config.Open(context.Background(), "terraform/doors")
	if err != nil {
		return err
	}
	if task.Operation == "revoke" {
		return t.Revoke(context.Background(), task.Grant)
	}
	return t.Grant(context.Background(), task.Grant)
}

// slow has a second door, which stands open before its command waits for a file "go" and
// then opens a third one: what runs on after its worker has died would open that. It comes
// last, since whatever ends beside it has the program note it too.
const slow = door + `
resource "terraform_data" "slow" {
  depends_on = [terraform_data.seal, terraform_data.plate]
  input = terraform_data.door.output.file
  provisioner "local-exec" {
    command = ": >\"$FILE.second\"; until [ -e \"$DOORS/go\" ]; do sleep 0.02; done; : >\"$FILE.third\""
    environment = { FILE = self.output, DOORS = var.doors }
  }
  provisioner "local-exec" {
    when    = destroy
    command = "rm -f \"$FILE.second\" \"$FILE.third\""
    environment = { FILE = self.output }
  }
}
`

// slowEnd waits at the end, with its door shut already in part.
const slowEnd = door + `
resource "terraform_data" "bolt" {
  input = terraform_data.door.output.file
  provisioner "local-exec" {
    command = ": >\"$FILE.second\""
    environment = { FILE = self.output }
  }
  provisioner "local-exec" {
    when    = destroy
    command = "D=$(dirname \"$FILE\"); : >\"$FILE.ending\"; until [ -e \"$D/go\" ]; do sleep 0.02; done; rm -f \"$FILE.second\" \"$FILE.ending\""
    environment = { FILE = self.output }
  }
}
`

// worker is another process that does one thing.
func (s *site) worker(operation string, g access.Grant) *exec.Cmd {
	s.Helper()
	return s.workerWith(helperTask{Operation: operation, Grant: g})
}

func (s *site) workerWith(t helperTask) *exec.Cmd {
	s.Helper()
	t.Dir, t.Program, t.Adopts = filepath.Dir(s.doors), string(s.config.Program), s.config.Modules["door"].Adopts
	task, err := json.Marshal(t)
	require.NoError(s, err)
	cmd := exec.Command(os.Args[0]) // #nosec G204 -- this test itself
	cmd.Env = []string{helperVariable + "=" + string(task), "PATH=" + os.Getenv("PATH"), "HOME=" + s.TempDir()}
	cmd.Stderr = os.Stderr
	require.NoError(s, cmd.Start())
	return cmd
}

func (s *site) kill(cmd *exec.Cmd) {
	s.Helper()
	require.NoError(s, cmd.Process.Signal(syscall.SIGKILL))
	_ = cmd.Wait() // killed
}

func (s *site) eventually(what string, is func() bool) {
	s.Helper()
	require.Eventually(s, is, time.Minute, 20*time.Millisecond, what)
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// runs returns the processes of a grant's run.
func (s *site) runs(name string) (pids []int) {
	paths, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is well formed
	for _, path := range paths {
		if b, err := os.ReadFile(path); err == nil && bytes.Contains(b, []byte(runVariable+"="+filepath.Join(s.runtime(), name)+"\x00")) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			require.NoError(s, err)
			pids = append(pids, pid)
		}
	}
	return pids
}

// programRuns tells whether the program itself runs for a grant, and not only what it started.
func (s *site) programRuns(name string) bool {
	s.Helper()
	program, err := filepath.EvalSymlinks(string(s.config.Program))
	require.NoError(s, err)
	for _, pid := range s.runs(name) {
		if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err == nil && exe == program {
			return true
		}
	}
	return false
}

// nothing checks that nothing is left of a grant, on the target and on the machine.
func (s *site) nothing(g access.Grant) {
	s.Helper()
	back, err := s.guarded().Inspect(context.Background(), access.Grant{Name: g.Name})
	require.NoError(s, err)
	require.True(s, back.Gone())
	names, err := s.names(context.Background())
	require.NoError(s, err)
	require.Empty(s, names)
	require.Empty(s, s.runs(g.Name), "a process of a run")
}

// TestCrashInTheMiddleOfAnApply: the worker is killed while a provider makes something, and
// the command that the provider runs lives on.
func TestCrashInTheMiddleOfAnApply(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, program string) {
		crashed := func(t *testing.T, adopts bool) (*site, access.Grant) {
			s := newSite(t, program, map[string]string{"main.tf": slow})
			s.change(func(m *Module) { m.Adopts = adopts })
			g := s.grant()
			w := s.worker("grant", g)
			s.eventually("the second door stands open", func() bool { return exists(s.door(g.Name) + ".second") })
			s.kill(w)
			s.eventually("the program has died with its worker", func() bool { return !s.programRuns(g.Name) })
			back, err := s.guarded().Inspect(t.Context(), access.Grant{Name: g.Name})
			require.NoError(t, err)
			require.True(t, back.Open)
			listed, err := s.guarded().List(t.Context())
			require.NoError(t, err)
			require.Len(t, listed, 1)
			require.Equal(t, g.ExpiresAt, listed[0].ExpiresAt)
			return s, g
		}
		t.Run("closed by another, of a module that adopts", func(t *testing.T) {
			t.Parallel()
			s, g := crashed(t, true)
			left := s.runs(g.Name)
			require.NotEmpty(t, left, "the command lives on")
			closing := make(chan error, 1)
			go func() { closing <- s.guarded().Revoke(context.Background(), access.Grant{Name: g.Name}) }()
			// What the dead worker has left is killed before the gate opens; the apply that is
			// done again waits at it too.
			s.eventually("applied again", func() bool { return s.programRuns(g.Name) })
			for _, pid := range s.runs(g.Name) {
				require.NotContains(t, left, pid, "what the dead worker left is killed first")
			}
			require.NoFileExists(t, s.door(g.Name)+".third")
			require.NoError(t, os.WriteFile(filepath.Join(s.doors, "go"), nil, 0o600))
			require.NoError(t, <-closing)
			require.NoFileExists(t, s.door(g.Name)+".second")
			require.NoFileExists(t, s.door(g.Name)+".third")
			s.nothing(g)
		})
		t.Run("closed by another, of a module that does not", func(t *testing.T) {
			t.Parallel()
			s, g := crashed(t, false)
			for range 2 { // however often
				err := s.guarded().Revoke(t.Context(), access.Grant{Name: g.Name})
				require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
				require.ErrorContains(t, err, "module.grant.terraform_data.slow")
				require.ErrorContains(t, err, g.Name)
				require.Empty(t, s.runs(g.Name), "what the dead worker left is killed")
			}
			require.NoFileExists(t, s.door(g.Name)+".third")
			require.FileExists(t, s.door(g.Name)+".second", "nobody knows of it but people")
			require.NoError(t, os.Remove(s.door(g.Name)+".second"))
			require.NoError(t, os.Remove(s.door(g.Name)), "OpenTofu does not know of it either: it notes what it makes every 20 seconds")
			require.NoError(t, os.WriteFile(s.open().(minter).gonePath(g.Name), nil, 0o600))
			require.NoError(t, s.guarded().Revoke(t.Context(), access.Grant{Name: g.Name}))
			s.nothing(g)
		})
		t.Run("opened again", func(t *testing.T) {
			t.Parallel()
			s, g := crashed(t, true)
			require.NoError(t, os.WriteFile(filepath.Join(s.doors, "go"), nil, 0o600))
			require.NoError(t, s.guarded().Grant(t.Context(), g))
			require.FileExists(t, s.door(g.Name)+".third")
			require.NoError(t, s.guarded().Revoke(t.Context(), access.Grant{Name: g.Name}))
			require.NoFileExists(t, s.door(g.Name)+".second")
			s.nothing(g)
		})
	})
}

// TestCrashInTheMiddleOfADestroy: the worker is killed while a provider removes something.
func TestCrashInTheMiddleOfADestroy(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, program string) {
		s := newSite(t, program, map[string]string{"main.tf": slowEnd})
		g := s.grant()
		require.NoError(t, s.guarded().Grant(t.Context(), g))
		w := s.worker("revoke", g)
		s.eventually("it is being ended", func() bool { return exists(s.door(g.Name) + ".ending") })
		s.kill(w)
		back, err := s.guarded().Inspect(t.Context(), access.Grant{Name: g.Name})
		require.NoError(t, err)
		require.True(t, back.Open, "half ended is open")
		require.NoError(t, os.WriteFile(filepath.Join(s.doors, "go"), nil, 0o600))
		require.NoError(t, s.guarded().Revoke(t.Context(), access.Grant{Name: g.Name}))
		require.NoFileExists(t, s.door(g.Name)+".second")
		s.nothing(g)
	})
}

// TestTheProgramIsKilled: the program dies in the middle of an apply, its worker does not.
func TestTheProgramIsKilled(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, program string) {
		s := newSite(t, program, map[string]string{"main.tf": slow})
		s.change(func(m *Module) { m.Adopts = true })
		g := s.grant()
		granting := make(chan error, 1)
		target := s.guarded()
		go func() { granting <- target.Grant(context.Background(), g) }()
		s.eventually("the second door stands open", func() bool { return exists(s.door(g.Name) + ".second") })
		for _, pid := range s.runs(g.Name) {
			if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err == nil && filepath.Base(exe) != "sh" && filepath.Base(exe) != "dash" && filepath.Base(exe) != "sleep" {
				require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
			}
		}
		err := <-granting
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
		require.Empty(t, s.runs(g.Name), "the provider's command ends with it")
		require.NoFileExists(t, s.door(g.Name)+".third")
		require.NoError(t, os.WriteFile(filepath.Join(s.doors, "go"), nil, 0o600))
		require.NoError(t, target.Revoke(t.Context(), access.Grant{Name: g.Name}))
		require.NoFileExists(t, s.door(g.Name)+".second")
		s.nothing(g)
	})
}

// TestRevokeStopsAnOpening: access that is closed while it is being opened is not opened to
// the end first.
func TestRevokeStopsAnOpening(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, program string) {
		s := newSite(t, program, map[string]string{"main.tf": slow})
		g := s.grant()
		target := s.guarded()
		granting := make(chan error, 1)
		go func() { granting <- target.Grant(context.Background(), g) }()
		s.eventually("the second door stands open", func() bool { return exists(s.door(g.Name) + ".second") })
		require.NoError(t, target.Revoke(t.Context(), access.Grant{Name: g.Name}))
		require.Equal(t, access.CodeUnavailable, access.CodeOf(<-granting))
		require.NoFileExists(t, s.door(g.Name)+".third")
		// The program runs no provisioner for the end of what it did not make to the end.
		require.NoError(t, os.Remove(s.door(g.Name)+".second"))
		s.nothing(g)
	})
}

// TestNobodyWaitsAnyMore: an apply that takes longer than its caller waits goes on, and the
// next attempt finds what it did.
func TestNobodyWaitsAnyMore(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, program string) {
		s := newSite(t, program, map[string]string{"main.tf": slow})
		g := s.grant()
		target := s.guarded()
		ctx, cancel := context.WithCancel(t.Context())
		granting := make(chan error, 1)
		go func() { granting <- target.Grant(ctx, g) }()
		s.eventually("the second door stands open", func() bool { return exists(s.door(g.Name) + ".second") })
		cancel()
		require.Equal(t, access.CodeUnavailable, access.CodeOf(<-granting))
		require.NoError(t, os.WriteFile(filepath.Join(s.doors, "go"), nil, 0o600))
		require.NoError(t, target.Grant(t.Context(), g))
		require.FileExists(t, s.door(g.Name)+".third")
		require.NoError(t, target.Revoke(t.Context(), access.Grant{Name: g.Name}))
		s.nothing(g)
	})
}
