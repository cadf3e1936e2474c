package e2e

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

// TestVaultPeople is access for somebody who logs in to Vault by themselves, from asking to its
// end: what they have from before works at once and is refused at once, nobody else has
// anything, and nothing is left in Vault.
func TestVaultPeople(t *testing.T) {
	t.Parallel()
	in, ctx := install(t), context.Background()
	vault := vaulttest.Start(t)
	vault.Policy(t, "orders-read", `path "auth/token/lookup-self" { capabilities = ["read"] }`)
	people := startPeople(in, vault, "alice", "carol")
	of := people.target(nil)

	in.start(nil, "dev", "--without", "server,worker")
	in.configured()
	in.reconfigure(func(c configuration) { c.section("worker", "targets")[of.target] = of.config })
	require.NoError(t, os.WriteFile(filepath.Join(in.dir, "contracts", "people.yaml"), []byte(of.contract()), 0o644))
	in.start(nil, "worker", "--config", in.config())
	in.start(nil, "server", "--config", in.config()).ready()

	early, another := people.logsIn("alice"), people.logsIn("carol")
	var r request
	in.eventually(2*time.Minute, "alice asks", func() bool {
		return in.as("alice").call("POST", "/api/v1/requests", doc{"contract": of.name(), "duration": "10m", "reason": "look into incident 42"}, &r) == 201
	})
	require.Error(t, reads(ctx, early), "nobody has approved")
	out, err := in.as("bob").ramp("show", r.ID)
	require.NoError(t, err, "%s", out)
	require.Contains(t, out, "orders-read")
	in.as("bob").approves(r)
	in.as("alice").awaits(r.ID, "active", time.Minute)
	late := people.logsIn("alice")
	require.NoError(t, reads(ctx, early), "a login from before")
	require.NoError(t, reads(ctx, late), "a login meanwhile")
	require.Error(t, reads(ctx, another), "a person who has not asked")
	_, err = in.as("alice").creds(ctx, r.ID)
	require.Error(t, err, "there is nothing to pick up")
	group := "identity/group/name/" + grantOf(r.ID)
	found, err := vault.Root.Logical().Read(group)
	require.NoError(t, err)
	require.NotNil(t, found)

	out, err = in.as("alice").ramp("release", r.ID)
	require.NoError(t, err, "%s", out)
	require.Equal(t, "released", in.as("alice").awaits(r.ID, "ended", time.Minute).Outcome)
	require.Error(t, reads(ctx, early), "a login from before")
	require.Error(t, reads(ctx, late), "a login meanwhile")
	require.Error(t, reads(ctx, people.logsIn("alice")), "a login after the end")
	found, err = vault.Root.Logical().Read(group)
	require.NoError(t, err)
	require.Nil(t, found)
}
