package run

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts/examples"
)

// ramp runs an operator's command and returns what it prints.
func ramp(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := &cobra.Command{Use: "ramp", SilenceUsage: true, SilenceErrors: true}
	c.AddCommand(Commands()...)
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&out)
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

// TestConfigCommands: check says what is wrong with the file and its contracts,
// show prints it without its password.
func TestConfigCommands(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ramp.yaml")
	write := func(address string) {
		require.NoError(t, os.WriteFile(path, []byte("ledger: {url: \""+address+"\"}\ntemporal: {address: \"temporal:7233\", namespace: default}\n"+
			"keys: {signer: server.key}\nserver:\n  listen: 127.0.0.1:8080\n  url: https://ramp.example.com\n  contracts: contracts\n"+
			"  identity: {issuer: \"https://login.example.com\"}\n"), 0o600))
	}
	write("postgres://ramp:hunter2@db.example.com/ramp")
	_, err := ramp(t, "config", "check", "--config", path)
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	require.ErrorContains(t, err, path+":7:3: server.contracts: ")

	require.NoError(t, os.Mkdir(filepath.Join(dir, "contracts"), 0o755))
	b, err := examples.Demo.ReadFile("ssh.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "contracts", "ssh.yaml"), b, 0o644))
	out, err := ramp(t, "config", "check", "--config", path)
	require.NoError(t, err)
	require.Equal(t, path+": valid\n", out)

	asks := filepath.Join(dir, "contracts", "ssh.yaml")
	require.NoError(t, os.WriteFile(asks, []byte(strings.Replace(string(b), "\nrequest:\n", "\nrequest:\n  ticket: {system: jira, required: true}\n", 1)), 0o644))
	_, err = ramp(t, "config", "check", "--config", path)
	require.ErrorContains(t, err, `asks the source "jira", which server.facts lacks (it has none)`)
	foolish := strings.Replace(owned, "metadata: {name: c, owner: leads}", "metadata: {name: foolish}", 1)
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(asks), "foolish.yaml"), []byte(strings.Replace(foolish, "max: 1h", "max: 13h", 1)), 0o644))
	out, err = ramp(t, "contracts", "lint", filepath.Dir(asks), "--config", path)
	require.ErrorContains(t, err, `asks the source "jira"`)
	require.Contains(t, out, "1 issue, ", "what the configuration lacks does not hide the findings")
	require.Contains(t, out, "foolish: access may last 13h")
	out, err = ramp(t, "contracts", "lint", filepath.Dir(asks), "--config", path, "-o", "json")
	require.Error(t, err)
	require.Contains(t, out, `"code": "source_missing"`)
	require.Contains(t, out, `"code": "max_long"`)
	require.NoError(t, os.Remove(filepath.Join(filepath.Dir(asks), "foolish.yaml")))
	_, err = ramp(t, "contracts", "lint", filepath.Dir(asks))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(asks, b, 0o644))

	out, err = ramp(t, "config", "show", "--config", path)
	require.NoError(t, err)
	require.Contains(t, out, filepath.Join(dir, "server.key"))
	require.NotContains(t, out, "hunter2")

	out, err = ramp(t, "config", "check", "--config", path, "-o", "json")
	require.NoError(t, err)
	require.JSONEq(t, `{"issues": []}`, out)

	write("mysql://db")
	out, err = ramp(t, "config", "check", "--config", path, "-o", "json")
	require.Error(t, err)
	require.Contains(t, out, `"code": "url_malformed"`)
	_, err = ramp(t, "config", "check", "--config", path)
	require.ErrorContains(t, err, path+":1:10: ledger.url: the address must be")
	require.NoError(t, os.WriteFile(path, []byte("ledger: {url: \"sqlite:/tmp/x\"}\n"), 0o600))
	_, err = ramp(t, "config", "check", "--config", path)
	require.ErrorContains(t, err, "has neither server nor worker")
}
