//go:build failpoints

package failpoint

import (
	"os"
	"strconv"
	"syscall"
	"time"
)

// Here kills the process, as kill -9 does, when RAMP_FAILPOINT names this point
// and RAMP_FAILPOINT_ONCE, a file, does not exist yet. The file is made first,
// so that a restarted process passes. With RAMP_FAILPOINT_HOLD, a file, it waits
// there until that file exists, so that another process can be killed meanwhile. It passes
// the point as often as RAMP_FAILPOINT_PASS says before.
func Here(point string) {
	if os.Getenv("RAMP_FAILPOINT") != point {
		return
	}
	once := os.Getenv("RAMP_FAILPOINT_ONCE")
	passes, _ := strconv.Atoi(os.Getenv("RAMP_FAILPOINT_PASS")) // none if it is not set
	for i := range passes {
		if f, err := os.OpenFile(once+".passed-"+strconv.Itoa(i), os.O_CREATE|os.O_EXCL, 0o600); err == nil {
			f.Close()
			return
		}
	}
	f, err := os.OpenFile(once, os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return
	}
	f.Close()
	if hold := os.Getenv("RAMP_FAILPOINT_HOLD"); hold != "" {
		for {
			if _, err := os.Stat(hold); err == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // nothing may happen after the point
}

// Shape returns the shape of new requests: that of an older server, if RAMP_SHAPE names
// one.
func Shape(current int) int {
	if older, err := strconv.Atoi(os.Getenv("RAMP_SHAPE")); err == nil {
		return older
	}
	return current
}
