package people

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestCase76ExtensionMovesTheEnd: the end at which a command is ended is the one
// that is in force then.
func TestCase76ExtensionMovesTheEnd(t *testing.T) {
	f := newFakeServer(t, vaultCredential())
	t.Run("not extended", func(t *testing.T) {
		f.endIn(time.Second)
		out, err := f.ramp("exec", requestID, "--", "sleep", "600").CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), "the access has ended")
	})
	t.Run("extended", func(t *testing.T) {
		f.endIn(2 * time.Second)
		f.pickedUp = func() { f.ends = f.ends.Add(time.Hour) }
		cmd := f.ramp("exec", requestID, "--", "sh", "-c", "sleep 5; echo done")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Equal(t, "done\n", string(out))
	})
	t.Run("ended early", func(t *testing.T) {
		f.endIn(time.Hour)
		f.pickedUp = func() { f.ends = time.Now() }
		cmd := f.ramp("exec", requestID, "--", "sleep", "600")
		out, err := cmd.CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), "the access has ended")
	})
}

// running is `ramp exec` with a command that starts three more: one in the
// background, one that leaves the session, and one whose parent is gone. The
// command's own process is the first of pids.
type running struct {
	*fakeServer
	*exec.Cmd
	pids []int
}

const (
	tree = `trap "" HUP; echo $$ >> "$1"; sleep 300 & echo $! >> "$1"; setsid sleep 300 & echo $! >> "$1"; (setsid sh -c 'echo $$ >> "$1"; while :; do sleep 1; done' x "$1" &); wait`
	// The last of these does not end when it is asked to.
	stubbornTree = `trap "" HUP; echo $$ >> "$1"; sleep 300 & echo $! >> "$1"; setsid sleep 300 & echo $! >> "$1"; (setsid sh -c 'trap "" TERM; echo $$ >> "$1"; while :; do sleep 1; done' x "$1" &); wait`
)

func (f *fakeServer) running(script string, change func(*exec.Cmd)) running {
	f.Helper()
	pids := filepath.Join(f.TempDir(), "pids")
	r := running{fakeServer: f, Cmd: f.ramp("exec", requestID, "--", "sh", "-c", script, "sh", pids)}
	if change != nil {
		change(r.Cmd)
	}
	require.NoError(f, r.Start())
	f.eventually("all have started", func() bool {
		b, _ := os.ReadFile(pids)
		r.pids = nil
		for _, word := range strings.Fields(string(b)) {
			pid, _ := strconv.Atoi(word)
			r.pids = append(r.pids, pid)
		}
		return len(r.pids) == 4
	})
	f.Cleanup(func() {
		for _, pid := range r.pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	require.NotEmpty(f, f.left())
	return r
}

func alive(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(b), ") Z ")
}

func (r running) allGone() {
	r.Helper()
	r.eventually("ramp has ended", func() bool { return r.ProcessState != nil || !alive(r.Process.Pid) })
	for _, pid := range r.pids {
		require.False(r, alive(pid), "%d lives on", pid)
	}
	require.Empty(r, r.left(), "something is left on the disk")
}

// TestCase77SignalsEndEverything: whichever way `ramp exec` is told to end, what it
// started ends, grandchildren too, and nothing stays on the disk.
func TestCase77SignalsEndEverything(t *testing.T) {
	f := newFakeServer(t, sshCredential(t))
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(unix.SignalName(s), func(t *testing.T) {
			f.endIn(time.Minute)
			r := f.running(tree, nil)
			require.NoError(t, r.Process.Signal(s))
			require.Error(t, r.Wait())
			r.allGone()
		})
	}
	t.Run("the command ends by itself", func(t *testing.T) {
		f.endIn(time.Minute)
		r := f.running(tree, nil)
		require.NoError(t, syscall.Kill(r.pids[0], syscall.SIGKILL))
		require.Error(t, r.Wait())
		r.allGone()
	})
	t.Run("the access ends", func(t *testing.T) {
		f.endIn(time.Minute)
		r := f.running(stubbornTree, nil)
		f.endIn(0)
		require.Error(t, r.Wait())
		r.allGone()
	})
	t.Run("the terminal is closed", func(t *testing.T) {
		f.endIn(time.Minute)
		terminal, own := openTerminal(t)
		r := f.running(tree, func(cmd *exec.Cmd) {
			cmd.Stdin, cmd.Stdout, cmd.Stderr = own, own, own
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		})
		own.Close()
		require.NoError(t, terminal.Close())
		require.Error(t, r.Wait())
		r.allGone()
	})
	t.Run("killed", func(t *testing.T) {
		f.endIn(time.Minute)
		r := f.running(tree, nil)
		require.NoError(t, r.Process.Kill())
		require.Error(t, r.Wait())
		f.eventually("the command dies with it", func() bool { return !alive(r.pids[0]) })
		require.NotEmpty(t, f.left(), "nobody could remove it")
		out, err := f.ramp("exec", requestID, "--", "true").CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Empty(t, f.left(), "the next run removes it")
	})
	t.Run("another that lives keeps its own", func(t *testing.T) {
		f.endIn(time.Minute)
		r := f.running(tree, nil)
		before := f.left()
		require.NoError(t, f.ramp("exec", requestID, "--", "true").Run())
		require.ElementsMatch(t, before, f.left())
		require.NoError(t, r.Process.Signal(syscall.SIGTERM))
		require.Error(t, r.Wait())
		r.allGone()
	})
}

