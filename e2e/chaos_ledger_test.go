package e2e

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/netfault"
	"ramp.dev/ramp/ledger/ledgertest"
)

// chaosLedger is a real Postgres that can be reached over two wires, the workers'
// and the server's, and that can be set back to what it was some time ago.
type chaosLedger struct {
	t       *testing.T
	address string // past every wire
	dir     string // of backups
	mu      sync.Mutex
	backups []time.Time
	lost    []window // what was recorded in one of these is lost
}

// window is a time from which the record was lost.
type window struct{ from, to time.Time }

func newChaosLedger(t *testing.T) *chaosLedger {
	return &chaosLedger{t: t, address: ledgertest.Postgres(t), dir: t.TempDir()}
}

// through is the ledger's address over a wire.
func (l *chaosLedger) through(x *netfault.Wire) string {
	u, err := url.Parse(l.address)
	require.NoError(l.t, err)
	u.Host = x.Address()
	return u.String()
}

// host is where Postgres itself listens.
func (l *chaosLedger) host() string {
	u, err := url.Parse(l.address)
	require.NoError(l.t, err)
	return u.Host
}

// tool runs one of Postgres's own programs.
func (l *chaosLedger) tool(name string, args ...string) {
	out, err := l.tryTool(name, args...)
	require.NoError(l.t, err, "%s: %s", name, out)
}

func (l *chaosLedger) tryTool(name string, args ...string) ([]byte, error) {
	places, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(places) > 0 {
		name = slices.Max(places)
	}
	return exec.Command(name, args...).CombinedOutput()
}

func (l *chaosLedger) file() string { return filepath.Join(l.dir, "backup.sql") }

// backUp keeps the ledger as it is now.
func (l *chaosLedger) backUp() {
	at := time.Now()
	l.tool("pg_dump", "-d", l.address, "-n", "public", "-f", l.file()+".new")
	require.NoError(l.t, os.Rename(l.file()+".new", l.file()))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.backups = append(l.backups, at)
}

// restore puts the last backup back while everything runs, as somebody in a hurry
// would; false if there is none.
func (l *chaosLedger) restore() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.backups) == 0 {
		return false
	}
	for tries := 1; ; tries++ {
		out, err := l.tryTool("psql", "-d", l.address, "-q", "-v", "ON_ERROR_STOP=1", "-1", "-c", "DROP SCHEMA public CASCADE", "-f", l.file())
		if err == nil {
			break
		}
		// Dropping takes one table after the other, and so does a transaction of Ramp:
		// Postgres undoes the one or the other. It is one transaction, made again.
		if tries == 20 || !bytes.Contains(out, []byte("deadlock detected")) {
			require.NoError(l.t, err, "%s", out)
		}
	}
	l.lost = append(l.lost, window{l.backups[len(l.backups)-1], time.Now()})
	// Connections from before have plans of tables that are gone.
	l.hangUp()
	return true
}

// hangUp ends every connection to the ledger, in the middle of whatever it does.
func (l *chaosLedger) hangUp() {
	l.tool("psql", "-d", l.address, "-q", "-c", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()")
}

// lostSome reports whether some of what was recorded between two times may be lost.
func (l *chaosLedger) lostSome(from, to time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.lost, func(w window) bool { return from.Before(w.to) && to.After(w.from) })
}

func (l *chaosLedger) restored() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lost) > 0
}

// ledgerFaults are what goes wrong between Ramp and its ledger.
func (w *chaosInstallation) ledgerFaults(kinds map[string]func() fault, long func() time.Duration) {
	for name, wires := range map[string][]*netfault.Wire{
		"worker to ledger": {w.wires["ledger"]}, "server to ledger": {w.wires["ledger of the server"]},
		"ledger of everything": {w.wires["ledger"], w.wires["ledger of the server"]},
	} {
		between := func(what string, harm func(*netfault.Wire) func()) {
			kinds[what+": "+name] = func() fault {
				var mend []func()
				return fault{lasts: long(), begin: func() bool {
					for _, x := range wires {
						mend = append(mend, harm(x))
					}
					return true
				}, end: func() {
					for _, m := range mend {
						m()
					}
				}}
			}
		}
		between("network cut", (*netfault.Wire).Silent)
		if name == "ledger of everything" {
			continue
		}
		between("network slow", func(x *netfault.Wire) func() { return x.Slow(400) })
		between("reset after the effect", (*netfault.Wire).Reset)
		between("torn in the middle of an answer", func(x *netfault.Wire) func() { return x.Torn(700) })
		between("half open, what is asked vanishes", (*netfault.Wire).Deaf)
	}
	kinds["every connection to the ledger ended"] = func() fault {
		return fault{begin: func() bool { w.postgres.hangUp(); return true }, end: func() {}}
	}
}

// restores are faults of their own: what was recorded since the backup is lost,
// so that less can be wanted of the requests of that time.
func (w *chaosInstallation) restores(n int, within time.Duration) (out []fault) {
	for i := range n {
		at := within * time.Duration(2*i+1) / time.Duration(2*n)
		out = append(out,
			fault{kind: "ledger backed up", at: at, begin: func() bool { w.postgres.backUp(); return true }, end: func() {}},
			fault{kind: "ledger restored from that backup", at: at + restoredAfter, begin: func() bool {
				if !w.postgres.restored() { // afterwards nothing more is signed
					w.keepCheckpoint()
				}
				return w.postgres.restore()
			}, end: func() {}})
	}
	return out
}

// checkpoint is where the auditor keeps the last checkpoint.
func (w *chaosInstallation) checkpoint() string { return filepath.Join(w.dir, "checkpoint") }

// keepCheckpoint has the auditor keep what the server signs now.
func (w *chaosInstallation) keepCheckpoint() {
	w.eventually(time.Minute, "an auditor keeps a checkpoint", func() bool {
		out, err := w.as("carol").ramp("audit", "checkpoint", "--key", filepath.Join(w.dir, "keys", "server.pub"), "--save", w.checkpoint())
		if err != nil {
			w.Logf("no checkpoint yet: %s", out)
		}
		return err == nil
	})
}

// restoredAfter is how old a backup is that is put back.
const restoredAfter = 15 * time.Second
