package command

import (
	"cmp"
	"context"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/program"
)

// Config configures a program.
type Config struct {
	// Command is the program's absolute path and its arguments. No shell reads them.
	Command     []string   `yaml:"command"`
	Description field.File `yaml:"description"` // JSON, as `ramp target describe` prints it
	// Environment are the variables that the program gets, beside PATH and LANG: secrets,
	// read again for every call.
	Environment map[string]field.Secret `yaml:"environment,omitempty"`
	Timeout     access.Duration         `yaml:"timeout,omitempty"`  // of one call; 30s if zero, 5m at the most
	Parallel    int                     `yaml:"parallel,omitempty"` // calls at once; 8 if zero
}

const (
	defaultTimeout  = access.Duration(30 * time.Second)
	maxTimeout      = access.Duration(5 * time.Minute)
	defaultParallel = 8
	maxParallel     = 100
)

var variable = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

// fixed are the variables that Ramp sets itself, and those by which a loader or an
// interpreter runs something else than the program.
var fixed = []string{"PATH", "LANG", "IFS", "ENV", "BASH_ENV"}

// Validate returns everything that is wrong. It reaches for nothing.
func (c Config) Validate(string) (issues access.Issues) {
	issues.Require(len(c.Command) > 0 && filepath.IsAbs(c.Command[0]), "command_malformed", "command",
		"the program's absolute path is needed, and its arguments after it, such as [/usr/local/lib/ramp/billing]")
	issues.Require(!slices.ContainsFunc(c.Command, func(s string) bool { return strings.ContainsRune(s, 0) }), "command_malformed", "command", "an argument has a character that none can have")
	issues.Require(c.Description != "", "description_missing", "description", "a file is needed with what the program says of itself: `ramp target describe` prints it")
	for _, name := range slices.Sorted(maps.Keys(c.Environment)) {
		at := "environment." + access.Clip(name, 64)
		issues.Require(variable.MatchString(name) && !slices.Contains(fixed, name) && !strings.HasPrefix(name, "LD_") && !strings.HasPrefix(name, "DYLD_"),
			"environment_name", at, "a variable is capital letters, digits and underscores, and none that Ramp sets or a loader reads")
		if err := c.Environment[name].Validate(); err != nil {
			issues.Add("environment_malformed", at, "%s", err)
		}
	}
	issues.Require(c.Timeout >= 0 && c.Timeout <= maxTimeout, "timeout_long", "timeout", "it is %s at the most", maxTimeout)
	issues.Require(c.Parallel >= 0 && c.Parallel <= maxParallel, "parallel_range", "parallel", "it is 1 to %d", maxParallel)
	return issues
}

// Open returns the target, and runs nothing. Errors are of code invalid (with every issue;
// others than its owner may write the program) and unavailable (a file is not there).
func (c Config) Open(_ context.Context, name string) (integrations.Target, error) {
	if err := c.Validate(name).Err(); err != nil {
		return nil, err
	}
	d, err := program.ReadDescription(string(c.Description))
	if err != nil {
		return nil, err
	}
	caller, err := c.Caller(name)
	if err != nil {
		return nil, err
	}
	return program.New(name, d, caller, c.timeout()), nil
}

// Caller returns what runs the program, of a configuration that is valid. Errors are those
// of Open.
func (c Config) Caller(name string) (program.Caller, error) {
	if err := checkFile(c.Command[0]); err != nil {
		return nil, err
	}
	r := &runner{target: name, command: c.Command, environment: map[string]secret{}, slots: make(chan struct{}, cmp.Or(c.Parallel, defaultParallel))}
	for name, s := range c.Environment {
		r.environment[name] = s.Cached()
	}
	return r, nil
}

func (c Config) timeout() time.Duration { return time.Duration(cmp.Or(c.Timeout, defaultTimeout)) }

// checkFile refuses a program that everybody on the machine may replace: it runs with the
// worker's rights.
func checkFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return access.Errorf(access.CodeUnavailable, "command: %w", err)
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0:
		return access.InvalidField("command_malformed", "command", "%s is no program that can be run", path)
	case info.Mode().Perm()&0o022 != 0:
		return access.InvalidField("command_writable", "command", "%s may be written by others than its owner; chmod go-w it", path)
	}
	return nil
}