// openTerminal opens a pseudo-terminal: its end, and that of the program on it.
func openTerminal(t *testing.T) (terminal, own *os.File) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetPointerInt(int(terminal.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	own, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	return terminal, own
}

// TestCase78OwnVariablesAreLeftOut: a profile of the user's own does not decide as
// whom a program acts.
func TestCase78OwnVariablesAreLeftOut(t *testing.T) {
	f := newFakeServer(t, vaultCredential())
	with := func(cmd *exec.Cmd) string {
		cmd.Env = append(cmd.Env, "VAULT_NAMESPACE=mine", "VAULT_TOKEN=mine", "BAO_ADDR=mine", "VAULT_X;id=mine", "AWS_PROFILE=mine")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	out := with(f.ramp("exec", requestID, "--", "env"))
	require.Contains(t, out, "VAULT_TOKEN=hvs.it's\n")
	require.Contains(t, out, "AWS_PROFILE=mine\n", "it speaks to another service")
	for _, name := range []string{"VAULT_NAMESPACE", "BAO_ADDR", "VAULT_TOKEN=mine", "VAULT_X"} {
		require.NotContains(t, out, name)
	}
	out = with(f.ramp("creds", requestID))
	require.Contains(t, out, "unset VAULT_NAMESPACE\n")
	require.Contains(t, out, `export VAULT_TOKEN='hvs.it'\''s'`)
	require.NotContains(t, out, ";id")
	sh := exec.Command("sh", "-c", out+"\nenv")
	sh.Env = []string{"PATH=" + os.Getenv("PATH"), "VAULT_NAMESPACE=mine", "BAO_ADDR=mine"}
	env, err := sh.CombinedOutput()
	require.NoError(t, err, "%s", env)
	require.Contains(t, string(env), "VAULT_TOKEN=hvs.it's\n")
	require.NotContains(t, string(env), "mine")
}

// TestCase80EverythingFindsTheHost: what starts ssh by itself, or speaks SSH
// without it, finds the credential too.
func TestCase80EverythingFindsTheHost(t *testing.T) {
	f := newFakeServer(t, sshCredential(t))
	for _, script := range []string{"ssh -G demo", "sh -c 'ssh -G demo'", "eval $GIT_SSH_COMMAND -G demo", "$RSYNC_RSH -G demo",
		"eval /usr/bin/ssh $ANSIBLE_SSH_ARGS -G demo", `/usr/bin/ssh -F "$RAMP_SSH_CONFIG" -G demo`} {
		out, err := f.ramp("exec", requestID, "--", "sh", "-c", script).CombinedOutput()
		require.NoError(t, err, "%s: %s", script, out)
		require.Contains(t, string(out), "hostname 192.0.2.7\n", script)
		require.Contains(t, string(out), "user deploy\n", script)
	}
	out, err := f.ramp("exec", requestID, "--", "ssh", "-G", "demo").CombinedOutput()
	require.NoError(t, err)
	require.Contains(t, string(out), "hostname 192.0.2.7\n")
	out, err = f.ramp("exec", requestID, "--", "ssh-add", "-L").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "ssh-ed25519-cert-v01@openssh.com ", "the agent has the certificate")
	require.Len(t, strings.Split(strings.TrimSpace(string(out)), "\n"), 1, "and nothing else")
	require.Empty(t, f.left())
}
