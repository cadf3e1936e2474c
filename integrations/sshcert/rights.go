package sshcert

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var _ integrations.RightsReader = (*target)(nil)

// Rights implements integrations.RightsReader. A host has no account of Ramp's: what counts
// is who may read the authority's key, with which anybody makes themselves certificates, and
// who may write what the host goes by. It looks at owners and modes; access control lists,
// and who is root, it does not see. Errors are of code unavailable.
func (t *target) Rights(context.Context) (r integrations.Rights, err error) {
	own := os.Geteuid()
	if own == 0 && !t.config.Sessions.Processes {
		r.TooMuch = append(r.TooMuch, "everything on this machine: the worker runs as root, which only sessions.processes needs")
	}
	if own != 0 && t.config.Sessions.Processes {
		r.Lacks = append(r.Lacks, "to end sessions of others: with sessions.processes the worker runs as root")
	}
	looked := []guarded{
		{t.dir.Path(), "has what the host goes by", 0o022},
		{t.dir.CAPath(), "says which authority the host trusts", 0o022},
		{t.dir.Path("principals"), "says who is let in", 0o022},
		{t.dir.RevokedPath(), "says which keys are refused", 0o022},
	}
	if key := string(t.config.CA); t.config.Authority == nil {
		looked = append(looked, guarded{key, "has the authority's key", 0o077},
			guarded{filepath.Dir(key), "has the authority's key, and may put another in its place", 0o022})
	} else {
		r.Unknown = append(r.Unknown, "what else may be signed with the authority's key: its keeper knows")
	}
	for _, one := range looked {
		info, err := os.Stat(one.path)
		if err != nil {
			return r, access.Errorf(access.CodeUnavailable, "%w", err)
		}
		mode := info.Mode()
		if may := mode.Perm() & one.others; may != 0 && mode&fs.ModeSticky == 0 {
			r.TooMuch = append(r.TooMuch, fmt.Sprintf("others than its owner may %s %s, which %s (mode %04o)", verb(may), one.path, one.harm, mode.Perm()))
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && int64(stat.Uid) != int64(own) && stat.Uid != 0 {
			r.TooMuch = append(r.TooMuch, fmt.Sprintf("user %d owns %s, which %s, and is neither root nor the worker", stat.Uid, one.path, one.harm))
		}
	}
	return r, nil
}

// guarded is a file, or a directory.
type guarded struct {
	path, harm string
	others     fs.FileMode // what nobody but the owner may do
}

func verb(may fs.FileMode) string {
	if may&0o022 != 0 {
		return "write"
	}
	return "read"
}
