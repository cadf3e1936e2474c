package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
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
		return strings.Replace(text, "      kind: vault\n", "      kind: vault\n      passkeyApprovals: 1\n", 1)
	}
	direct := strings.Replace(named, "  contracts: contracts\n", "  contracts: contracts\n  enrolInPage: true\n", 1)
	for _, c := range []struct{ name, config, file, want string }{
		{"OK", required(named), empty, ""},
		{"required, and none known", required(goodConfig), empty, "passkeyApprovals: keys.passkeys is not set"},
		{"not a number", strings.Replace(required(named), "passkeyApprovals: 1", "passkeyApprovals: perhaps", 1), empty, "here belongs a number, and a text is written"},
		{"more people than a stage may have", strings.Replace(required(named), "passkeyApprovals: 1", "passkeyApprovals: 21", 1), empty, "passkeyApprovals: a number of people is needed: 1 to 20"},
		{"for another address", named, "origin: https://other.example.com\npeople: {}\n", "the file is for https://other.example.com"},
		{"a file that is wrong", named, "origin: https://ramp.example.com\npeople: {bob: [{}]}\n", "a key needs a name"},
		{"a server that enrols by itself", direct, empty, "enrolInPage: this is for development"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := check(withPasskeys(t, c.config, c.file))
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, access.CodeInvalid, access.CodeOf(err))
			require.ErrorContains(t, err, c.want)
		})
	}
	require.ErrorContains(t, check(configFile(t, named)), "no such file")
}
