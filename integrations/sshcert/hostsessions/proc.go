package hostsessions

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

// process is one running process, as in /proc.
type process struct {
	pid, parent int
	start       string // in the kernel's ticks since boot
	grant       string // from RAMP_GRANT in its environment when it was started
	sshd        bool   // a process of sshd that serves one connection
}

// processTable reads all processes. Errors are of code unavailable, or forbidden if
// a process may not be looked into: it could belong to any grant.
func processTable() (map[int]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "processes: %w", err)
	}
	table := map[int]process{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		// Init is nobody's session, and in some containers even root may not read it.
		if err != nil || pid == 1 {
			continue
		}
		p, err := readProcess(pid)
		// One that is just ending, or starting another program, may refuse even root for a
		// moment.
		for try := 0; errors.Is(err, fs.ErrPermission) && try < 5; try++ {
			time.Sleep(10 * time.Millisecond)
			p, err = readProcess(pid)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH):
			continue // it ended meanwhile
		case errors.Is(err, fs.ErrPermission):
			return nil, access.Errorf(access.CodeForbidden, "processes: root is needed to see every session: %w", err)
		case err != nil:
			return nil, access.Errorf(access.CodeUnavailable, "processes: %w", err)
		}
		if p.pid != 0 {
			table[pid] = p
		}
	}
	return table, nil
}

// readProcess reads one process. It returns the zero process for one that has
// ended and waits for its parent.
func readProcess(pid int) (process, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return process{}, err
	}
	// The name in parentheses may contain parentheses and spaces.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return process{}, nil
	}
	p := process{pid: pid, start: fields[19]}
	if p.parent, err = strconv.Atoi(fields[1]); err != nil {
		return process{}, err
	}
	environ, err := os.ReadFile(filepath.Join(dir, "environ"))
	if err != nil {
		return process{}, err
	}
	for _, v := range bytes.Split(environ, []byte{0}) {
		if grant, ok := bytes.CutPrefix(v, []byte(hostfiles.GrantVariable+"=")); ok {
			p.grant = string(grant)
		}
	}
	title, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil {
		return process{}, err
	}
	p.sshd = isConnection(string(title))
	return p, nil
}

// isConnection reports whether the title is that of a process of sshd for one
// connection ("sshd: root@pts/0", "sshd: deploy [priv]", from OpenSSH 9.8 on
// "sshd-session: …"), and not that of the listener.
func isConnection(title string) bool {
	return (strings.HasPrefix(title, "sshd: ") || strings.HasPrefix(title, "sshd-session: ")) &&
		!strings.Contains(title, "[listener]")
}
