package terraform

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// runVariable is in the environment of everything that a run starts; its value is the
// run's own directory.
const runVariable = "RAMP_TERRAFORM_RUN"

// endLeftovers kills what runs on from a run whose worker died: a provider's plug-in, or a
// command that a provisioner started, would go on making things after access has ended.
// Whoever calls it holds the grant's lock, so no run of a living worker is hit. It finds
// them by their environment, which children inherit; a process that cleans its own is not
// found, nor is one on a system without /proc.
func endLeftovers(directory string) {
	mark := []byte(runVariable + "=" + directory)
	for range 50 { // until none is left: one may just have started another
		if !killMarked(mark) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func killMarked(mark []byte) (found bool) {
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
				found = syscall.Kill(pid, syscall.SIGKILL) == nil || found
				break
			}
		}
	}
	return found
}
