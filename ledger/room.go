package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"ramp.dev/ramp/access"
)

// roomSize is what Ping writes, in bytes: about as much as a request.
const roomSize = 16 << 10

// Ping returns an error if the ledger cannot be read or written. A disk that is full
// can be read: only a write finds out.
func (l *Ledger) Ping(ctx context.Context) error {
	if _, err := l.LastSeq(ctx); err != nil {
		return err
	}
	filler := make([]byte, roomSize)
	_, _ = rand.Read(filler) // it never fails; and what does not compress takes its room
	return l.tx(ctx, func(q querier) error {
		at := time.Now().UnixNano()
		if _, err := q.exec(ctx, `INSERT INTO room (at, filler) VALUES (?, ?) ON CONFLICT (at) DO NOTHING`, at, filler); err != nil {
			return err
		}
		_, err := q.exec(ctx, `DELETE FROM room WHERE at <> ?`, at)
		return err
	})
}

// IssueLedgerFull is the code of the issue of a disk without room.
const IssueLedgerFull = "ledger_full"

// unavailable is CodeUnavailable, in words that say what those who run Ramp can do
// about it; the database's own are the cause, for the log.
func unavailable(err error) error {
	if isFull(err) {
		return access.Refuse(access.CodeUnavailable, IssueLedgerFull, "the disk of the ledger is full: nothing can be recorded, and so nothing is done, until there is room")
	}
	return access.Errorf(access.CodeUnavailable, "the ledger cannot be used at the moment: %w", err)
}

// isFull reports whether a database says that its disk has no room.
func isFull(err error) bool {
	var lite *driver.Error
	if errors.As(err, &lite) {
		return lite.Code()&0xff == lib.SQLITE_FULL || lite.Code() == lib.SQLITE_IOERR_SHMSIZE
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "53100" // disk_full
}
