// Package ledgertest starts a real, throw-away Postgres for tests.
package ledgertest

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"

	"ramp.dev/ramp/internal/ports"
)

// Postgres starts a server on a free loopback port and returns its address.
// Without Postgres on the machine the test fails: it never passes by skipping.
func Postgres(t testing.TB) string {
	t.Helper()
	initdb, postgres := find(t, "initdb"), find(t, "postgres")
	// Not t.TempDir: as root, the server runs as another user, who must be able
	// to reach its directory.
	dir, err := os.MkdirTemp("", "ramp-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	as := unprivileged(t, dir)
	data := filepath.Join(dir, "data")
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...) // #nosec G204 -- for tests
		cmd.Dir, cmd.SysProcAttr = dir, as
		return cmd
	}
	if out, err := run(initdb, "-D", data, "-A", "trust", "-U", "ramp", "--no-sync", "-E", "UTF8").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	port := ports.PortForTest(t).Number
	server := run(postgres, "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", dir, "-F")
	var log strings.Builder
	server.Stderr = &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { _ = server.Wait(); close(exited) }()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGQUIT)
		<-exited
	})
	address := fmt.Sprintf("postgres://ramp@127.0.0.1:%d/postgres?sslmode=disable", port)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		// The port is open some time before the server takes connections.
		if accepts(address) {
			break
		}
		select {
		case <-exited:
			t.Fatalf("postgres ended:\n%s", log.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("postgres did not start within 30 s")
		}
	}
	return address
}

// accepts reports whether the server takes connections.
func accepts(address string) bool {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return false
	}
	defer db.Close()
	return db.Ping() == nil
}

// find returns the path of a program of Postgres. It looks where Debian keeps it
// first: what is on PATH may be a wrapper that starts a server of its own.
func find(t testing.TB, name string) string {
	places, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(places) > 0 {
		return slices.Max(places)
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing; install Postgres (Debian: apt-get install postgresql)", name)
	}
	return path
}

// unprivileged returns the user as whom the server runs: Postgres refuses to run
// as root.
func unprivileged(t testing.TB, dir string) *syscall.SysProcAttr {
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		t.Fatal("running as root, and there is no user postgres or nobody to run Postgres as")
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}} // #nosec G115 -- ids of users fit
}
