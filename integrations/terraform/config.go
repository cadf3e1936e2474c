package terraform

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
)

// Config configures one installation of modules.
type Config struct {
	Program field.File `yaml:"program"` // terraform or tofu, an absolute path
	// Directory has the records of grants with their states, encrypted, and the modules
	// that they were opened with. It is the worker's alone.
	Directory field.File `yaml:"directory"`
	// Runtime has the working directories while the program runs, with states and plans in
	// clear: a file system in memory. Targets may share it: each has a folder of its own
	// there. Directory's own folder run if empty.
	Runtime field.File `yaml:"runtime,omitempty"`
	// Keys encrypt the records: 32 bytes each. The first one encrypts; all decrypt.
	Keys []field.Secret `yaml:"keys"`
	// Environment are secrets for the program and its providers, read again for every run;
	// Settings are variables that are none. The program gets nothing of the worker's own.
	Environment map[string]field.Secret `yaml:"environment,omitempty"`
	Settings    map[string]string       `yaml:"settings,omitempty"`
	// Providers is a directory in the layout of `terraform providers mirror`.
	Providers field.File `yaml:"providers,omitempty"`
	Downloads bool       `yaml:"downloads,omitempty"` // providers may also be fetched from their registry
	Backend   *Backend   `yaml:"backend,omitempty"`   // where states are; in Directory if left out

	LockTimeout access.Duration   `yaml:"lockTimeout,omitempty"` // how long the program waits for a state's lock; 20s
	Timeout     access.Duration   `yaml:"timeout,omitempty"`     // of one run; 10m
	Parallel    int               `yaml:"parallel,omitempty"`    // runs at once; 4
	Modules     map[string]Module `yaml:"modules"`               // what contracts may open
	// Describe says more of the modules in the inventory.
	Describe integrations.Described `yaml:"describe,omitempty"`
}

// Backend is a remote backend of the program's with workspaces, such as s3: each grant
// has a workspace that is named after it.
type Backend struct {
	Type     string            `yaml:"type"`
	Settings map[string]string `yaml:"settings,omitempty"` // no secrets: these go by Environment
}

const (
	defaultLockTimeout = access.Duration(20 * time.Second)
	defaultTimeout     = access.Duration(10 * time.Minute)
	defaultParallel    = 4
	maxTimeout         = access.Duration(2 * time.Hour)
	maxParallel        = 64
)

