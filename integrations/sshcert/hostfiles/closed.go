package hostfiles

import (
	"os"
	"time"
)

// keepClosed is how long a closed grant is remembered: far longer than a worker
// can hang between deciding to open a grant and opening it.
const keepClosed = 30 * 24 * time.Hour

// Close marks a grant as revoked. Without the mark, a worker that hangs while
// granting and continues after the revoke would open the grant again, and nobody
// would close it. The caller holds the Lock.
func (d *Dir) Close(grant string) error {
	was, err := d.IsClosed(grant)
	if err != nil || was {
		return err
	}
	return unavailable(d.disk.Replace(d.Path(closedDir, grant), []byte("closed\n"), 0o600))
}

// IsClosed reports whether a grant was revoked.
func (d *Dir) IsClosed(grant string) (bool, error) {
	b, err := d.disk.Read(d.Path(closedDir, grant))
	return b != nil, unavailable(err)
}

// Knows reports whether a grant was ever opened or closed in this directory, as far back
// as closed grants are remembered.
func (d *Dir) Knows(grant string) (bool, error) {
	closed, err := d.IsClosed(grant)
	if err != nil || closed {
		return closed, err
	}
	_, opened, err := d.usage(grant)
	return opened, err
}

// ForgetClosed removes the marks of grants that were closed long ago, and the records of
// how they were used.
func (d *Dir) ForgetClosed(now time.Time) error {
	names, err := d.names(closedDir)
	if err != nil {
		return err
	}
	for _, n := range names {
		info, err := os.Stat(d.Path(closedDir, n))
		if err != nil || now.Sub(info.ModTime()) < keepClosed {
			continue
		}
		for _, dir := range []string{usageDir, closedDir} {
			if err := d.disk.Remove(d.Path(dir, n)); err != nil {
				return unavailable(err)
			}
		}
	}
	return nil
}
