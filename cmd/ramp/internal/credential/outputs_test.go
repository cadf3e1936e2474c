package credential

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestOutputsHaveAName: a command finds what a Terraform module hands out; no credential names
// another file by that variable.
func TestOutputsHaveAName(t *testing.T) {
	cred, files, err := Place(access.Credential{Kind: "terraform", Files: map[string]string{"outputs.json": "{}"}}, "/run/x")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"outputs.json": "{}"}, files)
	require.Equal(t, "/run/x/outputs.json", cred.Env["RAMP_OUTPUTS"])
	_, _, err = Place(access.Credential{Kind: "terraform", Env: map[string]string{"RAMP_OUTPUTS": "/etc/passwd"}}, "/run/x")
	require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	cred, _, err = Place(access.Credential{Kind: "vault", Env: map[string]string{"VAULT_TOKEN": "t"}}, "/run/x")
	require.NoError(t, err)
	require.NotContains(t, cred.Env, "RAMP_OUTPUTS")
}
