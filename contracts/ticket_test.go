package contracts_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestTicketLength: characters are counted, not bytes.
func TestTicketLength(t *testing.T) {
	set := parsed(t, contract("c", "true", `{default: 30m, max: 2h}`, `{auto: 'true'}`))
	for n, want := range map[int]string{100: "", 101: "ticket_malformed"} {
		e := set.Contracts[0].Evaluate(contracts.Input{Person: alice, Now: now, Request: access.RequestInput{Reason: "a good reason", Ticket: strings.Repeat("é", n)}})
		require.Equal(t, want, codes(e.Issues))
	}
}
