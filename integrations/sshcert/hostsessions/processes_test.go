package hostsessions

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

const (
	mine   = "ramp-0123456789abcdef-a"
	theirs = "ramp-0123456789abcdef-b"
)

// machine is a process table without real processes.
type machine struct {
	Processes
	table map[int]process
}

func newMachine(t *testing.T, all ...process) *machine {
	dir := hostfiles.New(t.TempDir(), hostfiles.OS{})
	require.NoError(t, dir.Create())
	m := &machine{table: map[int]process{}}
	for _, p := range all {
		m.table[p.pid] = p
	}
	m.Processes = Processes{dir: dir,
		list: func() (map[int]process, error) { return m.table, nil },
		kill: func(p process) error { delete(m.table, p.pid); return nil }}
	return m
}

func (m *machine) record(t *testing.T, file, grant string) {
	require.NoError(t, os.WriteFile(m.dir.Path("sessions", file), []byte(grant+"\n"), 0o600))
}

func (m *machine) left() map[int]bool {
	left := map[int]bool{}
	for pid := range m.table {
		left[pid] = true
	}
	return left
}

func TestProcesses(t *testing.T) {
	ctx := context.Background()
	listener := process{pid: 10, parent: 1, start: "1"}
	t.Run("TheWholeConnectionAndNoOther", func(t *testing.T) {
		m := newMachine(t, listener,
			process{pid: 20, parent: 10, start: "2", sshd: true},  // monitor
			process{pid: 21, parent: 20, start: "2", sshd: true},  // the user's side
			process{pid: 22, parent: 21, start: "2", grant: mine}, // shell
			process{pid: 23, parent: 22, start: "2"},              // cleared its environment
			process{pid: 24, parent: 1, start: "2", grant: mine},  // detached
			process{pid: 30, parent: 10, start: "3", sshd: true},  // somebody else
			process{pid: 31, parent: 30, start: "3", grant: theirs},
			process{pid: 40, parent: 1, start: "4"})
		n, err := m.Count(ctx, mine)
		require.NoError(t, err)
		require.Equal(t, 2, n, "one connection, one that has lost its")
		require.NoError(t, m.Cut(ctx, mine))
		require.Equal(t, map[int]bool{10: true, 30: true, 31: true, 40: true}, m.left())
	})
	t.Run("RecordedButNoProcessOfItsOwn", func(t *testing.T) {
		m := newMachine(t, listener, process{pid: 20, parent: 10, start: "2", sshd: true})
		m.record(t, "20.2", mine)
		require.NoError(t, m.Cut(ctx, mine))
		require.Equal(t, map[int]bool{10: true}, m.left())
	})
	t.Run("NumberUsedAgain", func(t *testing.T) {
		m := newMachine(t, listener, process{pid: 20, parent: 10, start: "9", sshd: true})
		m.record(t, "20.2", mine)
		n, err := m.Count(ctx, mine)
		require.NoError(t, err)
		require.Zero(t, n)
		require.NoFileExists(t, m.dir.Path("sessions", "20.2"))
	})
	t.Run("BadRecords", func(t *testing.T) {
		m := newMachine(t, process{pid: 20, parent: 1, start: "2"})
		m.record(t, "1.2", mine)
		m.record(t, "-20.2", mine)
		m.record(t, "x", mine)
		m.record(t, ".20.99", mine)
		m.record(t, "20.2", "root")
		require.NoError(t, m.Cut(ctx, mine))
		require.Len(t, m.table, 1)
	})
	t.Run("FakeTitleInside", func(t *testing.T) { // the user calls a program "sshd: x"
		m := newMachine(t, listener,
			process{pid: 20, parent: 10, start: "2", sshd: true},
			process{pid: 21, parent: 20, start: "2", sshd: true},
			process{pid: 22, parent: 21, start: "2", grant: mine})
		require.Equal(t, 20, root(m.table, 22))
	})
	t.Run("Circular", func(t *testing.T) {
		m := newMachine(t, process{pid: 20, parent: 21, start: "2", grant: mine}, process{pid: 21, parent: 20, start: "2"})
		require.NoError(t, m.Cut(ctx, mine))
		require.Empty(t, m.table)
	})
	t.Run("NeverThisProcess", func(t *testing.T) {
		m := newMachine(t, process{pid: os.Getpid(), parent: 1, start: "2", grant: mine})
		require.NoError(t, m.Cut(ctx, mine))
		require.Len(t, m.table, 1)
	})
	t.Run("WillNotDie", func(t *testing.T) {
		m := newMachine(t, process{pid: 20, parent: 1, start: "2", grant: mine})
		m.kill = func(process) error { return nil }
		ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		require.Equal(t, access.CodeUnavailable, access.CodeOf(m.Cut(ctx, mine)))
	})
	t.Run("NotAllowed", func(t *testing.T) {
		m := newMachine(t, process{pid: 20, parent: 1, start: "2", grant: mine})
		m.kill = func(process) error { return os.ErrPermission }
		require.Equal(t, access.CodeForbidden, access.CodeOf(m.Cut(ctx, mine)))
	})
}

func TestIsConnection(t *testing.T) {
	for title, want := range map[string]bool{
		"sshd: root@pts/0": true, "sshd: deploy [priv]": true, "sshd-session: deploy [priv]": true,
		"sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups": false, "/usr/sbin/sshd\x00-D": false,
		"bash": false, "": false,
	} {
		require.Equal(t, want, isConnection(title), title)
	}
}
