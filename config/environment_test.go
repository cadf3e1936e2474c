package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
)

// TestTemporalFromTheEnvironment: a file that says nothing of Temporal leaves it
// to Temporal's own variables and profile; one that says anything, does not.
func TestTemporalFromTheEnvironment(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"XDG_CONFIG_HOME", "HOME"} {
		t.Setenv(name, home)
	}
	for _, v := range os.Environ() {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "TEMPORAL_") {
			t.Setenv(name, value) // so that it is there again after the test
			require.NoError(t, os.Unsetenv(name))
		}
	}
	silent := configFile(t, strings.Replace(goodConfig, "temporal: {address: temporal:7233, namespace: default}\n", "", 1))
	load := func(path string) Config {
		c, err := Load(path)
		require.NoError(t, err)
		return c
	}
	require.ErrorContains(t, check(silent), ":1:1: temporal: write temporal.address and temporal.namespace, or set TEMPORAL_ADDRESS")
	t.Setenv("TEMPORAL_ADDRESS", "temporal.example.com:7233")
	require.ErrorContains(t, check(silent), "TEMPORAL_NAMESPACE is needed too")
	t.Setenv("TEMPORAL_NAMESPACE", "ramp")
	require.NoError(t, check(silent))
	options, err := load(silent).temporalOptions()
	require.NoError(t, err)
	require.Equal(t, "temporal.example.com:7233", options.HostPort)
	require.Equal(t, "ramp", load(silent).TemporalNamespace())
	require.Nil(t, options.ConnectionOptions.TLS)

	t.Setenv("TEMPORAL_API_KEY", "MARKED")
	options, err = load(silent).temporalOptions()
	require.NoError(t, err)
	require.NotNil(t, options.ConnectionOptions.TLS, "a key is never sent in clear")
	t.Setenv("TEMPORAL_TLS", "false")
	err = check(silent)
	require.ErrorContains(t, err, "TEMPORAL_API_KEY without TLS would travel in clear")
	require.NotContains(t, err.Error(), "MARKED")

	spoken := configFile(t, goodConfig)
	require.NoError(t, check(spoken))
	options, err = load(spoken).temporalOptions()
	require.NoError(t, err)
	require.Equal(t, client.Options{HostPort: "temporal:7233", Namespace: "default"}, options)

	t.Setenv("TEMPORAL_PROFILE", "prod")
	require.ErrorContains(t, check(silent), "unable to find profile prod")
	require.NoError(t, os.MkdirAll(filepath.Join(home, "temporalio"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(home, "temporalio", "temporal.toml"), []byte("[profile.prod]\naddress = \"x:1\"\nnamespace = \"ramp\"\nmisspelt = 1\n"), 0o600))
	require.ErrorContains(t, check(silent), "misspelt")
}
