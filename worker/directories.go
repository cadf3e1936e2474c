package worker

import (
	"maps"
	"os"
	"path/filepath"
	"slices"

	"ramp.dev/ramp/access"
)

// directoryKeeper is a configuration whose target keeps what it has opened in directories.
type directoryKeeper interface {
	// Directories returns them as absolute paths, by their fields.
	Directories() map[string]string
}

// sharedDirectories returns the targets that keep files in a directory of another one: each
// would take what is the other's for what nobody granted, and end it.
func (c Config) sharedDirectories() (issues access.Issues) {
	type kept struct {
		place place
		by    string
	}
	var keeps []kept
	for _, name := range slices.Sorted(maps.Keys(c.Targets)) {
		k, is := c.Targets[name].Config.(directoryKeeper)
		if !is {
			continue
		}
		for _, field := range slices.Sorted(maps.Keys(k.Directories())) {
			at := placeOf(k.Directories()[field])
			other := slices.IndexFunc(keeps, func(o kept) bool { return o.by != name && o.place.is(at) })
			if other >= 0 {
				issues.Add("directory_shared", "worker.targets."+name+"."+field, "%s has its files in %s: give each target a directory of its own", keeps[other].by, keeps[other].place.path)
				continue
			}
			keeps = append(keeps, kept{at, name})
		}
	}
	return issues
}

// place is where a path leads on this machine.
type place struct {
	path  string
	there os.FileInfo // of the longest part of the path that there is; nil for none
	rest  string      // of the path, which is made later
}

// placeOf follows links and mounts: one directory may have several paths. What is not there
// yet, or not on this machine, is what it is called.
func placeOf(path string) place {
	p := place{path: filepath.Clean(path)}
	for at := p.path; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err == nil {
			p.there = info
			return p
		}
		if at == filepath.Dir(at) {
			return p
		}
		p.rest = filepath.Join(filepath.Base(at), p.rest)
	}
}

// is reports whether two paths lead to one place.
func (p place) is(q place) bool {
	return p.path == q.path || p.there != nil && q.there != nil && os.SameFile(p.there, q.there) && p.rest == q.rest
}
