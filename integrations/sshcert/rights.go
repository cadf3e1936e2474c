package sshcert

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var _ integrations.RightsReader = (*target)(nil)

// Rights implements integrations.RightsReader. A host has no account of Ramp's: what counts
// is who may read the authority's key, with which anybody makes themselves certificates, and
// who may write what the host goes by, or put something else in the place of either. It looks
// at owners and modes; access control lists, and who is root, it does not see. Errors are of
// code unavailable.
func (t *target) Rights(context.Context) (r integrations.Rights, err error) {
	own := os.Geteuid()
	if own == 0 && !t.config.Sessions.Processes {
		r.TooMuch = append(r.TooMuch, "everything on this machine: the worker runs as root, which only sessions.processes needs")
	}
	if own != 0 && t.config.Sessions.Processes {
		r.Lacks = append(r.Lacks, "to end sessions of others: with sessions.processes the worker runs as root")
	}
	looked, err := t.goesBy()
	if err != nil {
		return r, err
	}
	if t.config.Authority == nil {
		key := guarded{string(t.config.CA), "has the authority's key", 0o077}
		if looked, err = key.withDirectories(append(looked, key), "leads to the authority's key, and may lead to another"); err != nil {
			return r, err
		}
	} else {
		r.Unknown = append(r.Unknown, keeperKnows)
	}
	more, err := othersMay(looked)
	r.TooMuch = append(r.TooMuch, more...)
	return r, err
}

// goesBy returns what the host goes by, with the directories on the way. Errors are of code
// unavailable.
func (t *target) goesBy() ([]guarded, error) {
	looked := []guarded{
		{t.dir.Path(), "has what the host goes by", 0o022},
		{t.dir.CAPath(), "says which authority the host trusts", 0o022},
		{t.dir.Path("principals"), "says who is let in", 0o022},
		{t.dir.RevokedPath(), "says which keys are refused", 0o022},
	}
	return looked[0].withDirectories(looked, "leads to what the host goes by")
}

const keeperKnows = "what else may be signed with the authority's key: its keeper knows"

// othersMay returns what others than root and this process may do with files.
func othersMay(looked []guarded) (tooMuch []string, err error) {
	own := os.Geteuid()
	for _, one := range looked {
		info, err := os.Stat(one.path)
		if err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "%w", err)
		}
		mode := info.Mode()
		if may := mode.Perm() & one.others; may != 0 && mode&fs.ModeSticky == 0 {
			tooMuch = append(tooMuch, fmt.Sprintf("others than its owner may %s %s, which %s (mode %04o)", verb(may), one.path, one.harm, mode.Perm()))
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && int64(stat.Uid) != int64(own) && stat.Uid != 0 {
			tooMuch = append(tooMuch, fmt.Sprintf("user %d owns %s, which %s, and is neither root nor the worker", stat.Uid, one.path, one.harm))
		}
	}
	return tooMuch, nil
}

// guarded is a file, or a directory.
type guarded struct {
	path, harm string
	others     fs.FileMode // what nobody but the owner may do
}

// withDirectories adds the directories on the way to a file to those that are looked at. Who may
// write one of them can put another in the place of what it leads to.
func (g guarded) withDirectories(looked []guarded, harm string) ([]guarded, error) {
	dirs, err := directoriesTo(g.path)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "%w", err)
	}
	for _, dir := range dirs {
		if !slices.ContainsFunc(looked, func(seen guarded) bool { return seen.path == dir }) {
			looked = append(looked, guarded{dir, harm, 0o022})
		}
	}
	return looked, nil
}

// maxLinks is how many symbolic links lead to one file, at the most.
const maxLinks = 40

// directoriesTo returns every directory that is gone through to a file, also by symbolic links: those
// that have the links, and those that the links lead to.
func directoriesTo(path string) (dirs []string, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	at, rest := "/", strings.Split(path, "/")
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		if name == "" || name == "." {
			continue
		}
		if !slices.Contains(dirs, at) {
			dirs = append(dirs, at)
		}
		next := filepath.Join(at, name) // of .. too: what is before it is no link any more
		info, err := os.Lstat(next)
		if err != nil {
			return nil, err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return nil, fmt.Errorf("%s: more than %d symbolic links", path, maxLinks)
		}
		to, err := os.Readlink(next)
		if err != nil {
			return nil, err
		}
		if filepath.IsAbs(to) {
			at = "/"
		}
		rest = append(strings.Split(to, "/"), rest...)
	}
	return dirs, nil
}

func verb(may fs.FileMode) string {
	if may&0o022 != 0 {
		return "write"
	}
	return "read"
}
