package terraform

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/pacing"
	"ramp.dev/ramp/internal/clock"
	"ramp.dev/ramp/internal/secret"
)

// target opens access by applying modules. It is safe for concurrent use, and any number of
// processes may share its directory.
type target struct {
	name        string
	config      Config
	modules     map[string]*module
	secrets     map[string]*secret.Cached
	store       *store
	locks       string        // a directory
	modulesKept string        // a directory
	runtime     string        // a directory: this target's part of the configuration's
	slots       chan struct{} // of runs that open and look
	closing     chan struct{} // of those that end access
	planning    singleflight.Group

	mu     sync.Mutex
	others map[string]context.CancelFunc // runs of this process that do not end access, by grant
	plans  map[string]shownPlan
}

var (
	_ integrations.Target        = (*target)(nil)
	_ integrations.Checker       = (*target)(nil)
	_ integrations.Extender      = (*target)(nil)
	_ integrations.DriftDetector = (*target)(nil)
	_ integrations.Pinger        = (*target)(nil)
	_ integrations.Inventory     = (*target)(nil)
)

// shownPlan is what a plan showed, for as long as it is not made again.
type shownPlan struct {
	scope access.Scope
	at    time.Time
}

// planLasts is how long Resolve returns a plan that it has made. What is opened is planned
// again in any case.
const planLasts = time.Minute

const listModules = "modules"

func newTarget(ctx context.Context, name string, c Config) (integrations.Target, error) {
	t := &target{
		name: name, config: c, modules: map[string]*module{}, secrets: map[string]*secret.Cached{},
		store: &store{target: name, directory: filepath.Join(string(c.Directory), "grants"), keys: c.Keys},
		locks: filepath.Join(string(c.Directory), "locks"), modulesKept: filepath.Join(string(c.Directory), "modules"),
		runtime: folderOf(string(c.Runtime), name),
		slots:   make(chan struct{}, c.Parallel), closing: make(chan struct{}, c.Parallel), others: map[string]context.CancelFunc{}, plans: map[string]shownPlan{},
	}
	for _, directory := range []string{t.store.directory, t.locks, t.modulesKept, t.runtime, filepath.Join(string(c.Runtime), "no-providers")} {
		if err := os.MkdirAll(directory, 0o700); err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "%w", err)
		}
	}
	if err := checkProgram(string(c.Program)); err != nil {
		return nil, err
	}
	if _, err := t.store.ciphers(ctx); err != nil {
		return nil, err
	}
	for env, one := range c.Environment {
		t.secrets[env] = one.Cached()
	}
	for _, module := range sortedKeys(c.Modules) {
		m, err := readModule(module, c.Modules[module], string(c.Runtime))
		if err != nil {
			return nil, err
		}
		t.modules[module] = m
	}
	for _, m := range t.modules {
		if m.config.Credential != nil {
			return minter{t}, nil
		}
	}
	return t, nil
}

// checkProgram refuses a program that everybody on the machine may replace: it runs with
// the worker's rights and the providers' credentials.
func checkProgram(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return access.Errorf(access.CodeUnavailable, "program: %w", err)
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0:
		return access.InvalidField("program_malformed", "program", "%s is no program that can be run", path)
	case info.Mode().Perm()&0o022 != 0:
		return access.InvalidField("program_writable", "program", "%s may be written by others than its owner; chmod go-w it", path)
	}
	return nil
}

// Check implements integrations.Checker.
func (t *target) Check(e access.Entitlement) error {
	_, err := t.decode(e)
	return err
}

// Resolve implements integrations.Target. It makes the plan of what would be opened,
// against nothing, which changes nothing; a module's data sources are read. Errors are also
// of code unavailable: the program, or a provider, does not work.
func (t *target) Resolve(ctx context.Context, e access.Entitlement) (access.Scope, error) {
	w, err := t.decode(e)
	if err != nil {
		return access.Scope{}, err
	}
	if known, ok := t.known(w.key()); ok {
		return known, nil
	}
	// Those who ask for the same at once share one plan. It goes on when one of them gives up.
	done := t.planning.DoChan(w.key(), func() (any, error) {
		var s access.Scope
		err := t.inSlot(context.WithoutCancel(ctx), t.slots, func(ctx context.Context) (err error) {
			s, err = t.show(ctx, w)
			return err
		})
		return s, err
	})
	select {
	case r := <-done:
		s, _ := r.Val.(access.Scope)
		return s, r.Err
	case <-ctx.Done():
		return access.Scope{}, access.Errorf(access.CodeUnavailable, "the plan is not made yet: %w", ctx.Err())
	}
}

func (t *target) known(key string) (access.Scope, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p, ok := t.plans[key]
	return p.scope, ok && clock.Now().Sub(p.at) < planLasts
}

func (t *target) show(ctx context.Context, w wanted) (access.Scope, error) {
	directory, err := t.scratch("plan-")
	if err != nil {
		return access.Scope{}, err
	}
	defer os.RemoveAll(directory)
	// A state of nobody's, on this machine: nothing is asked, or made, in a remote backend.
	x, err := t.begin(ctx, directory, w.module, newRecord(access.Grant{Name: "none", Principal: "nobody"}, w), nil)
	if err != nil {
		return access.Scope{}, err
	}
	p, err := x.plan(ctx)
	if err != nil && strings.Contains(err.Error(), "Invalid value for variable") {
		return access.Scope{}, access.InvalidField("plan_refused", "variables", "the module refuses them: %s", access.Clip(err.Error(), 300))
	}
	if err != nil {
		return access.Scope{}, err
	}
	all, digest, err := approvable(p)
	if err != nil {
		return access.Scope{}, err
	}
	s := w.scope(all, digest)
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, old := range t.plans {
		if clock.Now().Sub(old.at) >= planLasts {
			delete(t.plans, key)
		}
	}
	t.plans[w.key()] = shownPlan{s, clock.Now()}
	return s, nil
}

// Bounds implements integrations.Target.
func (t *target) Bounds() integrations.Bounds {
	// A destroy may take as long as a run may, and is tried again once.
	return integrations.Bounds{Ending: 2*time.Duration(t.config.Timeout) + time.Minute, Rate: pacing.Rate{PerSecond: 50, Burst: 100}}
}

// Ping implements integrations.Pinger: the program runs, and the records are in reach.
func (t *target) Ping(ctx context.Context) error {
	if _, err := t.store.names(); err != nil {
		return err
	}
	if _, err := t.store.ciphers(ctx); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, string(t.config.Program), "version", "-json") // #nosec G204 -- the operator's own program
	cmd.Env = []string{"PATH=/usr/bin:/bin", "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE=" + os.DevNull}
	b, err := cmd.Output()
	if err != nil || !json.Valid(b) {
		return access.Errorf(access.CodeUnavailable, "%s does not say its version", t.config.Program)
	}
	if t.config.Backend != nil {
		_, err = t.workspaces(ctx)
	}
	return err
}

// Lists returns the names of the lists that a target of this kind has.
func (Config) Lists() []string { return []string{listModules} }

// Lists implements integrations.Inventory.
func (t *target) Lists() []string { return t.config.Lists() }

// Choices implements integrations.Inventory.
func (t *target) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	return t.config.Describe.Page(ctx, list, sortedKeys(t.modules), after)
}
