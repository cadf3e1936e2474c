// Package mysqltest runs a real MariaDB for tests of the target, with databases that have
// something in them, set up as an administrator would.
package mysqltest

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
	"strconv"
	"syscall"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/mysql"
	"ramp.dev/ramp/internal/ports"
	"ramp.dev/ramp/internal/testcert"
	"ramp.dev/ramp/internal/testtools"
)

// RampPassword is the password of Ramp's own account.
const RampPassword = "ramps-own-password" // #nosec G101 -- of a test's server, which is gone with the test

// Server is one running server. Database sales has orders, refunds and a table with a
// hostile name, workshop is for making things; carol is an account that may run what is
// in workshop; there are the roles orders_read, orders_write, makers and one with a
// hostile name.
type Server struct {
	dir, addr    string
	passwordFile string
	cmd          *exec.Cmd
	exited       chan struct{}
	log          *testtools.Output
}

// HostileTable is the name of a table, and HostileRole that of a role, as nobody should
// call one.
const (
	HostileTable = "sales.`or``ders; drop table x -- '\"`"
	HostileRole  = "read \"all\"; drop role x; --'\\`"
)

// world is what the server has.
func world() []string {
	role := "`read \"all\"; drop role x; --'\\```"
	return []string{
		"CREATE DATABASE sales", "CREATE DATABASE workshop", "CREATE DATABASE salesx1", "CREATE DATABASE sales_1",
		"CREATE TABLE sales.orders (id INT PRIMARY KEY, what VARCHAR(100))", "INSERT INTO sales.orders VALUES (1, 'a book')",
		"CREATE TABLE sales.refunds (id INT PRIMARY KEY AUTO_INCREMENT)", "CREATE TABLE " + HostileTable + " (id INT)",
		"CREATE TABLE salesx1.orders (id INT)", "CREATE TABLE sales_1.orders (id INT)", "CREATE TABLE workshop.done (id INT PRIMARY KEY AUTO_INCREMENT)",
		"CREATE ROLE orders_read", "CREATE ROLE orders_write", "CREATE ROLE makers", "CREATE ROLE admins", "CREATE ROLE " + role,
		"GRANT SELECT ON sales.orders TO orders_read", "GRANT SELECT ON sales.orders TO " + role,
		"GRANT SELECT, INSERT, UPDATE ON sales.orders TO orders_write",
		"GRANT SELECT, INSERT, EXECUTE, CREATE VIEW, CREATE ROUTINE, TRIGGER, EVENT ON workshop.* TO makers", "GRANT SELECT ON sales.orders TO makers",
		"GRANT CREATE USER ON *.* TO admins",
		"CREATE USER carol@'%' IDENTIFIED BY 'carols'", "GRANT EXECUTE, SELECT ON workshop.* TO carol@'%'",
	}
}

// Start runs a server until the test ends, with its event scheduler and performance_schema
// on. Without MariaDB on the machine the test fails.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	return start(t, settings, nil)
}

// StartTLS is Start for a server that speaks TLS, and returns the file of the authority
// that has signed its certificate, for 127.0.0.1.
func StartTLS(t testing.TB) (s *Server, authority string) {
	t.Helper()
	certs := testcert.New(t)
	settings := []string{"--ssl-cert=server.crt", "--ssl-key=server.key"} // in the directory of the data
	return start(t, settings, map[string]string{"server.crt": certs.Cert, "server.key": certs.Key}), certs.Authority
}

// start starts a server with more files in its directory of data.
func start(t testing.TB, settings []string, files map[string]string) *Server {
	t.Helper()
	// Not t.TempDir: as root, the server runs as another user, who must reach its directory;
	// and the path of a socket has at most 107 bytes.
	dir, err := os.MkdirTemp("", "ramp-mariadb-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &Server{dir: dir, addr: ports.ForTest(t), passwordFile: filepath.Join(t.TempDir(), "password")}
	require.NoError(t, os.WriteFile(s.passwordFile, []byte(RampPassword+"\n"), 0o600))
	as := s.unprivileged(t)
	data := filepath.Join(dir, "data")
	install := exec.Command(find(t, "mariadb-install-db"), "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db") // #nosec G204 -- MariaDB's own programs
	// A server that starts deletes what other servers' statements have in the directory that
	// it takes for temporary files, and one whose files are gone crashes.
	own := append(os.Environ(), "TMPDIR="+dir)
	install.Dir, install.SysProcAttr, install.Env = dir, as, own
	out, err := install.CombinedOutput()
	require.NoError(t, err, "mariadb-install-db: %s", out)
	for name, from := range files {
		b, err := os.ReadFile(from) // #nosec G304 -- the test's own
		require.NoError(t, err)
		path := filepath.Join(data, name)
		require.NoError(t, os.WriteFile(path, b, 0o600)) // #nosec G703 -- the test names the file, in a folder of its own
		if as != nil {
			require.NoError(t, os.Chown(path, int(as.Credential.Uid), int(as.Credential.Gid)))
		}
	}
	host, port, err := net.SplitHostPort(s.addr)
	require.NoError(t, err)
	args := append([]string{"--no-defaults", "--datadir=" + data, "--socket=" + s.socket(), "--bind-address=" + host, "--port=" + port, "--event-scheduler=ON",
		"--performance-schema=ON", "--performance-schema-accounts-size=0", "--performance-schema-users-size=0",
		"--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-doublewrite=0", "--aria-sync-log-dir=NEVER", "--sync-frm=0", "--skip-name-resolve"}, settings...)
	s.cmd, s.exited, s.log = exec.Command(find(t, "mariadbd"), args...), make(chan struct{}), &testtools.Output{} // #nosec G204 -- likewise
	s.cmd.Dir, s.cmd.SysProcAttr, s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = dir, as, own, s.log, s.log
	require.NoError(t, s.cmd.Start())
	go func() {
		_ = s.cmd.Wait()
		close(s.exited)
	}()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("mariadbd's log:\n" + s.log.String())
		}
	})
	t.Cleanup(s.Kill)
	s.await(t)
	s.Exec(t, world()...)
	return s
}

