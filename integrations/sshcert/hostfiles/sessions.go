package hostfiles

import (
	"os"
	"strconv"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// Connection is what the host wrote of one connection, in sessions/<pid>.<start>:
// the process that serves it, and which grant its certificate named.
type Connection struct {
	PID   int
	Start string // the process's start time, in the kernel's ticks: process ids are used again
	Grant string
	// Refused says that the host admitted nobody under this grant: it is no use of it.
	Refused bool
	At      time.Time // when it was recorded; zero if that cannot be read
}

// refusedMark follows the grant's name in the record of a connection that was refused.
const refusedMark = "refused"

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
		c, err := d.connection(Connection{PID: pid, Start: start})
		if err != nil {
			return nil, err
		}
		if _, ours := access.RequestIDFromGrantName(c.Grant); ours {
			out = append(out, c)
		}
	}
	return out, nil
}

// connection reads what is recorded of one connection: of one that is forgotten, no grant.
func (d *Dir) connection(c Connection) (Connection, error) {
	b, err := d.disk.Read(d.connectionPath(c))
	if err != nil {
		return c, unavailable(err)
	}
	said := strings.Fields(string(b))
	c.Grant = ""
	if len(said) > 0 {
		c.Grant = said[0]
	}
	c.Refused = len(said) == 2 && said[1] == refusedMark
	if info, err := os.Stat(d.connectionPath(c)); err == nil {
		c.At = info.ModTime()
	}
	return c, nil
}

// id is the name of the connection's record: no two have the same.
func (c Connection) id() string { return strconv.Itoa(c.PID) + "." + c.Start }

func (d *Dir) connectionPath(c Connection) string { return d.Path(sessionsDir, c.id()) }

// BeginConnection records a connection, for a host that is no sshd.
func (d *Dir) BeginConnection(c Connection) error {
	return unavailable(d.disk.Replace(d.connectionPath(c), []byte(c.Grant+"\n"), 0o600))
}
