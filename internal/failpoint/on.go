//go:build failpoints

package failpoint

import (
	"os"
	"syscall"
)

// Here kills the process, as kill -9 does, when RAMP_FAILPOINT names this point
// and RAMP_FAILPOINT_ONCE, a file, does not exist yet. The file is made first,
// so that a restarted process passes.
func Here(point string) {
	if os.Getenv("RAMP_FAILPOINT") != point {
		return
	}
	f, err := os.OpenFile(os.Getenv("RAMP_FAILPOINT_ONCE"), os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return
	}
	f.Close()
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // nothing may happen after the point
}
