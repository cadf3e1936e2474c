package sshhost

import (
	"context"
	"strconv"
	"time"

	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

// recordWithin bounds the wait for the directory's lock.
const recordWithin = 10 * time.Second

// record records a connection, as the admit script of an sshd does, and returns what
// records its end. A connection whose record cannot be written is served all the same.
func (h *Host) record(c *connection) (end func()) {
	// No process, but shaped like one; the second part is of this run of the host alone.
	one := hostfiles.Connection{PID: int(h.numbers.Add(1)) + 1, Start: strconv.FormatInt(h.started.UnixNano(), 10), Grant: c.grant}
	if err := h.dir.BeginConnection(one); err != nil {
		h.log.WithError(err).Warn("demo host: a connection is not recorded")
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), recordWithin)
		defer cancel()
		if err := h.endConnections(ctx, one); err != nil {
			h.log.WithError(err).Warn("demo host: the end of a connection is not recorded")
		}
	}
}

// endLeftOver records the end of what a host that was killed has left: nobody knows when
// it was.
func (h *Host) endLeftOver(ctx context.Context) error {
	all, err := h.dir.Connections()
	if err != nil || len(all) == 0 {
		return err
	}
	return h.endConnections(ctx, all...)
}

func (h *Host) endConnections(ctx context.Context, ended ...hostfiles.Connection) error {
	unlock, err := h.dir.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return h.dir.EndConnections(ended, time.Now())
}
