package run

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/contracts/examples"
)

// TestLintKnowsWhetherThoseOnCallAreTold: with the configuration it is known whether notices
// know the rota, and so lint says it no more.
func TestLintKnowsWhetherThoseOnCallAreTold(t *testing.T) {
	dir := t.TempDir()
	b, err := examples.Demo.ReadFile("world.yaml")
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "contracts"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "contracts", "world.yaml"), b, 0o600))
	path := filepath.Join(dir, "ramp.yaml")
	lint := func(notices string) string {
		facts := "{kind: file, file: facts.yaml}"
		require.NoError(t, os.WriteFile(path, []byte("ledger: {url: \"sqlite:ledger.db\"}\ntemporal: {address: \"temporal:7233\", namespace: default}\n"+
			"keys: {signer: server.key}\nserver:\n  listen: 127.0.0.1:8080\n  url: https://ramp.example.com\n  contracts: contracts\n"+
			"  identity: {issuer: \"https://login.example.com\"}\n  facts: {oncall: "+facts+", tickets: "+facts+"}\n"+notices), 0o600))
		out, err := ramp(t, "contracts", "lint", filepath.Join(dir, "contracts"), "--config", path)
		require.NoError(t, err)
		return out
	}
	const untold = "nobody is told that it waits"
	require.Contains(t, lint(""), untold)
	require.NotContains(t, lint("worker:\n  notices:\n    pages: https://ramp.example.com\n    facts: {"+"oncall: {kind: file, file: facts.yaml}}\n"), untold)
	require.Equal(t, "oncall_untold", contracts.FindingOnCallUntold)
}
