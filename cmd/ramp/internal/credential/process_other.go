//go:build !linux

package credential

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Elsewhere orphans are adopted by the system and are not found any more.
func adoptOrphans() {}

func dieWithParent(*exec.Cmd) {}

func reap() {}

// descendants returns the processes that this one has started, directly or not.
func descendants() (out []int) {
	ps := exec.Command("ps", "-axo", "pid=,ppid=")
	list, err := ps.Output()
	if err != nil {
		return nil
	}
	children := map[int][]int{}
	for line := range strings.Lines(string(list)) {
		if f := strings.Fields(line); len(f) == 2 {
			pid, _ := strconv.Atoi(f[0])
			if parent, _ := strconv.Atoi(f[1]); pid != ps.Process.Pid {
				children[parent] = append(children[parent], pid)
			}
		}
	}
	for next := children[os.Getpid()]; len(next) > 0; next = next[1:] {
		out = append(out, next[0])
		next = append(next, children[next[0]]...)
	}
	return out
}
