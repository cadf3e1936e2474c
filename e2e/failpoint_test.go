package e2e

import (
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
)

// failpoint is a moment in a process of this installation: it dies there, or
// waits there while another dies.
type failpoint struct {
	in         *installation
	name       string
	once, hold string
}

func (in *installation) failpoint(name string) failpoint {
	return failpoint{in: in, name: name, once: filepath.Join(in.dir, "reached"), hold: filepath.Join(in.dir, "go-on")}
}

// dies is the environment of a process that kills itself there.
func (f failpoint) dies() []string {
	return []string{"RAMP_FAILPOINT=" + f.name, "RAMP_FAILPOINT_ONCE=" + f.once}
}

// waits is the environment of a process that waits there.
func (f failpoint) waits() []string { return append(f.dies(), "RAMP_FAILPOINT_HOLD="+f.hold) }

// died waits until p was killed there, and nowhere else.
func (f failpoint) died(p *process) {
	f.in.Helper()
	select {
	case <-p.done:
	case <-time.After(90 * time.Second):
		f.in.Fatalf("the process did not die at %s", f.name)
	}
	require.FileExists(f.in, f.once, "the process ended, and not at %s: %s", f.name, p.out.tail(2000))
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	require.True(f.in, ok && status.Signaled() && status.Signal() == syscall.SIGKILL, "not killed: %s", p.cmd.ProcessState)
}

// reached waits until a process waits there.
func (f failpoint) reached() {
	f.in.Helper()
	f.in.eventually(90*time.Second, "a process at "+f.name, func() bool {
		_, err := os.Stat(f.once)
		return err == nil
	})
}

func (f failpoint) goOn() { require.NoError(f.in, os.WriteFile(f.hold, nil, 0o600)) }
