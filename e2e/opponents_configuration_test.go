package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/integrations/awsiam/awstest"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

// Every kind of target has a contract for whole lives and one with people who
// approve later than they are asked.
const siteContracts = `
apiVersion: ramp/v1
kind: Contract
metadata: {name: %[1]s}
description: %[1]s.
request: {who: '"engineering" in person.groups'}
duration: {default: 10m, max: 1h}
grants: [{target: %[1]s/site, entitlement: %[2]s}]
approval: {pendingFor: 30m, stages: [{name: lead, from: [approvers]}]}
extend: {times: 3, upTo: 2h}
---
`

// configure makes of what `ramp dev` wrote a configuration for the workers of targets and
// one for everybody else.
func (s *site) configure(o siteOptions) {
	c := s.configuration()
	section := func(name string) doc { return c.section(name) }
	if !o.encrypted {
		delete(section("keys"), "payload")
	}
	if s.ledger == "" {
		s.ledger = section("ledger")["url"].(string)
	}
	section("ledger")["url"] = s.ledger
	if o.crowd {
		many := map[string]any{"perSecond": 10000, "burst": 10000}
		section("server")["limits"] = map[string]any{"person": many, "address": many}
		section("server")["maxOpen"] = 100000
	}
	every := time.Second
	if o.reconcile > 0 {
		every = o.reconcile
	}
	section("worker")["reconcile"] = map[string]any{"every": every.String()}
	targets := section("worker")["targets"].(map[string]any)
	targets["ssh/site"] = targets["ssh/demo"]
	delete(targets, "ssh/demo")
	contracts := fmt.Sprintf(siteContracts, "ssh", "{user: demo}")
	if s.vault != nil {
		targets["vault/site"] = map[string]any{"kind": "vault", "address": s.vault.Address,
			"token": "file:" + vaulttest.TokenFile(s.T, s.vault.Token(s.T, "ramp")), "policies": []string{"orders-read"}}
		targets["aws/site"] = map[string]any{"kind": "aws", "region": awstest.Region, "account": awstest.Account,
			"endpoint": s.aws.Endpoint, "worker": s.aws.Worker, "boundary": s.aws.Boundary, "consistency": "1s",
			"allow": []any{map[string]any{"actions": []string{"s3:GetObject"}, "resources": []string{"arn:aws:s3:::orders*"}}}}
		contracts += fmt.Sprintf(siteContracts, "vault", "{policies: [orders-read]}") +
			fmt.Sprintf(siteContracts, "aws", "{actions: ['s3:GetObject'], resources: ['arn:aws:s3:::orders/*']}")
	}
	section("worker")["control"] = false
	c.write(s.targetsConfig())
	section("worker")["control"] = true
	delete(section("worker"), "targets")
	c.write(s.config())
	old, err := filepath.Glob(filepath.Join(s.dir, "contracts", "*"))
	require.NoError(s, err)
	for _, f := range old {
		require.NoError(s, os.RemoveAll(f))
	}
	require.NoError(s, os.WriteFile(filepath.Join(s.dir, "contracts", "site.yaml"), []byte(strings.TrimSuffix(contracts, "---\n")), 0o600))
}
