package worker

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/vaulttoken"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
	"ramp.dev/ramp/workflows"
)

// onVault is a plan for one policy of a real Vault, for a person, with the scope that
// the target resolves.
func onVault(who string, scope access.Scope) func(*access.Plan) {
	return func(p *access.Plan) {
		p.Requester.ID, p.Principal = who, who
		p.Grants[0].Target, p.Grants[0].Entitlement = "vault/main", access.Entitlement{"policies": []any{"orders-read"}}
		p.Grants[0].Scope = scope
		p.Extend = &access.ExtensionLimits{Times: 3, UpTo: access.Duration(24 * time.Hour)}
	}
}

// token is what the requester picks up, opened with the key that asked.
func (a asked) token() string {
	a.site.Helper()
	key, err := evidence.NewRecipient()
	require.NoError(a.site, err)
	order, err := a.site.signer.SignPickUp(access.PickUpOrder{RequestID: a.id(), PlanDigest: a.plan.Digest, Grant: a.grant(),
		Recipient: key.Public(), By: a.plan.Requester, At: time.Now().UTC()})
	require.NoError(a.site, err)
	sealed, err := update[evidence.SealedCredential](a, workflows.UpdatePickUp, order)
	require.NoError(a.site, err)
	c, err := key.Open(sealed, evidence.CredentialContext(a.id(), a.grant()))
	require.NoError(a.site, err)
	return c.Env["VAULT_TOKEN"]
}

// reads is one use of a token; anything but a refusal is a fault of the test.
func reads(s *site, v *api.Client) bool {
	_, err := v.Logical().ReadWithContext(context.Background(), "secret/data/orders")
	var answer *api.ResponseError
	if errors.As(err, &answer) && answer.StatusCode == http.StatusForbidden {
		return false
	}
	if err != nil {
		s.Errorf("reading: %v", err)
	}
	return err == nil
}

// TestCase29OnVault: grants of one policy, of one person and of two, through
// workflow and broker on a real Vault. What ends one leaves the others, and an
// extension has no gap.
func TestCase29OnVault(t *testing.T) {
	t.Parallel() // it waits most of its time
	vault := vaulttest.Start(t)
	vault.Policy(t, "orders-read", `path "secret/data/orders" { capabilities = ["read"] }`)
	vault.Policy(t, "ramp", vaulttoken.Policy("orders-read"))
	_, err := vault.Root.Logical().Write("secret/data/orders", map[string]any{"data": map[string]any{"n": 1}})
	require.NoError(t, err)
	s := newSite(t, nil)
	target := NewTargetConfig("vault", vaulttoken.Config{Config: jsonhttp.Config{Address: vault.Address,
		Token: field.SecretFile(vaulttest.TokenFile(t, vault.Token(t, "ramp")))}, Policies: []string{"orders-read"}})
	s.config.Targets = map[string]TargetConfig{"vault/main": target}
	resolved, err := target.Config.Open(t.Context(), "vault/main")
	require.NoError(t, err)
	scope, err := resolved.Resolve(t.Context(), access.Entitlement{"policies": []any{"orders-read"}})
	require.NoError(t, err)
	s.start()
	open := func(who string, d time.Duration) (asked, *api.Client) {
		a := s.asks(d, onVault(who, scope))
		a.awaits(access.StateActive)
		c := vault.Client(t, a.token())
		require.True(t, reads(s, c))
		return a, c
	}
	first, v1 := open("alice", time.Hour)
	second, v2 := open("alice", 2*time.Hour)
	third, v3 := open("anna", time.Hour)
	short, v4 := open("alice", 20*time.Second) // the last to begin, the first to expire

	// A client that reads again and again from before the extension until after
	// the old end, with the token it had.
	extended, v5 := open("alice", 25*time.Second)
	old := *extended.row().ExpiresAt
	var reading, refused atomic.Int32
	stop := make(chan struct{})
	var client sync.WaitGroup
	client.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
			if reading.Add(1); !reads(s, v5) {
				refused.Add(1)
			}
		}
	})
	_, err = update[workflows.ExtendResult](extended, workflows.UpdateExtend, extended.orders(1, time.Hour))
	require.NoError(t, err)
	require.True(t, time.Now().Before(old), "the machine is too slow for this test")

	short.awaits(access.StateEnded)
	require.False(t, reads(s, v4))
	require.True(t, reads(s, v1) && reads(s, v2) && reads(s, v3), "the earlier expiry took another's access")
	second.stops(access.EndRevoke)
	second.awaits(access.StateEnded)
	require.False(t, reads(s, v2))
	require.True(t, reads(s, v1) && reads(s, v3), "a revoke took another's access")
	first.stops(access.EndRelease)
	first.awaits(access.StateEnded)
	require.False(t, reads(s, v1))
	require.True(t, reads(s, v3), "a release took another person's access")

	s.eventually(func() bool { return time.Now().After(old.Add(3 * time.Second)) }, "the old end is past")
	close(stop)
	client.Wait()
	require.Greater(t, reading.Load(), int32(50))
	require.Zero(t, refused.Load(), "of %d reads", reading.Load())
	third.stops(access.EndRelease)
	extended.stops(access.EndRelease)
	third.awaits(access.StateEnded)
	extended.awaits(access.StateEnded)
	require.False(t, reads(s, v5))
	require.False(t, reads(s, v3))
}