var (
	variableShape = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)
	nameShape     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,62}$`)
	backendShape  = regexp.MustCompile(`^[a-z0-9_]{1,40}$`)
)

// withDefaults fills in what is left out.
func (c Config) withDefaults() Config {
	if c.Runtime == "" {
		c.Runtime = field.File(ownRuntime(c.Directory))
	}
	c.LockTimeout = cmp.Or(c.LockTimeout, defaultLockTimeout)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.Parallel = cmp.Or(c.Parallel, defaultParallel)
	return c
}

// ownRuntime returns a target's own directory for runs, where the configuration says none.
func ownRuntime(directory field.File) string { return filepath.Join(string(directory), "run") }

// Directories returns where the target keeps its records, by field: two targets that shared
// one would list each other's grants as their own.
func (c Config) Directories() map[string]string {
	return map[string]string{"directory": filepath.Clean(string(c.Directory))}
}

// Validate returns everything that is wrong. It reaches for nothing.
func (c Config) Validate(string) (issues access.Issues) {
	for _, one := range []struct {
		name   string
		path   field.File
		needed bool
	}{{"program", c.Program, true}, {"directory", c.Directory, true}, {"runtime", c.Runtime, false}, {"providers", c.Providers, false}} {
		if one.path == "" {
			issues.Require(!one.needed, one.name+"_missing", one.name, "an absolute path is needed")
			continue
		}
		issues.Require(filepath.IsAbs(string(one.path)), one.name+"_malformed", one.name, "it must be an absolute path")
		// These are written into files of the program's, whose syntax reads some characters otherwise.
		issues.Require(!strings.ContainsAny(string(one.path), "\"\\$%\n\r\x00"), one.name+"_malformed", one.name, `a path here has none of the characters " \ $ %% and no line break`)
	}
	issues.Require(len(c.Keys) > 0, "keys_missing", "keys", "a key is needed that encrypts states: 32 bytes, as `openssl rand -base64 32` prints them")
	for i, k := range c.Keys {
		if err := k.Validate(); err != nil {
			issues.Add("keys_malformed", fmt.Sprintf("keys[%d]", i), "%s", err)
		}
	}
	issues = append(issues, c.validateEnvironment()...)
	if c.Backend != nil {
		issues.Require(backendShape.MatchString(c.Backend.Type), "backend_malformed", "backend.type", "the name of a backend is needed, such as s3")
		issues.Require(c.Backend.Type != "local" && c.Backend.Type != "http" && c.Backend.Type != "remote" && c.Backend.Type != "cloud", "backend_unsupported", "backend.type",
			"Ramp needs a backend with workspaces whose states do not lie open on this machine, such as s3, gcs, azurerm, pg, consul or kubernetes")
	}
	issues.Require(c.Timeout >= 0 && c.Timeout <= maxTimeout, "timeout_long", "timeout", "it is %s at the most", maxTimeout)
	issues.Require(c.LockTimeout >= 0 && c.LockTimeout <= maxTimeout, "lock_timeout_long", "lockTimeout", "it is %s at the most", maxTimeout)
	issues.Require(c.Parallel >= 0 && c.Parallel <= maxParallel, "parallel_range", "parallel", "it is 1 to %d", maxParallel)
	issues.Require(len(c.Modules) > 0, "modules_missing", "modules", "at least one module is needed that contracts may open")
	for _, name := range slices.Sorted(maps.Keys(c.Modules)) {
		at := "modules." + access.Clip(name, 64)
		issues.Require(nameShape.MatchString(name), "module_name", at, "a module's name is letters, digits, _ and -, 63 at the most")
		issues = append(issues, c.Modules[name].validate(at)...)
	}
	return append(issues, c.Describe.Validate(map[string]func(string) bool{listModules: func(name string) bool {
		_, known := c.Modules[name]
		return known
	}})...)
}

// forbidden reports whether a variable is one that Ramp sets itself, or by which the
// program, a shell or a loader would do something else than it is told, or write secrets
// into a log.
func forbidden(name string) bool {
	switch name {
	case "PATH", "LANG", "HOME", "TMPDIR", "IFS", "ENV", "BASH_ENV", "CHECKPOINT_DISABLE", runVariable:
		return true
	}
	return strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "DYLD_") || strings.HasPrefix(name, "TF_")
}

func (c Config) validateEnvironment() (issues access.Issues) {
	check := func(at, name string) {
		issues.Require(variableShape.MatchString(name) && !forbidden(name), "environment_name", at,
			"a variable is letters, digits and underscores, and none that Ramp sets, that a loader reads, or that begins with TF_")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Environment)) {
		at := "environment." + access.Clip(name, 64)
		check(at, name)
		if err := c.Environment[name].Validate(); err != nil {
			issues.Add("environment_malformed", at, "%s", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Settings)) {
		at := "settings." + access.Clip(name, 64)
		check(at, name)
		_, twice := c.Environment[name]
		issues.Require(!twice, "environment_twice", at, "it is in environment too")
		issues.Require(!strings.ContainsRune(c.Settings[name], 0), "environment_malformed", at, "the value has a character that no variable can have")
	}
	return issues
}

// Open returns the target. It reads the modules and runs nothing. Errors are of code
// invalid (with every issue; a module is not as it was pinned) and unavailable (a file is
// not there).
func (c Config) Open(ctx context.Context, name string) (integrations.Target, error) {
	if err := c.Validate(name).Err(); err != nil {
		return nil, err
	}
	return newTarget(ctx, name, c.withDefaults())
}
