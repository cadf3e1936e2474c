package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/vaulttoken"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/tools/opponents"
	"ramp.dev/ramp/workflows"
)

// TestCase155Environments: two environments, production's SSH host and staging's Vault, have a
// worker each, with a key and credentials of its own. Staging's file also names production's
// host by mistake: it takes none of its work, and operators are told. While production's worker
// is dead staging goes on, and production's access ends when that is back. Whoever has
// staging's key, Temporal and the ledger ends nothing in production: what they say is undone.
func TestCase155Environments(t *testing.T) {
	t.Parallel()
	s := &site{installation: install(t), people: map[string]*person{}}
	s.vault = vaulttest.Start(t)
	s.vault.Policy(t, "orders-read", `path "auth/token/lookup-self" { capabilities = ["read"] }`)
	s.vault.Policy(t, "ramp", vaulttoken.Policy("orders-read"))
	s.engine = s.start(nil, "dev", "--without", "server,worker")
	s.configured()
	s.environments()
	control := s.start(nil, "worker", "--config", s.file("control.yaml"))
	production := s.start(nil, "worker", "--config", s.file("production.yaml"))
	s.start(nil, "worker", "--config", s.file("staging.yaml"))
	for _, name := range []string{"control", "production", "staging"} {
		s.eventually(time.Minute, name+" has made its key", func() bool { _, err := os.Stat(s.file(name + ".pub")); return err == nil })
	}
	server := s.start(nil, "server", "--config", s.config()).ready()
	alice, bob, oscar := s.as("alice"), s.as("bob"), s.as("oscar")
	for _, contract := range []string{"ssh", "vault"} {
		s.eventually(2*time.Minute, contract+" can be asked for", func() bool {
			status, _, err := alice.try("POST", "/api/v1/requests?dryRun=true", doc{"contract": contract, "reason": "is everything there?"})
			return err == nil && status == 200
		})
	}
	s.eventually(2*time.Minute, "operators are told of the mistake", func() bool {
		_, raw, err := oscar.try("GET", "/api/v1/targets", nil)
		return err == nil && strings.Contains(string(raw), `"misplaced"`) && strings.Contains(string(raw), "vault/site only")
	})
	opens := func(contract string) request {
		r := alice.asks(contract, "10m")
		bob.approves(r)
		return alice.awaits(r.ID, "active", 2*time.Minute)
	}
	revokes := func(r request) {
		require.Equal(t, 200, oscar.call("POST", "/api/v1/requests/"+r.ID+"/revoke", doc{"reason": "the incident is over"}, nil))
	}
	there := func(r request) bool { return slices.Contains(s.admitted(), grantOf(r.ID)) }

	r, other := opens("ssh"), opens("vault")
	require.True(t, there(r))
	production.kill()
	revokes(r)
	revokes(other)
	alice.awaits(other.ID, "ended", 2*time.Minute)
	next := opens("vault")
	require.NotEqual(t, "ended", alice.sees(r.ID).State)
	require.True(t, there(r), "its own worker alone can end it")

	// Whoever has staging's key records that it is gone.
	led, err := ledger.Open(t.Context(), s.configuration().section("ledger")["url"].(string))
	require.NoError(t, err)
	defer led.Close()
	stolen, err := evidence.LoadOrCreateSigner(s.file("staging.key"))
	require.NoError(t, err)
	name, now := grantOf(r.ID), time.Now().UTC()
	signed, err := stolen.SignReceipt(access.Receipt{RequestID: r.ID, Grant: name, Target: "ssh/site", Kind: access.ReceiptClosed, At: now, Found: &access.ReadBack{}})
	require.NoError(t, err)
	envelope, err := json.Marshal(signed)
	require.NoError(t, err)
	temporal, err := client.Dial(client.Options{HostPort: s.addr("temporal"), Logger: quiet{}})
	require.NoError(t, err)
	defer temporal.Close()
	thief, err := opponents.StartWorker(temporal, workflows.CloseQueue("ssh/site"), map[string]opponents.Lie{api.CloseGrant: opponents.Says(nil)})
	require.NoError(t, err)
	defer thief.Stop()
	require.NoError(t, led.MarkClosed(t.Context(), name, now, access.Transition{RequestID: r.ID, At: now,
		Statements: []access.Statement{{RequestID: r.ID, Key: access.KeyReceipt(access.ReceiptClosed, name), Envelope: envelope}}},
		access.Ended(r.ID, access.OutcomeRevoked, now)))
	s.eventually(time.Minute, "what the thief recorded is undone", func() bool {
		list, err := led.Grants(t.Context(), ledger.GrantFilter{RequestID: r.ID})
		return err == nil && list[0].Reopened > 0 && list[0].Status != ledger.GrantClosed
	})
	require.Equal(t, "ending", alice.sees(r.ID).State)
	require.True(t, there(r))

	s.start(nil, "worker", "--config", s.file("production.yaml"))
	alice.awaits(r.ID, "ended", 2*time.Minute)
	require.False(t, there(r))
	require.Equal(t, "active", alice.sees(next.ID).State)
	for _, p := range []*process{control, server} {
		select {
		case <-p.done:
			t.Fatal("a process has ended")
		default:
		}
	}
}

func (s *site) file(name string) string { return filepath.Join(s.dir, name) }

// environments writes a configuration for the servers, one for the worker of workflows, and
// one for the worker of each environment. Staging's names production's host too, with a
// directory of its own.
func (s *site) environments() {
	c := s.configuration()
	delete(c.section("keys"), "payload")
	host := c.section("worker", "targets")["ssh/demo"].(doc)
	c.section("worker")["reconcile"] = doc{"every": "1s"}
	write := func(file, key string, control bool, targets doc) {
		c.section("keys")["worker"] = s.file(key + ".key")
		c.section("worker")["control"] = control
		c.section("worker")["targets"] = targets
		c.write(s.file(file))
	}
	mistaken := doc{}
	for k, v := range host {
		mistaken[k] = v
	}
	mistaken["dir"] = s.file("ssh-of-staging")
	write("control.yaml", "control", true, doc{})
	write("production.yaml", "production", false, doc{"ssh/site": host})
	write("staging.yaml", "staging", false, doc{"ssh/site": mistaken, "vault/site": doc{"kind": "vault", "address": s.vault.Address,
		"token": "file:" + vaulttest.TokenFile(s.T, s.vault.Token(s.T, "ramp")), "policies": []string{"orders-read"}}})
	c.section("keys")["workers"] = []any{doc{"public": s.file("production.pub"), "targets": []string{"ssh/site"}},
		doc{"public": s.file("staging.pub"), "targets": []string{"vault/site"}}}
	write("ramp.yaml", "control", true, doc{})
	old, err := filepath.Glob(s.file("contracts/*"))
	require.NoError(s, err)
	for _, f := range old {
		require.NoError(s, os.RemoveAll(f))
	}
	contracts := fmt.Sprintf(siteContracts, "ssh", "{user: demo}") + fmt.Sprintf(siteContracts, "vault", "{policies: [orders-read]}")
	require.NoError(s, os.WriteFile(s.file("contracts/site.yaml"), []byte(strings.TrimSuffix(contracts, "---\n")), 0o600))
}
