package programtest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/program"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/internal/strictjson"
)

// Variable is the environment variable with the subject of the suite's process, in JSON.
const Variable = "RAMP_TARGET_SUITE"

// Run runs the suite against a subject in a process of its own: suite, which calls Main. Each
// line that the process writes to standard error goes to progress. Errors are of code
// invalid (the subject or its description cannot be tested) and unavailable.
func Run(ctx context.Context, s Subject, suite []string, progress io.Writer) (Report, error) {
	s.Principal = cmp.Or(s.Principal, "alice@example.com")
	for _, c := range []*[]string{&s.Command, &s.Probe} {
		if len(*c) == 0 {
			continue
		}
		full, err := absolute(*c)
		if err != nil {
			return Report{}, err
		}
		*c = full
	}
	if strings.Contains(s.Only, "/") {
		return Report{}, access.Errorf(access.CodeInvalid, "--only names parts of the suite, such as core or 'core|protocol'")
	}
	if _, err := regexp.Compile(s.Only); err != nil {
		return Report{}, access.Errorf(access.CodeInvalid, "--only: %w", err)
	}
	d, err := s.Describe(ctx)
	if err != nil {
		return Report{}, err
	}
	if len(d.Examples) < 2 {
		return Report{}, access.Errorf(access.CodeInvalid, "the description needs two examples: entitlements of different things that the suite may open")
	}
	if d.Has(program.OpDrift) && len(s.Probe) == 0 {
		return Report{}, access.Errorf(access.CodeInvalid, "a program with drift is tested with a probe (--probe), which changes by hand what was granted")
	}
	b, err := json.Marshal(s) // #nosec G117 -- the path of the file with the secret
	if err != nil {
		return Report{}, err
	}
	cmd := exec.CommandContext(ctx, suite[0], suite[1:]...) // #nosec G204 -- this program itself
	cmd.Env = append(os.Environ(), Variable+"="+string(b))
	cmd.Stderr = progress
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return Report{}, err
	}
	if err := cmd.Start(); err != nil {
		return Report{}, access.Errorf(access.CodeUnavailable, "the suite: %w", err)
	}
	findings, readErr := read(out)
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return Report{}, access.Errorf(access.CodeUnavailable, "the suite was stopped; what it opened on the service may be left")
	case readErr != nil:
		return Report{}, access.Errorf(access.CodeUnavailable, "the suite's output: %w", readErr)
	case err != nil && !errors.As(err, &exit):
		return Report{}, access.Errorf(access.CodeUnavailable, "the suite: %w", err)
	}
	// Of a program, nothing is tried that only a service has, and the other way round.
	findings = slices.DeleteFunc(findings, func(f Finding) bool { return f.Result == NotRun && (err == nil || s.Only != "") })
	failed := slices.ContainsFunc(findings, func(f Finding) bool { return f.Result == Fail })
	if err != nil && !failed {
		findings = append(findings, Finding{Property: "the suite as a whole", Result: Fail, Why: []string{"the suite ended with " + exit.String() + " and does not say why"}})
	}
	return Report{Program: d.Name, Passed: err == nil && !failed, Probe: len(s.Probe) > 0, Only: s.Only, Findings: findings}, nil
}

// Main makes a test binary of this process, and runs the suite against the subject in
// Variable. It ends the process.
func Main() {
	var s suite
	err := strictjson.UnmarshalOpen([]byte(os.Getenv(Variable)), &s.Subject)
	tests := []testing.InternalTest{{Name: "target", F: func(t *testing.T) {
		if err != nil {
			t.Fatalf("%s: %s", Variable, err)
		}
		s.run(t)
	}}}
	os.Args = []string{os.Args[0], "-test.v=test2json", "-test.timeout=1h"}
	if s.Only != "" {
		os.Args = append(os.Args, "-test.run=^target$/("+s.Only+")")
	}
	testing.Main(regexp.MatchString, tests, nil, nil)
}

// run runs the suite of all targets, and what only programs have.
func (s suite) run(t *testing.T) {
	var err error
	if s.description, err = s.Describe(t.Context()); err != nil {
		t.Fatalf("describe: %s", err)
	}
	if s.description.Has(program.OpDrift) {
		f, err := s.ask(t.Context(), question{Probe: "names"})
		if err != nil {
			t.Fatal(err)
		}
		s.ways = f.Ways
	}
	targettest.Run(t, s.harness())
	t.Run("protocol", s.protocol)
}
