package run

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// TestBacktestOfALedger: the requests of the ledger are evaluated under other contracts, as
// they were signed, and those before the time that is named are left out.
func TestBacktestOfALedger(t *testing.T) {
	dir := t.TempDir()
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signer := evidence.NewSigner(key)
	text := []byte(noticing)
	set, err := contracts.Parse(map[string][]byte{"c.yaml": text})
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "stricter"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "stricter", "c.yaml"), bytes.Replace(text, []byte("max: 1h"), []byte("max: 45m"), 1), 0o600))
	path := filepath.Join(dir, "ramp.yaml")
	require.NoError(t, os.WriteFile(path, []byte("ledger: {url: 'sqlite:"+filepath.Join(dir, "ledger.db")+"'}\n"), 0o600))
	l, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(dir, "ledger.db"))
	require.NoError(t, err)
	defer l.Close()
	for length, ago := range map[string]time.Duration{"30m": time.Hour, "1h": 2 * time.Hour, "50m": 48 * time.Hour} {
		at := time.Now().UTC().Truncate(time.Second).Add(-ago)
		in := access.RequestInput{Contract: "c", Duration: length, Reason: "the orders are stuck since two"}
		e := set.Contracts[0].Evaluate(contracts.Input{Person: access.Person{ID: "alice", Kind: access.KindHuman}, Now: at, Request: in})
		require.NoError(t, e.Err())
		plan := e.Draft
		plan.RequestID = access.NewRequestID()
		signed, digest, err := signer.SignPlan(plan)
		require.NoError(t, err)
		plan.Digest = digest
		b, err := json.Marshal(signed)
		require.NoError(t, err)
		_, err = l.Submit(t.Context(), ledger.Submission{PlanEnvelope: b, Input: in,
			Request: access.Request{ID: plan.RequestID, State: access.StatePending, Contract: "c", Requester: plan.Requester, Plan: plan, CreatedAt: at}})
		require.NoError(t, err)
	}
	backtest := func(args ...string) (report contracts.BacktestReport, err error) {
		var out bytes.Buffer
		c := backtestCommand()
		c.SetOut(&out)
		c.SetErr(&out)
		c.SetArgs(append([]string{filepath.Join(dir, "stricter"), "-o", "json"}, args...))
		if err = c.ExecuteContext(t.Context()); err == nil {
			require.NoError(t, json.Unmarshal(out.Bytes(), &report), out.String())
		}
		return report, err
	}
	report, err := backtest("--config", path)
	require.NoError(t, err)
	require.Equal(t, 3, report.Requests)
	require.Len(t, report.Changes, 2)
	report, err = backtest("--config", path, "--since", "24h")
	require.NoError(t, err)
	require.Equal(t, 2, report.Requests)
	require.Len(t, report.Changes, 1)
	require.Equal(t, "impossible", report.Changes[0].Kind)
	require.Equal(t, "refused: longer than the contract gives", report.Changes[0].After)
	_, err = backtest()
	require.ErrorContains(t, err, "--config FILE")
}
