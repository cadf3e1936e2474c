// Package localpostgres runs a Postgres server of this machine's packages as a child
// process: for tests, and for `ramp dev`.
package localpostgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Superuser is the login that may do everything, if nothing else is said.
const Superuser = "postgres"

// Config says where a server is.
type Config struct {
	Dir      string // for this server alone; made if it is not there
	Addr     string // host:port
	User     string // the superuser's name, when the data are made; Superuser
	Password string // theirs; none lets everybody in who reaches the port
	Durable  bool   // the data outlive a crash of the machine
	Settings []string
}

// Server is a running server.
type Server struct {
	config  Config
	program string
	as      *syscall.SysProcAttr
	mu      sync.Mutex
	cmd     *exec.Cmd
	exited  chan struct{}
	log     *log
}

// log keeps the end of what a server said.
type log struct {
	mu   sync.Mutex
	text []byte
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	l.text = l.text[max(0, len(l.text)-1<<16):]
	return len(b), nil
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// binVariable names the directory of Postgres' programs, for those who try a version that
// is installed nowhere.
const binVariable = "RAMP_POSTGRES_BIN"

// endsWithin is how long a server may take that was told to end.
const endsWithin = 30 * time.Second

// AwaitEnd waits until the server of a directory has ended whose parent died: it is told
// so by the system, and takes a moment. A server that goes on is left to Start, which
// fails.
func AwaitEnd(ctx context.Context, dir string) {
	ctx, cancel := context.WithTimeout(ctx, endsWithin)
	defer cancel()
	for ctx.Err() == nil {
		b, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid")) // #nosec G304 -- Postgres' own
		line, _, _ := strings.Cut(string(b), "\n")
		pid, _ := strconv.Atoi(line)
		if err != nil || pid <= 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Find returns the path of a program of Postgres. It looks where Debian keeps it before
// PATH: what is there may be a wrapper that starts a server of its own.
func Find(name string) (string, error) {
	if dir := os.Getenv(binVariable); dir != "" {
		return filepath.Join(dir, name), nil
	}
	places, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(places) > 0 {
		return slices.Max(places), nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is missing; install Postgres (Debian: apt-get install postgresql)", name)
	}
	return path, nil
}

// Start makes the data if there are none, starts the server, and waits until it takes
// connections.
func Start(ctx context.Context, c Config) (*Server, error) {
	initdb, err := Find("initdb")
	if err != nil {
		return nil, err
	}
	if c.User == "" {
		c.User = Superuser
	}
	s := &Server{config: c}
	if s.program, err = Find("postgres"); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	if s.as, err = unprivileged(c.Dir); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(s.data(), "PG_VERSION")); errors.Is(err, fs.ErrNotExist) {
		if err := s.init(ctx, initdb); err != nil {
			return nil, err
		}
	}
	return s, s.Start(ctx)
}

func (s *Server) data() string { return filepath.Join(s.config.Dir, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...) // #nosec G204 -- Postgres' own programs
	cmd.Dir = s.config.Dir
	if s.as != nil {
		own := *s.as
		cmd.SysProcAttr = &own
	}
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"} // no PG variable of the user's
	return cmd
}

func (s *Server) init(ctx context.Context, initdb string) error {
	args := []string{"-D", s.data(), "-U", s.config.User, "-E", "UTF8", "--no-sync"}
	if s.config.Password == "" {
		args = append(args, "-A", "trust")
	} else {
		file, err := s.passwordFile()
		if err != nil {
			return err
		}
		defer os.Remove(file)
		args = append(args, "-A", "scram-sha-256", "--pwfile="+file)
	}
	cmd := s.command(initdb, args...)
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// passwordFile makes a file that initdb reads once.
func (s *Server) passwordFile() (string, error) {
	f, err := os.CreateTemp(s.config.Dir, "password")
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(s.config.Password + "\n")
	if s.as != nil {
		err = errors.Join(err, f.Chown(int(s.as.Credential.Uid), int(s.as.Credential.Gid)))
	}
	return f.Name(), errors.Join(err, f.Close())
}

// Start starts a server that was stopped, where it was.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	host, port, err := net.SplitHostPort(s.config.Addr)
	if err != nil {
		return err
	}
	args := []string{"-D", s.data(), "-h", host, "-p", port, "-k", s.config.Dir}
	if !s.config.Durable {
		args = append(args, "-F")
	}
	for _, setting := range s.config.Settings {
		args = append(args, "-c", setting)
	}
	s.cmd, s.exited, s.log = s.command(s.program, args...), make(chan struct{}), &log{}
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := run(s.cmd, s.exited); err != nil {
		return err
	}
	if err := s.await(ctx); err != nil {
		s.stop(syscall.SIGQUIT)
		return err
	}
	return nil
}

// run starts a command that ends with this process where the system can do that, and
// closes exited when it has ended. The system ties the command to the thread that started
// it, so that thread waits for it.
func run(cmd *exec.Cmd, exited chan struct{}) error {
	endWithParent(cmd)
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(exited)
		}
	}()
	return <-started
}

// await waits until the server takes connections: its port is open some time before.
func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL(s.config.User, s.config.Password, "postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.exited:
			return fmt.Errorf("postgres ended:\n%s", s.log)
		case <-ctx.Done():
			return fmt.Errorf("postgres does not take connections: %w\n%s", err, s.log)
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// URL is the address of a database for a login.
func (s *Server) URL(login, password, database string) string {
	u := url.URL{Scheme: "postgres", Host: s.config.Addr, Path: "/" + database, User: url.User(login), RawQuery: "sslmode=disable"}
	if password != "" {
		u.User = url.UserPassword(login, password)
	}
	return u.String()
}

// Addr is host and port.
func (s *Server) Addr() string { return s.config.Addr }

// Log is the end of what the server said.
func (s *Server) Log() string { return s.log.String() }

// Stop ends the server and its sessions, and waits.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop(syscall.SIGINT)
}

// Kill ends the server as a crash does, and waits.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop(syscall.SIGQUIT)
}

func (s *Server) stop(signal syscall.Signal) {
	_ = s.cmd.Process.Signal(signal)
	<-s.exited
}

// unprivileged returns the user as whom the server runs, and gives them the directory:
// Postgres refuses to run as root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, errors.New("running as root, and there is no user postgres or nobody to run Postgres as")
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil // #nosec G115 -- ids of users fit
}

// Dir is the server's directory; its data are below it.
func (s *Server) Dir() string { return s.config.Dir }
