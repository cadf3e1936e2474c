package field

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

type Part struct {
	File   File       `yaml:"file,omitempty"`
	Text   FileOrText `yaml:"text,omitempty"`
	Secret Secret     `yaml:"secret,omitempty"`
	URL    URL        `yaml:"url,omitempty"`
}

type whole struct {
	Part   `yaml:",inline"`
	Parts  []Part          `yaml:"parts,omitempty"`
	Named  map[string]Part `yaml:"named,omitempty"`
	Any    any             `yaml:"any,omitempty"`
	Hidden *Part           `yaml:"-"`
	At     *Part           `yaml:"at,omitempty"`
}

func read(t *testing.T, text string) (w whole) {
	t.Helper()
	require.NoError(t, yaml.UnmarshalContext(WithDir(context.Background(), "/etc/ramp"), []byte(text), &w))
	return w
}

func TestPathsAreRelativeToTheFile(t *testing.T) {
	w := read(t, "parts: [{file: a/b, secret: file:c}, {file: /d, secret: file:/e}, {text: keys/host.pub}, {text: ssh-ed25519 AAAA}]")
	require.Equal(t, File("/etc/ramp/a/b"), w.Parts[0].File)
	require.Equal(t, SecretFile("/etc/ramp/c"), w.Parts[0].Secret)
	require.Equal(t, File("/d"), w.Parts[1].File)
	require.Equal(t, SecretFile("/e"), w.Parts[1].Secret)
	require.Equal(t, FileOrText("/etc/ramp/keys/host.pub"), w.Parts[2].Text)
	require.Equal(t, FileOrText("ssh-ed25519 AAAA"), w.Parts[3].Text)
	require.Equal(t, []string{"/d", "x"}, Paths([]File{"/d", "x"}))
}

// TestWrittenSecretIsDropped: whatever it looks like, and however it is shown.
func TestWrittenSecretIsDropped(t *testing.T) {
	for _, text := range []string{"MARKED", "/etc/MARKED", "hvs.MARKED", "[MARKED]", "{a: MARKED}", "FILE:MARKED"} {
		w := read(t, "secret: "+text)
		require.False(t, w.Secret.IsZero())
		err := w.Secret.Validate()
		require.Equal(t, access.CodeInvalid, access.CodeOf(err))
		_, readErr := w.Secret.Read(t.Context())
		require.Equal(t, access.CodeInvalid, access.CodeOf(readErr))
		asYAML, yamlErr := yaml.Marshal(w)
		require.NoError(t, yamlErr)
		asJSON, jsonErr := json.Marshal(w)
		require.NoError(t, jsonErr)
		for _, out := range []string{err.Error(), readErr.Error(), string(asYAML), string(asJSON), fmt.Sprintf("%v %+v %#v %q", w.Secret, w, w, w.Secret)} {
			require.NotContains(t, out, "MARKED")
		}
	}
}

func TestNoSecret(t *testing.T) {
	w := read(t, "file: x")
	require.True(t, w.Secret.IsZero())
	require.NoError(t, w.Secret.Validate())
	text, err := w.Secret.Read(t.Context())
	require.NoError(t, err)
	require.Empty(t, text)
	b, err := yaml.Marshal(w)
	require.NoError(t, err)
	require.NotContains(t, string(b), "secret")
}

// TestReadHere asks nothing of Vault, of which there is none.
func TestReadHere(t *testing.T) {
	t.Setenv("VAULT_ADDR", "http://127.0.0.1:1")
	t.Setenv("RAMP_TEST_SECRET", "text")
	text, here, err := SecretEnv("RAMP_TEST_SECRET").ReadHere(t.Context())
	require.NoError(t, err)
	require.True(t, here)
	require.Equal(t, "text", text)
	_, here, err = ParseSecret("vault:kv/ramp#x").ReadHere(t.Context())
	require.NoError(t, err)
	require.False(t, here)
	_, _, err = ParseSecret("vault:kv").ReadHere(t.Context())
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	_, _, err = SecretFile("/none").ReadHere(t.Context())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
}

func TestSecretsFindsAll(t *testing.T) {
	w := read(t, "secret: env:A\nparts: [{secret: env:B}, {file: x}, {secret: env:C}]\nnamed: {z: {secret: env:E}, y.z: {secret: env:D}}\nat: {secret: env:F}")
	w.Any, w.Hidden = Part{Secret: SecretEnv("G")}, &Part{Secret: SecretEnv("H")}
	var found []string
	for _, s := range Secrets(&w) {
		found = append(found, s.Path+"="+s.Secret.String())
	}
	require.Equal(t, []string{"secret=env:A", "parts[0].secret=env:B", "parts[2].secret=env:C", "named.y.z.secret=env:D", "named.z.secret=env:E",
		"any.secret=env:G", "at.secret=env:F"}, found)
}
