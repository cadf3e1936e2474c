package hostfiles

import (
	"bytes"
	"strconv"
	"strings"

	"ramp.dev/ramp/access"
)

// Connection is what the host wrote of one connection, in sessions/<pid>.<start>:
// the process that serves it, and which grant its certificate named.
type Connection struct {
	PID   int
	Start string // the process's start time, in the kernel's ticks: process ids are used again
	Grant string
}

// Connections are all that are recorded, those that have ended too.
func (d *Dir) Connections() ([]Connection, error) {
	names, err := d.names(sessionsDir)
	if err != nil {
		return nil, err
	}
	var out []Connection
	for _, n := range names {
		id, start, _ := strings.Cut(n, ".")
		pid, err := strconv.Atoi(id)
		if err != nil || pid <= 1 {
			continue
		}
		b, err := d.disk.Read(d.Path(sessionsDir, n))
		if err != nil {
			return nil, unavailable(err)
		}
		grant := string(bytes.TrimSpace(b))
		if _, ours := access.RequestIDFromGrantName(grant); ours {
			out = append(out, Connection{PID: pid, Start: start, Grant: grant})
		}
	}
	return out, nil
}

// DropConnection forgets one that has ended.
func (d *Dir) DropConnection(c Connection) error {
	return unavailable(d.disk.Remove(d.Path(sessionsDir, strconv.Itoa(c.PID)+"."+c.Start)))
}
