package terraform

import (
	"context"
	"fmt"
	"os"
	"syscall"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var _ integrations.RightsReader = (*target)(nil)

// inMemory are the kinds of file systems, as statfs numbers them on Linux, that are never
// written to a disk: tmpfs and ramfs.
var inMemory = []int64{0x01021994, 0x858458f6}

// Rights implements integrations.RightsReader: what the credentials of the providers may
// do, Ramp cannot know. It looks at whether the backend's states are in reach, and at who
// may read what the program leaves and writes. Errors are of code unavailable.
func (t *target) Rights(ctx context.Context) (r integrations.Rights, err error) {
	if t.config.Backend != nil {
		if _, err := t.workspaces(ctx); err != nil {
			r.Lacks = append(r.Lacks, "to list the workspaces of the "+t.config.Backend.Type+" backend: "+access.Clip(err.Error(), 300))
		}
	}
	for _, one := range []string{string(t.config.Directory), t.store.directory, t.modulesKept, string(t.config.Runtime)} {
		info, err := os.Stat(one)
		if err != nil {
			return r, access.Errorf(access.CodeUnavailable, "%w", err)
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			r.TooMuch = append(r.TooMuch, fmt.Sprintf("others than the worker may look into %s (mode %04o): it has states and modules; chmod 700 it", one, mode))
		}
	}
	var of syscall.Statfs_t
	if err := syscall.Statfs(string(t.config.Runtime), &of); err != nil {
		return r, access.Errorf(access.CodeUnavailable, "%s: %w", t.config.Runtime, err)
	}
	if kind := int64(of.Type); kind != inMemory[0] && kind != inMemory[1] {
		r.TooMuch = append(r.TooMuch, fmt.Sprintf("whoever has the disk of %s may read states and plans that were there in clear: set runtime to a file system in memory", t.config.Runtime))
	}
	if names := append(sortedKeys(t.config.Environment), sortedKeys(t.config.Settings)...); len(names) > 0 {
		r.Unknown = append(r.Unknown, fmt.Sprintf("what the providers may do with what they are given (%d variables of environment and settings): their services know, and Ramp does not", len(names)))
	}
	return r, nil
}
