package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase140UsageIsTheWorkers: how access was used is what the worker of the target
// signed. Whoever writes to the ledger before a checkpoint covers the event can neither
// hide use nor make some up, for who verifies the pack.
func TestCase140UsageIsTheWorkers(t *testing.T) {
	used := access.Usage{Kind: access.UsageSessions, First: at.Add(3 * time.Minute), Last: at.Add(20 * time.Minute), Sessions: 2, For: access.Duration(9 * time.Minute)}
	less, never := used, access.Usage{Kind: access.UsageSessions}
	less.For = access.Duration(time.Minute)
	for name, c := range map[string]struct {
		signed, recorded *access.Usage
		proven           bool
	}{
		"as it was signed": {&used, &used, true}, "as before targets said it": {nil, nil, true}, "never, as signed": {&never, &never, true},
		"use is hidden": {&used, &never, false}, "use is left out": {&used, nil, false}, "less of it": {&used, &less, false},
		"use is made up": {&never, &used, false}, "use that nobody signed": {nil, &used, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTale(t)
			s.evaluate()
			s.decide(human("bob", "approvers"), access.Approve, time.Minute)
			s.open(2 * time.Minute)
			s.closeUsed(30*time.Minute, access.ReadBack{}, c.signed, c.recorded)
			r := s.verify(s.pack())
			require.Equal(t, c.proven, r.Proven(), r.Summary)
			if !c.proven {
				require.Contains(t, r.Summary, "how grant")
			}
		})
	}
}
