package targettest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"ramp.dev/ramp/integrations"
)

// Run holds a target to its contract.
func Run(t *testing.T, h Harness) {
	s := prepare(t, h)
	// Registered first, so it runs last: after every subtest's own clean-up.
	t.Cleanup(func() { s.nothingLeft(t) })

	t.Run("core", s.core)
	t.Run("expiry", s.tier(h.Lacks.Expiry, s.expiry))
	t.Run("sessions", s.tier(h.Lacks.Sessions, s.sessions))
	t.Run("mint", s.tier(h.Lacks.Mint, s.mint))
	t.Run("extend", s.tier(h.Lacks.Extend, s.extend))
	t.Run("concurrency", s.concurrency)
	t.Run("overlap", s.overlap)
	t.Run("faults", s.faults)
	t.Run("drift", s.tier(s.noDrift(t), s.drift))
	t.Run("usage", s.tier(s.noUsage(t), s.usage))
	t.Run("foreign", s.tier(h.Lacks.Foreign, s.foreign))
}

// suite is a run of the tiers over one Harness.
type suite struct{ Harness }

// openTarget opens another target on the same service, as another process would.
func (s *suite) openTarget(t *testing.T) *integrations.Guarded {
	t.Helper()
	return integrations.Guard(s.Open(t))
}

// faultyTarget opens a target whose n-th call meets the fault.
func (s *suite) faultyTarget(t *testing.T, fault Fault, n int) *integrations.Guarded {
	t.Helper()
	return integrations.Guard(s.Faulty(t, fault, n))
}

func prepare(t *testing.T, h Harness) *suite {
	if h.ShortTTL == 0 {
		h.ShortTTL = 3 * time.Second
	}
	if h.Slack == 0 {
		h.Slack = time.Second
	}
	for field, missing := range map[string]bool{
		"Open": h.Open == nil, "Target": h.Target == "", "Principal": h.Principal == "",
		"Entitlement": h.Entitlement == nil, "Other": h.Other == nil,
		"Marked": h.ListNames == nil, "Remove": h.Remove == nil,
		"Use or UseAt":              h.Use == nil && h.UseAt == nil,
		"Dial (or Lacks.Sessions)":  h.Dial == nil && h.Lacks.Sessions == "",
		"Foreign or Lacks.Foreign":  h.Foreign == nil && h.Lacks.Foreign == "",
		"Faulty, or all four Lacks": h.Faulty == nil && (h.Lacks.LostReply == "" || h.Lacks.Throttled == "" || h.Lacks.Unavailable == "" || h.Lacks.NotFoundYet == ""),
	} {
		require.Falsef(t, missing, "the harness must set %s", field)
	}
	s := &suite{h}
	// A target that claims to lack what it has is as wrong as one that claims to
	// have what it lacks: what hides behind Lacks goes untested.
	target := s.openTarget(t)
	require.Equal(t, target.CanMint(), h.Lacks.Mint == "", "the target is a Minter, or Lacks.Mint says why not")
	require.Equal(t, target.CanExtend(), h.Lacks.Extend == "", "the target is an Extender, or Lacks.Extend says why not")
	require.Equal(t, target.Bounds().Consistency == 0, h.Lacks.NotFoundYet != "",
		"a target with a consistency bound is tried with NotFoundYet, one without says why in Lacks.NotFoundYet")
	require.Positive(t, target.Bounds().Ending, "Bounds().Ending")
	require.Equal(t, target.CanReportUsage(), h.Usage != "", "the target is a UsageReporter and the harness says of which kind (Usage), or neither")
	require.Equal(t, target.CanDetectDrift(), len(h.Widen) > 0, "the target is a DriftDetector and the harness says how to Widen, or neither")
	return s
}

// noDrift returns why the target is not tried for drift; empty if it is.
func (s *suite) noDrift(t *testing.T) string {
	if !s.openTarget(t).CanDetectDrift() {
		return "it cannot say whether what it holds was changed by hand"
	}
	return ""
}

// noUsage returns why the target is not tried for what it says of use; empty if it is.
func (s *suite) noUsage(t *testing.T) string {
	if !s.openTarget(t).CanReportUsage() {
		return "it cannot say how access was used"
	}
	return ""
}

// tier returns the tier, or one that logs why the target lacks it.
func (s *suite) tier(lacks string, run func(*testing.T)) func(*testing.T) {
	if lacks == "" {
		return run
	}
	return func(t *testing.T) { t.Logf("lacking: %s", lacks) }
}
