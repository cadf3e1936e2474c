package terraform

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"

	"ramp.dev/ramp/access"
)

// run is the program in one working directory. Whoever has it holds the grant's lock.
type run struct {
	t         *target
	directory string
	module    *module
	record    *record
	backend   *Backend // nil: the state is a file in the directory, and kept in the record
	program   *tfexec.Terraform
	secrets   []string // which no error may repeat
}

const (
	// stopWithin is how long the program may take to stop by itself when it is told to.
	stopWithin = 20 * time.Second
	// saveEvery is how often the state of a run that goes on is saved.
	saveEvery = 200 * time.Millisecond
)

// begin lays the working directory of a record and initialises it.
func (t *target) begin(ctx context.Context, directory string, m *module, r *record, b *Backend) (*run, error) {
	if err := t.lay(directory, m, r, b); err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "the working directory: %w", err)
	}
	x := &run{t: t, directory: directory, module: m, record: r, backend: b}
	environment, err := t.environment(ctx, x)
	if err != nil {
		return nil, err
	}
	if x.program, err = tfexec.NewTerraform(directory, string(t.config.Program)); err == nil {
		err = errors.Join(x.program.SetEnv(environment), x.program.SetWaitDelay(stopWithin))
	}
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "program: %w", err)
	}
	if err := x.program.Init(ctx, tfexec.Upgrade(false)); err != nil {
		return nil, x.failed("init", err)
	}
	return x, m.checkPins(directory)
}

// environment returns the program's whole environment. Nothing of the worker's own is in it.
func (t *target) environment(ctx context.Context, x *run) (map[string]string, error) {
	all := map[string]string{
		"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
		"HOME": x.directory, "TMPDIR": x.directory, "CHECKPOINT_DISABLE": "1",
		"TF_CLI_CONFIG_FILE": filepath.Join(x.directory, cliFile), runVariable: x.directory,
	}
	for name, value := range t.config.Settings {
		all[name] = value
	}
	for name, one := range t.secrets {
		text, err := one.Read(ctx)
		if err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "environment.%s: %w", name, err)
		}
		all[name] = text
		x.secrets = append(x.secrets, text)
	}
	return all, nil
}

// plan makes a plan into a file, and returns it.
func (x *run) plan(ctx context.Context, options ...tfexec.PlanOption) (*tfjson.Plan, error) {
	options = append(options, tfexec.Out(planFile), tfexec.LockTimeout(x.lockTimeout()))
	err := x.unlocked(ctx, func() error {
		_, err := x.program.Plan(ctx, options...)
		return err
	})
	if err != nil {
		return nil, x.failed("plan", err)
	}
	p, err := x.program.ShowPlanFile(ctx, planFile)
	if err != nil {
		return nil, x.failed("show", err)
	}
	return p, nil
}

// apply applies the plan file, and nothing else.
func (x *run) apply(ctx context.Context) error {
	return x.change(ctx, "apply", func() error {
		return x.program.Apply(ctx, tfexec.DirOrPlan(planFile), tfexec.LockTimeout(x.lockTimeout()))
	})
}

func (x *run) destroy(ctx context.Context) error {
	return x.change(ctx, "destroy", func() error { return x.program.Destroy(ctx, tfexec.LockTimeout(x.lockTimeout())) })
}

// lockTimeout is how long the program waits for the state's lock, in its own words.
func (x *run) lockTimeout() string { return time.Duration(x.t.config.LockTimeout).String() }

// change runs what changes something, and keeps the state meanwhile and after it: also of a
// run that fails, since what it made must be found again. The record says before that the
// program is running, so that a worker that comes after one that died knows it.
func (x *run) change(ctx context.Context, what string, do func() error) error {
	x.record.Running = true
	if err := x.save(ctx); err != nil {
		return err
	}
	stop := x.saveMeanwhile(ctx)
	err := x.unlocked(ctx, do)
	stop()
	if killed(err) {
		if left := endLeftovers(context.WithoutCancel(ctx), x.directory); left != nil {
			return left // the record goes on to say that the program is running, as parts of it are
		}
		x.unknown()
	}
	x.record.Running = false
	if saved := x.save(context.WithoutCancel(ctx)); saved != nil {
		return saved // the record goes on to say that the program is running
	}
	if err != nil {
		return x.failed(what, err)
	}
	return nil
}

// killed reports whether the program ran, and did not end by itself.
func killed(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		// The library returns the context's own error, and no other, where it has started nothing.
		return errors.Is(err, context.Canceled) && err != context.Canceled || errors.Is(err, context.DeadlineExceeded) && err != context.DeadlineExceeded
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled()
}

// unknown notes what was to be made and is not in the state, after a program that was
// killed: it may have been made or not.
func (x *run) unknown() {
	if x.record.Opened {
		return // nothing new is made of a grant that is open
	}
	x.readState()
	if s, err := parseState(x.record.State); err == nil && x.backend == nil {
		x.record.Unknown = x.record.notMade(s)
	} else {
		x.record.Unknown = x.record.Creates
	}
}

// readState takes the state in the working directory over into the record, if it is whole:
// the program may be writing it at this moment.
func (x *run) readState() {
	b, err := os.ReadFile(filepath.Join(x.directory, stateFile)) // #nosec G304 -- the run's own directory
	if err != nil || x.backend != nil {
		return
	}
	if s, err := parseState(b); err == nil && s.Version == 4 && json.Valid(b) {
		x.record.State = b
	}
}

// save writes the record with the state as it is at this moment.
func (x *run) save(ctx context.Context) error {
	x.readState()
	return x.t.store.save(ctx, x.record)
}

// saveMeanwhile saves the state whenever it has changed, until stop is called: a machine
// that is lost in the middle of a run takes its working directories with it.
func (x *run) saveMeanwhile(ctx context.Context) (stop func()) {
	if x.backend != nil {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(saveEvery)
		defer tick.Stop()
		var last time.Time
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			info, err := os.Stat(filepath.Join(x.directory, stateFile))
			if err != nil || info.ModTime().Equal(last) {
				continue
			}
			last = info.ModTime()
			_ = x.save(context.WithoutCancel(ctx)) // the end of the run saves again, and fails if it cannot
		}
	}()
	return func() { close(done); <-ended }
}

// restoreState puts the record's state into a working directory, unless what is there is
// newer: what a run wrote whose worker died before it took it over.
func restoreState(directory string, r *record) error {
	path := filepath.Join(directory, stateFile)
	b, err := os.ReadFile(path) // #nosec G304 -- the run's own directory
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return access.Errorf(access.CodeUnavailable, "%w", err)
	}
	kept, err := parseState(r.State)
	if err != nil {
		return err
	}
	there, err := parseState(b)
	if err == nil && len(b) > 0 && there.Serial >= kept.Serial && (kept.Lineage == "" || there.Lineage == kept.Lineage) {
		r.State = b
		return nil
	}
	if len(r.State) == 0 {
		return nil
	}
	return os.WriteFile(path, r.State, 0o600)
}