// find returns the path of a program of MariaDB.
func find(t testing.TB, name string) string {
	for _, place := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(place); err == nil {
			return path
		}
	}
	require.Fail(t, name+" is missing; install MariaDB (Debian: apt-get install mariadb-server)")
	return ""
}

// unprivileged returns the user as whom the server runs, and gives them the directory:
// MariaDB refuses to run as root.
func (s *Server) unprivileged(t testing.TB) *syscall.SysProcAttr {
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("mysql")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	require.NoError(t, err, "running as root, and there is no user mysql or nobody to run MariaDB as")
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	require.NoError(t, err)
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	require.NoError(t, err)
	require.NoError(t, os.Chown(s.dir, int(uid), int(gid))) // #nosec G115 -- ids of users fit
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

func (s *Server) socket() string { return filepath.Join(s.dir, "s") }

// await waits until the server takes connections.
func (s *Server) await(t testing.TB) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		err := s.Try(ctx, "DO 1")
		if err == nil {
			return
		}
		select {
		case <-s.exited:
			require.Fail(t, "mariadbd ended:\n"+s.log.String())
		case <-ctx.Done():
			require.NoError(t, err, "mariadbd does not take connections:\n%s", s.log)
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// Kill ends the server as a crash does, and waits.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// Addr is host and port.
func (s *Server) Addr() string { return s.addr }

// Root is how the administrator connects.
func (s *Server) Root() *driver.Config {
	c := driver.NewConfig()
	c.User, c.Net, c.Addr, c.Logger = "root", "unix", s.socket(), &driver.NopLogger{}
	return c
}

// As is how an account connects over the network.
func (s *Server) As(login, password string) *driver.Config {
	c := driver.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.Logger = login, password, "tcp", s.addr, &driver.NopLogger{}
	return c
}

// Connect opens one connection, which Close ends.
func Connect(ctx context.Context, c *driver.Config) (*sql.Conn, func(), error) {
	connector, err := driver.NewConnector(c)
	if err != nil {
		return nil, nil, err
	}
	db := sql.OpenDB(connector)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return conn, func() { _ = errors.Join(conn.Close(), db.Close()) }, nil
}

// Config is a configuration of a target on this server. What it may give is in Setup.
func (s *Server) Config() mysql.Config { return s.ConfigAt(s.addr) }

// ConfigAt is Config for a server that is reached at another address, as through a proxy.
func (s *Server) ConfigAt(address string) mysql.Config {
	return mysql.Config{Address: address, TLS: "disable", Password: field.SecretFile(s.passwordFile), RolesMayCreate: true,
		Roles: []string{"orders_read", "orders_write", "makers", HostileRole},
		Objects: map[string][]string{"sales.orders": {"select", "insert"}, "sales.refunds": {"select"}, "sales_1.*": {"select"},
			HostileTable: {"select"}, "workshop.*": {"select", "insert"}}}
}

// Setup runs what a configuration's administrator runs.
func (s *Server) Setup(t testing.TB, c mysql.Config) {
	t.Helper()
	s.Exec(t, c.Setup()...)
	s.Exec(t, "SET PASSWORD FOR ramp@'%' = PASSWORD('"+RampPassword+"')")
}

// Exec runs statements as the administrator, in one session.
func (s *Server) Exec(t testing.TB, statements ...string) {
	t.Helper()
	require.NoError(t, s.Try(t.Context(), statements...))
}

// Try is Exec for a test that goes on.
func (s *Server) Try(ctx context.Context, statements ...string) error {
	conn, end, err := Connect(ctx, s.Root())
	if err != nil {
		return err
	}
	defer end()
	for _, one := range statements {
		if _, err := conn.ExecContext(ctx, one); err != nil {
			return fmt.Errorf("%.200s: %w", one, err)
		}
	}
	return nil
}

// Texts returns the first column of what the administrator reads.
func (s *Server) Texts(ctx context.Context, query string, args ...any) (out []string, err error) {
	conn, end, err := Connect(ctx, s.Root())
	if err != nil {
		return nil, err
	}
	defer end()
	rows, err := conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, rows.Err()
}

// File is the path of a file of the server's, whose data are in data.
func (s *Server) File(name string) string { return filepath.Join(s.dir, name) }
