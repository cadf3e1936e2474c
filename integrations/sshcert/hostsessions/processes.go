package hostsessions

import (
	"context"
	"errors"
	"iter"
	"maps"
	"os"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

// Processes finds sessions among the processes of an sshd on this machine, in two
// ways: by the admit script's record of each connection, which the user cannot
// change, and by RAMP_GRANT in the environment, which also finds processes that
// were detached from their connection. A process that is detached and has cleared
// its environment is not found; it is no session, and nobody can reach it (docs/threats.md, case
// 32).
//
// It needs root, and an sshd with the configuration of sshcert.Config.HostConfig.
type Processes struct {
	dir  *hostfiles.Dir
	list func() (map[int]process, error)
	kill func(process) error
}

// NewProcesses returns a Finder of the sessions of the sshd that uses dir.
func NewProcesses(dir *hostfiles.Dir) *Processes {
	return &Processes{dir: dir, list: processTable, kill: kill}
}

const cutStep = 20 * time.Millisecond

// noteWithin is how long finding sessions waits to record that some have ended: what is not
// recorded now is at the next look.
const noteWithin = 250 * time.Millisecond

// Count implements Finder. It counts connections, and processes that were
// detached from theirs.
func (p *Processes) Count(ctx context.Context, grant string) (int, error) {
	_, roots, err := p.find(ctx, grant)
	return len(roots), err
}

// Cut implements Finder. It kills until nothing is left, because a process may
// fork before it is killed.
func (p *Processes) Cut(ctx context.Context, grant string) error {
	return integrations.AwaitGone(ctx, "sessions", cutStep, func() (int, error) {
		table, roots, err := p.find(ctx, grant)
		if err != nil {
			return 0, err
		}
		for _, victim := range below(table, roots) {
			if err := p.kill(victim); err != nil {
				return 0, access.Errorf(access.CodeForbidden, "end a session's process: %w", err)
			}
		}
		return len(roots), nil
	})
}

// Grants returns the names of the grants that have live connections or detached
// processes, in order. Errors are those of Count.
func (p *Processes) Grants() ([]string, error) {
	connections, err := p.dir.Connections()
	if err != nil {
		return nil, err
	}
	table, err := p.list()
	if err != nil {
		return nil, err
	}
	live := map[string]bool{}
	for _, c := range connections {
		if proc, alive := table[c.PID]; alive && proc.start == c.Start {
			live[c.Grant] = true
		}
	}
	for pid, proc := range table {
		// The user can set the variable to anything.
		if _, ours := access.RequestIDFromGrantName(proc.grant); ours && pid != os.Getpid() {
			live[proc.grant] = true
		}
	}
	return slices.Sorted(maps.Keys(live)), nil
}

// Note implements Finder.
func (p *Processes) Note(ctx context.Context) error {
	connections, err := p.dir.Connections()
	if err != nil {
		return err
	}
	table, err := p.list()
	if err != nil {
		return err
	}
	return p.end(ctx, ended(connections, table))
}

// ended are the connections whose process has ended.
func ended(connections []hostfiles.Connection, table map[int]process) (out []hostfiles.Connection) {
	for _, c := range connections {
		if proc, alive := table[c.PID]; !alive || proc.start != c.Start {
			out = append(out, c)
		}
	}
	return out
}

// end records that connections have ended, by now at the latest.
func (p *Processes) end(ctx context.Context, ended []hostfiles.Connection) error {
	if len(ended) == 0 {
		return nil
	}
	unlock, err := p.dir.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return p.dir.EndConnections(ended, time.Now()) // by the clock of the records, which is the machine's
}

// find returns all processes, and the numbers of those at the root of the grant's.
func (p *Processes) find(ctx context.Context, grant string) (table map[int]process, roots map[int]bool, err error) {
	// The records come first: a connection that is recorded later has not yet read
	// whether it is admitted.
	connections, err := p.dir.Connections()
	if err != nil {
		return nil, nil, err
	}
	if table, err = p.list(); err != nil {
		return nil, nil, err
	}
	// Whether that they have ended is recorded now says nothing of those that live.
	soon, cancel := context.WithTimeout(ctx, noteWithin)
	defer cancel()
	_ = p.end(soon, ended(connections, table))
	roots = map[int]bool{}
	for _, c := range connections {
		if proc, alive := table[c.PID]; alive && proc.start == c.Start && c.Grant == grant {
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

// root returns the process of sshd that serves pid's connection, or pid itself. It
// takes the outermost, because below it users can give their own programs such a
// title.
func root(table map[int]process, pid int) int {
	found := pid
	for at := range ancestors(table, pid) {
		if at.sshd {
			found = at.pid
		}
	}
	return found
}

// ancestors yields a process and its ancestors, up to init. The table was not read
// in one instant, so a number that was used again could make it circular.
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

// below returns the roots and everything that descends from them, but never this
// process or init, whatever the records say.
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

// kill kills one process, and not another that got its number meanwhile: on systems
// with handles for processes, os.FindProcess holds one, and kill compares the start
// time after that.
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
