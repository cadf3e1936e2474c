package main

import (
	"context"
	"crypto/ed25519"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/review"
	"ramp.dev/ramp/review/record"
	"ramp.dev/ramp/tools/year/company"
)

// TestTheLedgerTellsTheSame: what a review finds in requests as they were made up, it finds
// in the same requests after they were recorded, signed and read back.
func TestTheLedgerTellsTheSame(t *testing.T) {
	y, err := company.Make(19, 0.15)
	require.NoError(t, err)
	period := review.Period{From: y.From.AddDate(0, 0, 200), To: y.From.AddDate(0, 0, 228)}
	thresholds := review.DefaultThresholds()
	begins := review.New(y.Contracts, period, thresholds).Begins()
	known, _ := y.AsOf(period.To)
	var recorded []review.Request
	for _, r := range known {
		// What was open at the end would have to be recorded half.
		if !r.AskedAt.Before(begins) && !r.DecidedAt.IsZero() && (!r.Opened() || !r.ClosedAt.IsZero()) {
			recorded = append(recorded, r)
		}
	}
	require.Greater(t, len(recorded), 300)

	l, err := ledger.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	_, server, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	_, worker, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signer := evidence.NewSigner(server)
	require.NoError(t, company.Recorder{Ledger: l, Server: signer, Worker: evidence.NewSigner(worker), AtOnce: 8}.Record(t.Context(), recorded))

	m := review.New(y.Contracts, period, thresholds)
	reader := record.Reader{Ledger: l, Keys: evidence.NewKeyring(signer.Public()), TeamAttribute: "team"}
	_, problems, err := reader.Read(t.Context(), m, period)
	require.NoError(t, err)
	require.Empty(t, problems)
	recordedReport, straight := m.Report(), review.Make(recorded, nil, y.Contracts, period, thresholds)
	require.Equal(t, straight.Figures.Requests, recordedReport.Figures.Requests)
	for _, kind := range []review.Kind{review.NeverUsed, review.LittleUsed} {
		require.True(t, slices.ContainsFunc(straight.Findings, func(f review.Finding) bool { return f.Kind == kind }), "the year has no %s here", kind)
	}
	require.Equal(t, sentences(straight), sentences(recordedReport))
}

// sentences are the findings, without those of acts that Ramp refused: none is recorded here.
func sentences(r review.Report) map[string]string {
	out := map[string]string{}
	for _, f := range r.Findings {
		if f.Kind != review.Refusals {
			out[f.ID] = f.Sentence
		}
	}
	return out
}
