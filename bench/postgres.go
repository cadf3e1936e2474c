package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"

	"ramp.dev/ramp/dev/temporalserver"
)

// postgres is a server of its own, with what it does by default: it flushes each commit.
type postgres struct {
	addr, user string
	cmd        *exec.Cmd
}

// ledgerDatabase is beside Temporal's two.
const ledgerDatabase = "ledger"

// startPostgres starts one in dir, with modules of Postgres's own: "" for none.
func startPostgres(ctx context.Context, dir, modules string) (p *postgres, err error) {
	var paths [2]string
	for i, name := range []string{"initdb", "postgres"} {
		if paths[i], err = findPostgres(name); err != nil {
			return nil, err
		}
	}
	p = &postgres{user: "ramp"}
	if p.addr, err = freeAddress(); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(p.addr)
	// As root, the server runs as another user, who must be able to reach its directory.
	own := filepath.Join(dir, "postgres")
	if err := errors.Join(os.Chmod(dir, 0o711), os.Mkdir(own, 0o700)); err != nil { // #nosec G302 -- other users pass through, and list nothing
		return nil, err
	}
	as, err := unprivileged(own)
	if err != nil {
		return nil, err
	}
	run := func(path string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, path, args...) // #nosec G204 -- Debian's programs of Postgres
		cmd.Dir, cmd.SysProcAttr = own, as
		return cmd
	}
	data := filepath.Join(own, "data")
	if out, err := run(paths[0], "-D", data, "-A", "trust", "-U", p.user, "-E", "UTF8").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	p.cmd = run(paths[1], "-D", data, "-h", "127.0.0.1", "-p", port, "-k", own, "-c", "max_connections=200", "-c", "shared_preload_libraries="+modules)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if err := await(ctx, 50*time.Millisecond, "until Postgres takes connections", func() (bool, error) {
		return p.execute(ctx, "CREATE DATABASE "+ledgerDatabase) == nil, nil
	}); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

func (p *postgres) address(database string) string {
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", p.user, p.addr, database)
}

func (p *postgres) execute(ctx context.Context, statement string) error {
	db, err := sql.Open("pgx", p.address("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}

func (p *postgres) temporal() *temporalserver.Postgres {
	return &temporalserver.Postgres{Addr: p.addr, User: p.user}
}

// stop ends the server at once; what was measured is measured.
func (p *postgres) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGQUIT)
	_ = p.cmd.Wait()
}

// findPostgres looks where Debian keeps its programs first: what is on PATH may be a
// wrapper.
func findPostgres(name string) (string, error) {
	if places, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(places) > 0 {
		return slices.Max(places), nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is missing; install Postgres (Debian: apt-get install postgresql)", name)
	}
	return path, nil
}

// unprivileged returns the user as whom the server runs, who owns dir then: Postgres
// refuses to run as root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, os.Chown(dir, int(uid), int(gid)) // #nosec G115 -- parsed as 32 bits
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
