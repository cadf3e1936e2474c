package credential

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"ramp.dev/ramp/access"
)

// Session is a credential in a private directory that lives as long as this
// process uses it.
type Session struct {
	Cred access.Credential
	Env  map[string]string // for programs, beside the credential's own
	dir  string
	lock *os.File
	stop func()
}

// Open writes a credential's files into a private directory. It first removes the
// directories of processes that died before they could (docs/threats.md, case 77).
func Open(cred access.Credential) (*Session, error) {
	base, err := baseDir()
	if err != nil {
		return nil, err
	}
	lock, err := flock(filepath.Join(base, "lock"), syscall.LOCK_EX)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "%s: %w", base, err)
	}
	defer lock.Close()
	removeDead(base)
	dir, err := os.MkdirTemp(base, "access-")
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "credential: %w", err)
	}
	s := &Session{dir: dir, stop: func() {}}
	if s.lock, err = flock(filepath.Join(dir, "lock"), syscall.LOCK_EX); err != nil {
		s.Close()
		return nil, access.Errorf(access.CodeUnavailable, "%s: %w", dir, err)
	}
	if err := s.fill(cred); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Session) fill(cred access.Credential) error {
	placed, files, err := Place(cred, s.dir)
	if err != nil {
		return err
	}
	s.Cred = placed
	if err := write(s.dir, files); err != nil {
		return err
	}
	if placed.Kind == "ssh" {
		env, stop, err := sshHelpers(placed, s.dir)
		if err != nil {
			return err
		}
		s.Env, s.stop = env, stop
	}
	return nil
}

// Close removes everything.
func (s *Session) Close() {
	s.stop()
	_ = os.RemoveAll(s.dir)
	if s.lock != nil {
		s.lock.Close()
	}
}

// baseDir returns a directory that is this user's alone. In a directory that
// everybody may write to, somebody else may have made it first.
func baseDir() (string, error) {
	parent := os.Getenv("XDG_RUNTIME_DIR")
	if parent == "" {
		parent = os.TempDir()
	}
	base := filepath.Join(parent, fmt.Sprintf("ramp-%d", os.Getuid()))
	if err := os.Mkdir(base, 0o700); err != nil && !os.IsExist(err) { // #nosec G703 -- the user names their own directory; its owner and mode are checked below
		return "", access.Errorf(access.CodeUnavailable, "a place for credentials: %w", err)
	}
	info, err := os.Lstat(base) // #nosec G703 -- likewise
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "a place for credentials: %w", err)
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || info.Mode().Perm() != 0o700 || !ok || int(owner.Uid) != os.Getuid() {
		return "", access.Errorf(access.CodeConflict, "%s is not a directory of yours alone (mode 0700), so no credential is put there: remove it, or set XDG_RUNTIME_DIR", base)
	}
	return base, nil
}

// removeDead removes the directories whose lock nobody holds: the lock dies with
// its process, however that ends.
func removeDead(base string) {
	entries, _ := os.ReadDir(base)
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), "access-") {
			continue
		}
		dir := filepath.Join(base, e.Name())
		if lock, err := flock(filepath.Join(dir, "lock"), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			_ = os.RemoveAll(dir)
			lock.Close()
		}
	}
}

func flock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
