package targettest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/targettest"
)

const (
	none               flaw = ""
	acceptsUnknownKeys flaw = "accepts unknown keys"
	sameScope          flaw = "same scope for everything"
	grantsTwice        flaw = "makes a second object when granted again"
	needsMoreThanName  flaw = "revoke needs more than the name"
	revokeNotFound     flaw = "revoke fails when nothing is left"
	listIsBlind        flaw = "list is blind"
	neverExpires       flaw = "never expires"
	leavesSessions     flaw = "leaves sessions"
	countsNoSessions   flaw = "counts no sessions"
	mintOutlives       flaw = "credential outlives its grant"
	mintsOneSecret     flaw = "one secret for all"
	mintsAfterRevoke   flaw = "mints after revoke"
	extendReopens      flaw = "extend reopens"
	extendLeavesGap    flaw = "extend leaves a gap"
	revokesAlike       flaw = "revokes what is alike"
	failureIsGone      flaw = "takes failure for gone"
	touchesForeign     flaw = "touches foreign things"
	driftIsBlind       flaw = "sees no drift"
	driftSeesGhosts    flaw = "sees drift in an extension"
	restoresNothing    flaw = "restores nothing"
	restoreReopens     flaw = "restoring opens again"
)

// flaws returns each flaw with the tier that must find it.
func flaws() map[flaw]string {
	return map[flaw]string{
		acceptsUnknownKeys: "core", sameScope: "core",
		grantsTwice: "core", needsMoreThanName: "core", revokeNotFound: "core", listIsBlind: "core",
		neverExpires: "expiry", leavesSessions: "sessions", countsNoSessions: "sessions",
		mintOutlives: "mint", mintsOneSecret: "mint", mintsAfterRevoke: "mint",
		extendReopens: "extend", extendLeavesGap: "extend", revokesAlike: "overlap",
		failureIsGone: "faults", touchesForeign: "foreign",
		driftIsBlind: "drift", driftSeesGhosts: "drift", restoresNothing: "drift", restoreReopens: "drift",
	}
}

func TestMemory(t *testing.T) { targettest.Run(t, memoryHarness(none)) }

// Every flaw fails the suite, in the tier that is there for it.
func TestEveryFlawIsFound(t *testing.T) {
	for f, tier := range flaws() {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run", "^TestFlawed$/^"+tier+"$")
			cmd.Env = append(os.Environ(), flawVariable+"="+string(f))
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, "the suite passes a target that %s", f)
			require.Contains(t, string(out), "--- FAIL: TestFlawed/"+tier, "found by another tier")
			require.NotContains(t, string(out), "panic:")
		})
	}
}

const flawVariable = "TARGETTEST_FLAW"

// TestFlawed is for the processes that TestEveryFlawIsFound starts.
func TestFlawed(t *testing.T) {
	if f := os.Getenv(flawVariable); f != "" {
		targettest.Run(t, memoryHarness(flaw(f)))
	}
}

func memoryHarness(f flaw) targettest.Harness {
	s := newService()
	m := &memory{s: s, flaw: f}
	return targettest.Harness{
		Open:   func(*testing.T) integrations.Target { return &memory{s: s, flaw: f} },
		Target: "memory/test", Principal: "alice",
		Entitlement: access.Entitlement{"what": "orders"}, Other: access.Entitlement{"what": "refunds"},
		ListNames: func(context.Context) ([]string, error) { return s.names(), nil },
		Remove: func(_ context.Context, name string) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.objects, name)
			return nil
		},
		Widen: map[string]func(context.Context, access.Grant) error{
			"more":   s.widen(func(o *object) { o.what = "everything" }),
			"longer": s.widen(func(o *object) { o.expires = o.expires.Add(time.Hour) }),
		},
		Foreign: func(*testing.T) func(context.Context) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.objects["ramp-not"] = object{what: "orders", copies: 1}
			return func(context.Context) error {
				s.mu.Lock()
				defer s.mu.Unlock()
				if _, ok := s.objects["ramp-not"]; !ok {
					return errors.New("ramp-not is gone")
				}
				return nil
			}
		},
		Use: m.use, Dial: m.dial,
		Faulty: func(_ *testing.T, fault targettest.Fault, n int) integrations.Target {
			calls := 0
			return &memory{s: s, flaw: f, fault: func() error {
				calls++
				switch {
				case fault == targettest.LostReply && calls == n:
					return errors.New("connection reset")
				case fault == targettest.Throttled && calls >= n:
					return access.Errorf(access.CodeThrottled, "slow down")
				case fault == targettest.Unavailable && calls >= n:
					return access.Errorf(access.CodeUnavailable, "not there")
				}
				return nil
			}}
		},
		ShortTTL: time.Second,
		Lacks:    targettest.Lacks{NotFoundYet: "memory is consistent"},
	}
}
