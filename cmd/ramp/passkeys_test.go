package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/passkey"
	"ramp.dev/ramp/passkey/passkeytest"
)

// withPasskeys is a configuration beside which there is a file of passkeys.
func withPasskeys(t *testing.T, text, file string) string {
	path := configFile(t, text)
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), "passkeys.yaml"), []byte(file), 0o600))
	return path
}

func TestConfigOfPasskeys(t *testing.T) {
	const empty = "origin: https://ramp.example.com\npeople: {}\n"
	named := strings.Replace(goodConfig, "keys:\n", "keys:\n  passkeys: passkeys.yaml\n", 1)
	required := func(text string) string {
		return strings.Replace(text, "      kind: vault\n", "      kind: vault\n      requirePasskey: true\n", 1)
	}
	direct := strings.Replace(named, "  contracts: contracts\n", "  contracts: contracts\n  enrolInPage: true\n", 1)
	for _, c := range []struct{ name, config, file, want string }{
		{"OK", required(named), empty, ""},
		{"required, and none known", required(goodConfig), empty, "requirePasskey: keys.passkeys is not set"},
		{"not true or false", strings.Replace(required(named), "requirePasskey: true", "requirePasskey: perhaps", 1), empty, "into Go value of type bool"},
		{"for another address", named, "origin: https://other.example.com\npeople: {}\n", "the file is for https://other.example.com"},
		{"a file that is wrong", named, "origin: https://ramp.example.com\npeople: {bob: [{}]}\n", "a key needs a name"},
		{"a server that enrols by itself", direct, empty, "enrolInPage: this is for development"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := run(t, "config", "check", "--config", withPasskeys(t, c.config, c.file))
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, access.CodeInvalid, access.CodeOf(err))
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := run(t, "config", "check", "--config", configFile(t, named))
	require.ErrorContains(t, err, "no such file")
}

func TestPasskeysCheck(t *testing.T) {
	b, err := yaml.Marshal(passkeytest.New(t).Enrolled("bob", passkey.Set{}))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "passkeys.yaml")
	require.NoError(t, os.WriteFile(path, b, 0o600))
	out, err := run(t, "passkeys", "check", path)
	require.NoError(t, err)
	require.Contains(t, out, "bob")
	require.Contains(t, out, "Nothing wrong. These keys sign at https://ramp.example.com")

	require.NoError(t, os.WriteFile(path, append(b, "oops: 1\n"...), 0o600))
	_, err = run(t, "passkeys", "check", path)
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	_, err = run(t, "passkeys", "check", path+".none")
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
}
