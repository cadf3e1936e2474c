package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/strictjson"
)

func (l *fakeLedger) History(_ context.Context, p access.Person, contract string, _ time.Time) (access.History, error) {
	h := access.History{Uses: []access.Use{}}
	for _, r := range l.requests {
		if r.Contract == contract && r.Requester.SameHuman(p) {
			h.Uses = append(h.Uses, access.UseOf(r))
		}
	}
	return h, nil
}

// TestSubmitUnderLimits: what somebody had before is asked of the record, refuses, and
// is in the signed evaluation.
func TestSubmitUnderLimits(t *testing.T) {
	set, err := contracts.Parse(map[string][]byte{"orders.yaml": []byte(strings.TrimSpace(testContract) + "\nlimits: {open: 1}\n")})
	require.NoError(t, err)
	f := newFixture(t, func(c *Config) { c.Contracts = contractSet{set} })
	_, _, err = f.Submit(t.Context(), alice, testInput, "")
	require.NoError(t, err)
	signed, err := evidence.ReadEnvelope(f.ledger.submitted[0].Evaluation)
	require.NoError(t, err)
	payload, err := signed.DecodeB64Payload()
	require.NoError(t, err)
	var e access.Evaluation
	require.NoError(t, strictjson.Unmarshal(payload, &e))
	require.NotNil(t, e.History)
	require.NotNil(t, f.ledger.submitted[0].History)

	other := testInput
	other.Reason += " and the morning's"
	_, _, err = f.Submit(t.Context(), alice, other, "")
	require.Equal(t, "limit_open", access.IssuesOf(err)[0].Code)
	_, err = f.DryRun(t.Context(), alice, other)
	require.Equal(t, "limit_open", access.IssuesOf(err)[0].Code)
	_, _, err = f.Submit(t.Context(), bob, testInput, "")
	require.NoError(t, err, "another human")
}
