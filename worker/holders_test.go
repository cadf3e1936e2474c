package worker

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/integrations/identitycenter"
	"ramp.dev/ramp/ledger"
)

// A target whose grants share objects counts their holders in the worker's ledger, under
// its own name.
func TestTargetsThatShareUseTheLedger(t *testing.T) {
	led, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { led.Close() })
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	const name, set = "identitycenter/org", "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef"
	opening := openTargets(t.Context(), map[string]TargetConfig{name: {TargetFields: TargetFields{Kind: "identitycenter"}, Config: identitycenter.Config{
		Config:        awsapi.Config{Region: "eu-central-1", Account: "123456789012", Endpoint: "http://127.0.0.1:1"}, // nothing is there
		IdentityStore: "d-1234567890", PermissionSets: map[string]string{"Admin": set},
		Allow: []identitycenter.AllowConfig{{PermissionSets: []string{"Admin"}, Accounts: []string{"111122223333"}}},
	}}}, nil, led, nil, evidence.Keyring{})
	g := access.Grant{Name: access.GrantName(access.NewRequestID(), 0), Target: name}
	p, err := opening.broker.Inspect(t.Context(), g)
	require.NoError(t, err, "it holds nothing, so AWS is not asked")
	require.True(t, p.Gone())
	require.NoError(t, led.Holders(name).Hold(t.Context(), "assignment 111122223333 "+set+" user", g.Name))
	_, err = opening.broker.Inspect(t.Context(), g)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "what the ledger says that it holds is looked for on AWS: %v", err)
}
