package contracts_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestOptionalReason: where the reason is optional, long access must be justified
// all the same.
func TestOptionalReason(t *testing.T) {
	set := parsed(t, contract("c", "true", `{default: 30m, max: 2h, justifyOver: 1h}`, `{auto: 'true'}`, "\n  reason: {optional: true}"))
	for _, c := range []struct{ reason, length, want string }{
		{"", "1h", ""},
		{" \n", "1h", ""},
		{"", "61m", "reason_needs_justification"},
		{" \n", "2h", "reason_needs_justification"},
		{"short", "2h", "reason_needs_justification"},
		{"short", "1h", "reason_too_short"},
		{strings.Repeat("ü", 40), "2h", ""},
	} {
		e := set.Contracts[0].Evaluate(contracts.Input{Person: alice, Now: now, Request: access.RequestInput{Reason: c.reason, Duration: c.length}})
		require.Equal(t, c.want, codes(e.Issues), "%q for %s", c.reason, c.length)
	}
}
