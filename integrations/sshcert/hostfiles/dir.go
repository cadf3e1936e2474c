package hostfiles

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"ramp.dev/ramp/access"
)

// UserShape matches login names. They become names of files.
var UserShape = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)

const (
	principalsDir = "principals"
	issuedDir     = "issued"
	closedDir     = "closed"
	sessionsDir   = "sessions"
	usageDir      = "usage"
	revokedFile   = "revoked_keys"
	caFile        = "ca.pub"
	lockFile      = ".lock"
)

// Dir is the directory that a host and its target share. It is safe for concurrent
// use, also by several processes, as long as changes are made under Lock. Errors of
// the disk are of code unavailable: they prove nothing.
type Dir struct {
	path string
	disk Disk
}

// New returns the directory at path.
func New(path string, disk Disk) *Dir { return &Dir{path: path, disk: disk} }

// Path returns the path of a file in the directory.
func (d *Dir) Path(elem ...string) string {
	return filepath.Join(append([]string{d.path}, elem...)...)
}

// RevokedPath returns the path of the list of revoked keys.
func (d *Dir) RevokedPath() string { return d.Path(revokedFile) }

// CAPath returns the path of the certificate authority's public key.
func (d *Dir) CAPath() string { return d.Path(caFile) }

// Create creates the files and directories that do not exist yet. Those that
// sshd reads are readable by all, the others by the worker alone.
func (d *Dir) Create() error {
	for dir, perm := range map[string]fs.FileMode{
		".": 0o755, principalsDir: 0o755, issuedDir: 0o700, closedDir: 0o700, sessionsDir: 0o700, usageDir: 0o700,
	} {
		if err := os.MkdirAll(d.Path(dir), perm); err != nil {
			return unavailable(err)
		}
	}
	// sshd refuses every key if RevokedKeys names a file that it cannot read.
	f, err := os.OpenFile(d.RevokedPath(), os.O_CREATE|os.O_RDONLY, 0o644) // #nosec G302 -- revoked keys are no secret
	if err != nil {
		return unavailable(err)
	}
	return unavailable(f.Close())
}

// RemoveLeftovers removes what a writer that was killed left behind: a change is first
// written beside the file that it replaces, under a hidden name that ends in a number. No
// host reads such a file, but it names grants that may be closed by now. The caller holds
// the Lock, so that none of them is being written.
func (d *Dir) RemoveLeftovers() error {
	for _, dir := range []string{".", principalsDir, issuedDir, closedDir, usageDir} {
		names, err := d.disk.Names(d.Path(dir))
		if err != nil {
			return unavailable(err)
		}
		for _, n := range names {
			if !leftover.MatchString(n) {
				continue
			}
			if err := d.disk.Remove(d.Path(dir, n)); err != nil {
				return unavailable(err)
			}
		}
	}
	return nil
}

// leftover matches the names under which OS.Replace writes.
var leftover = regexp.MustCompile(`^\.[a-z_].*[0-9]$`)

// Lock keeps all other writers out, in this process and others, until unlock is
// called.
func (d *Dir) Lock(ctx context.Context) (unlock func(), err error) {
	f, err := os.OpenFile(d.Path(lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unavailable(err)
	}
	// It polls, because a blocking flock cannot be stopped when ctx ends.
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil // closing lets go of the lock
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, unavailable(err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, access.Errorf(access.CodeUnavailable, "lock the host's files: %w", ctx.Err())
		case <-time.After(wait):
		}
	}
}

// PrincipalsFile is the principals file of one login.
type PrincipalsFile struct {
	User    string
	Content []byte
}

// AllPrincipals returns the principals files of all logins, in order of their
// names.
func (d *Dir) AllPrincipals() ([]PrincipalsFile, error) {
	names, err := d.names(principalsDir)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var files []PrincipalsFile
	for _, user := range names {
		if !UserShape.MatchString(user) {
			continue
		}
		content, err := d.Principals(user)
		if err != nil {
			return nil, err
		}
		files = append(files, PrincipalsFile{user, content})
	}
	return files, nil
}

// Principals returns one login's file; empty if there is none. The user must
// have UserShape.
func (d *Dir) Principals(user string) ([]byte, error) {
	b, err := d.disk.Read(d.Path(principalsDir, user))
	return b, unavailable(err)
}

// Admission returns one login's line for a principal, if there is one.
func (d *Dir) Admission(user, principal string) (Line, bool, error) {
	if !UserShape.MatchString(user) {
		return Line{}, false, nil
	}
	b, err := d.Principals(user)
	if err != nil {
		return Line{}, false, err
	}
	l, ok := Find(b, principal)
	return l, ok, nil
}

// SetPrincipals replaces one login's file. The caller holds the Lock.
func (d *Dir) SetPrincipals(user string, content []byte) error {
	return unavailable(d.disk.Replace(d.Path(principalsDir, user), content, 0o644))
}

// SetAdmission drops every line for a principal from the files of all logins and, if
// user is not empty, appends line to that login's file. Readers see each file as it
// was or as it will be. The caller holds the Lock.
func (d *Dir) SetAdmission(principal, user, line string) error {
	files, err := d.AllPrincipals()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(files, func(f PrincipalsFile) bool { return f.User == user }) && user != "" {
		files = append(files, PrincipalsFile{User: user})
	}
	for _, f := range files {
		content, changed := Drop(f.Content, principal)
		if f.User == user {
			content, changed = Append(content, line), true
		}
		if !changed {
			continue
		}
		if err := d.SetPrincipals(f.User, content); err != nil {
			return err
		}
	}
	return nil
}

// Admissions returns all lines for a principal, by login.
func (d *Dir) Admissions(principal string) (map[string][]Line, error) {
	files, err := d.AllPrincipals()
	out := map[string][]Line{}
	for _, f := range files {
		for _, l := range Lines(f.Content) {
			if l.Principal == principal {
				out[f.User] = append(out[f.User], l)
			}
		}
	}
	return out, err
}

// names returns the names in a directory, without files that are being written.
func (d *Dir) names(dir string) ([]string, error) {
	all, err := d.disk.Names(d.Path(dir))
	names := make([]string, 0, len(all))
	for _, n := range all {
		if !strings.HasPrefix(n, ".") {
			names = append(names, n)
		}
	}
	return names, unavailable(err)
}

func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return access.Errorf(access.CodeUnavailable, "the host's files: %w", err)
}
