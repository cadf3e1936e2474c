package terraform

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"ramp.dev/ramp/access"
)

// runVariable is in the environment of everything that a run starts; its value is the
// run's own directory.
const runVariable = "RAMP_TERRAFORM_RUN"

// leftoversWithin is how long processes may take to end that were killed.
const leftoversWithin = 10 * time.Second

// endLeftovers kills what runs on from a run whose worker died: a provider's plug-in, or a
// command that a provisioner started, would go on making things after access has ended.
// Whoever calls it holds the grant's lock, so no run of a living worker is hit. It finds
// them by their environment, which children inherit; a process that cleans its own is not
// found, nor is one on a system without /proc. Where some are left, it is an error of code
// unavailable: access has not ended while they may make more.
func endLeftovers(ctx context.Context, directory string) error {
	ctx, cancel := context.WithTimeout(ctx, leftoversWithin)
	defer cancel()
	mark := []byte(runVariable + "=" + directory)
	for { // until none is left: one may just have started another
		left := killMarked(mark)
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return access.Errorf(access.CodeUnavailable, "%d processes of a run that died go on in %s, and may make more: they do not end though they were killed", left, directory)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// killMarked kills the processes that are marked so, and returns how many there were.
func killMarked(mark []byte) (found int) {
	paths, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is well formed
	for _, path := range paths {
		b, err := os.ReadFile(path) // #nosec G304 -- of another process of the same user; others are not readable
		if err != nil {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil || pid == os.Getpid() {
			continue
		}
		for one := range bytes.SplitSeq(b, []byte{0}) {
			if bytes.Equal(one, mark) {
				if !errors.Is(syscall.Kill(pid, syscall.SIGKILL), syscall.ESRCH) { // one that may not be killed is there as well
					found++
				}
				break
			}
		}
	}
	return found
}
