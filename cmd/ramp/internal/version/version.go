// Package version says which build of Ramp this is.
package version

import "runtime/debug"

// commit is set by tools/build.
var commit string

// String returns the module's version, or the commit that was built; "unknown"
// for a build outside a repository.
func String() string {
	if commit != "" {
		return commit
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return "unknown"
}
