package ledger_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/ledgertest"
)

// smallDisk mounts a file system of a few megabytes, and reports whether it could:
// root may.
func smallDisk(t *testing.T) (dir string, mounted bool) {
	dir = t.TempDir()
	err := syscall.Mount("ramp-test", dir, "tmpfs", 0, "size=3m")
	if os.Getuid() != 0 && errors.Is(err, syscall.EPERM) {
		return dir, false
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir, true
}

// fill fills a disk, and returns how to make room again. Where none was mounted,
// SQLite is told not to grow.
func fill(t *testing.T, l *ledger.Ledger, dir string, mounted bool) (room func()) {
	if !mounted {
		require.NoError(t, l.LimitPages(1))
		return func() { require.NoError(t, l.LimitPages(1<<30)) }
	}
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	require.NoError(t, err)
	for err = nil; err == nil; {
		_, err = f.Write(bytes.Repeat([]byte("x"), 4096))
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, f.Close())
	return func() { require.NoError(t, os.Remove(path)) }
}

// full reports whether an error says in words that there is no room.
func full(t *testing.T, err error) {
	t.Helper()
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.Len(t, access.IssuesOf(err), 1, "%v", err)
	require.Equal(t, ledger.IssueLedgerFull, access.IssuesOf(err)[0].Code, "%v", err)
}

// TestCase84DiskFull: a person who asks is told, what was recorded stays, and it goes on
// by itself once there is room.
func TestCase84DiskFull(t *testing.T) {
	dir, mounted := smallDisk(t)
	l, err := ledger.Open(ctx, "sqlite:"+filepath.Join(dir, "ledger.db"))
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	b := fixture{T: t, Ledger: l}
	first := b.submitted()
	require.NoError(t, l.Ping(ctx))
	room := fill(t, l, dir, mounted)
	var taken []string
	for err = nil; err == nil; { // what SQLite has set aside takes some more
		s := b.submission()
		s.Input.Reason = strings.Repeat("long ", 2000)
		if _, err = l.Submit(ctx, s); err == nil {
			taken = append(taken, s.Request.ID)
		}
	}
	full(t, err)
	full(t, l.Ping(ctx))
	for range 200 { // however often it is tried
		_, err := l.Submit(ctx, b.submission(func(s *ledger.Submission) { s.Input.Reason = strings.Repeat("long ", 2000) }))
		full(t, err)
	}
	require.Equal(t, first.Request.Plan, b.reload(first.Request.ID).Plan, "it can still be read")
	room()
	require.NoError(t, l.Ping(ctx), "with nobody's help")
	taken = append(taken, first.Request.ID, b.submitted().Request.ID)
	for _, id := range taken {
		require.Equal(t, access.StatePending, b.reload(id).State, "what was acknowledged is there")
	}
	tree, err := l.Tree(ctx)
	require.NoError(t, err)
	entries, err := l.Entries(ctx, 0, tree.Size)
	require.NoError(t, err)
	require.Len(t, entries, len(taken))
	require.EqualValues(t, len(taken), tree.Size, "nothing that was refused is in the log")
}

// TestCase84PostgresWithoutRoom: a Postgres whose own error says that its disk is
// full is told apart from one that is down.
func TestCase84PostgresWithoutRoom(t *testing.T) {
	address := ledgertest.Postgres(t)
	l, err := ledger.Open(ctx, address)
	require.NoError(t, err)
	defer l.Close()
	require.NoError(t, l.Ping(ctx))
	raw, err := sql.Open("pgx", address)
	require.NoError(t, err)
	defer raw.Close()
	_, err = raw.Exec(`CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
		CREATE TRIGGER no_room BEFORE INSERT ON room FOR EACH ROW EXECUTE FUNCTION no_room()`)
	require.NoError(t, err)
	full(t, l.Ping(ctx))
	_, err = raw.Exec(`DROP TRIGGER no_room ON room`)
	require.NoError(t, err)
	require.NoError(t, l.Ping(ctx))
}
