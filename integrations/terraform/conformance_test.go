package terraform

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/targettest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, program string) {
		s := newSite(t, program, map[string]string{"main.tf": door})
		targettest.Run(t, s.harness(program))
	})
}

func (s *site) harness(program string) targettest.Harness {
	of := func(role any) access.Entitlement {
		return access.Entitlement{"module": "door", "variables": map[string]any{"role": role}}
	}
	return targettest.Harness{
		Open:        func(*testing.T) integrations.Target { return s.open() },
		Target:      "terraform/doors",
		Principal:   "alice@example.com",
		Entitlement: of("reader"),
		Other:       of("writer"),
		Invalid: map[string]access.Entitlement{
			"another module": {"module": "window", "variables": map[string]any{"role": "reader"}},
			"another value":  of("owner"), "a number": of(7), "a list": of([]any{"reader"}), "nothing": of(nil),
			"a template":       of(`${file("/etc/passwd")}`),
			"a fixed variable": {"module": "door", "variables": map[string]any{"role": "reader", "doors": "/"}},
			"Ramp's variable":  {"module": "door", "variables": map[string]any{"role": "reader", "ramp": map[string]any{}}},
			"no variables":     {"module": "door"}, "variables as text": {"module": "door", "variables": "role"},
		},
		ListNames: s.names,
		Remove:    func(_ context.Context, name string) error { return os.Remove(s.door(name)) },
		Widen: map[string]func(context.Context, access.Grant) error{
			"changed": func(_ context.Context, g access.Grant) error {
				return os.WriteFile(s.door(g.Name), []byte("any key owner"), 0o600)
			},
			"replaced": func(_ context.Context, g access.Grant) error { return os.Remove(s.door(g.Name)) },
		},
		Foreign: s.foreign,
		Use:     s.use,
		Faulty:  func(t *testing.T, f targettest.Fault, n int) integrations.Target { return s.faulty(t, f, n, program) },
		Lacks: targettest.Lacks{
			Expiry:      "what ends by itself is what the module makes end; this one makes a file",
			Sessions:    "what is open through what a module made, only its provider knows",
			Throttled:   "providers wait out a throttle themselves; one that gives up is like one that is not in reach",
			Unavailable: "reads are of the records on this machine; TestCase138ProgramThatFails tries the rest",
			NotFoundYet: "reads are of the records on this machine",
			FreshSecret: "what is handed out was made when access opened, once",
		},
	}
}

// foreign makes files that look like Ramp's.
func (s *site) foreign(t *testing.T) func(context.Context) error {
	s.open() // makes the directories
	paths := []string{filepath.Join(s.doors, "ramp-front-door"), filepath.Join(s.below("grants"), "ramp-notes.record"), filepath.Join(s.below("run"), "ramp-notes", "terraform.tfstate")}
	for _, path := range paths {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte("not Ramp's"), 0o600))
	}
	return func(context.Context) error {
		for _, path := range paths {
			if b, err := os.ReadFile(path); err != nil || string(b) != "not Ramp's" {
				return fmt.Errorf("%s was touched: %w", path, err)
			}
		}
		return nil
	}
}

// faulty opens a target whose n-th run of the program does what it should, and says that it
// failed.
func (s *site) faulty(t *testing.T, fault targettest.Fault, n int, program string) integrations.Target {
	require.Equal(t, targettest.LostReply, fault)
	count := filepath.Join(t.TempDir(), "count")
	require.NoError(t, os.WriteFile(count, []byte("0"), 0o600))
	faulty := *s
	faulty.config.Program = s.script(fmt.Sprintf(`n=$(($(cat '%[1]s') + 1)); echo $n >'%[1]s'
[ $n = %[2]d ] || exec '%[3]s' "$@"
'%[3]s' "$@" >/dev/null 2>&1
echo 'Error: connection reset by peer' >&2
exit 1`, count, n, program))
	return faulty.open()
}
