package sshcert

import (
	"context"
	"errors"
	"iter"
	"os"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

// processes finds sessions among the processes of an sshd on this machine, by
// two marks: what the admit script wrote of each connection, which the user
// cannot shake off, and RAMP_GRANT in environments, which also finds what was
// detached from its connection. What is detached and has cleared its environment
// escapes; it is no session, and can be reached by nobody (CASES 32).
//
// It needs root, and sshd configured as HostConfig says.
type processes struct {
	dir  *hostfiles.Dir
	list func() (map[int]process, error)
	kill func(process) error
}

func newProcesses(dir *hostfiles.Dir) *processes {
	return &processes{dir: dir, list: processTable, kill: kill}
}

const cutStep = 20 * time.Millisecond

// Count counts connections, and processes that have lost theirs.
func (p *processes) Count(_ context.Context, grant string) (int, error) {
	_, roots, err := p.find(grant)
	return len(roots), err
}

// Cut kills until nothing is left: what is killed may be forking meanwhile.
func (p *processes) Cut(ctx context.Context, grant string) error {
	for {
		table, roots, err := p.find(grant)
		if err != nil || len(roots) == 0 {
			return err
		}
		for _, victim := range below(table, roots) {
			if err := p.kill(victim); err != nil {
				return access.Errorf(access.CodeForbidden, "end a session's process: %w", err)
			}
		}
		select {
		case <-ctx.Done():
			return access.Errorf(access.CodeUnavailable, "sessions are still being cut: %w", ctx.Err())
		case <-time.After(cutStep):
		}
	}
}

// find is every process, and those at the root of something of the grant's.
func (p *processes) find(grant string) (table map[int]process, roots map[int]bool, err error) {
	// The records first: a connection that registers after this has not read yet
	// whether it is admitted.
	connections, err := p.dir.Connections()
	if err != nil {
		return nil, nil, err
	}
	if table, err = p.list(); err != nil {
		return nil, nil, err
	}
	roots = map[int]bool{}
	for _, c := range connections {
		switch proc, alive := table[c.PID]; {
		case !alive || proc.start != c.Start:
			if err := p.dir.DropConnection(c); err != nil {
				return nil, nil, err
			}
		case c.Grant == grant:
			roots[c.PID] = true
		}
	}
	for pid, proc := range table {
		if proc.grant == grant && pid != os.Getpid() {
			roots[root(table, pid)] = true
		}
	}
	return table, roots, nil
}

// root is the process of sshd that serves pid's connection, or pid itself. It is
// the outermost one: below it, users may call their own programs what they like.
func root(table map[int]process, pid int) int {
	found := pid
	for at := range ancestors(table, pid) {
		if at.sshd {
			found = at.pid
		}
	}
	return found
}

// ancestors goes from a process outwards, itself first, up to init. The table is
// not of one instant, so a number used again could make it circular.
func ancestors(table map[int]process, pid int) iter.Seq[process] {
	return func(yield func(process) bool) {
		at, ok := table[pid]
		for range table {
			if !ok || at.pid <= 1 || !yield(at) {
				return
			}
			at, ok = table[at.parent]
		}
	}
}

// below is everything that descends from the roots, the roots included; never
// this process or init, whatever the records say.
func below(table map[int]process, roots map[int]bool) []process {
	var out []process
	for pid, proc := range table {
		if pid <= 1 || pid == os.Getpid() {
			continue
		}
		for at := range ancestors(table, pid) {
			if roots[at.pid] {
				out = append(out, proc)
				break
			}
		}
	}
	return out
}

// kill ends one process, and not another that got its number meanwhile: where
// the system has handles on processes, os.FindProcess holds one, and the start
// time is compared after that.
func kill(victim process) error {
	handle, err := os.FindProcess(victim.pid)
	if err != nil {
		return nil // it ended
	}
	defer handle.Release()
	now, err := readProcess(victim.pid)
	if err != nil || now.start != victim.start {
		return nil
	}
	if err := handle.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}
