package run

import (
	"maps"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/worker"
)

// targetOf returns the target of a kind that is named, or the only one of that kind, with
// its configuration. Errors are of code invalid.
func targetOf[C worker.Integration](c config.Config, kind string, args []string) (name string, found C, err error) {
	all := map[string]C{}
	for name, t := range c.Worker.Targets {
		if own, ok := t.Config.(C); ok {
			all[name] = own
		}
	}
	names := slices.Sorted(maps.Keys(all))
	switch {
	case len(args) == 1:
		if found, ok := all[args[0]]; ok {
			return args[0], found, nil
		}
		return "", found, access.Errorf(access.CodeInvalid, "the configuration has no target %q of kind %s; it has: %s",
			access.Clip(args[0], 60), kind, strings.Join(names, ", "))
	case len(names) == 1:
		return names[0], all[names[0]], nil
	}
	return "", found, access.Errorf(access.CodeInvalid, "name one target of kind %s; the configuration has: %s", kind, strings.Join(names, ", "))
}
