package config

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/facts"
	"ramp.dev/ramp/server"
)

// TestMissingSources: a configuration is asked for the sources of facts and for the keys
// of workers that contracts need; a key for every target is one for each.
func TestMissingSources(t *testing.T) {
	set, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(`apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request:
  who: 'true'
  ticket: {system: jira}
  params: {account: {type: string, required: true, choices: {from: aws/prod, list: accounts}}}
duration: {default: 30m, max: 1h}
grants: [{target: t/t, entitlement: {a: '{{ params.account }}'}}]
approval: {stages: [{name: a, from: [x]}]}
`)})
	require.NoError(t, err)
	jira := server.Config{Facts: map[string]facts.Config{"jira": {}}}
	worker := func(targets ...string) Keys {
		return Keys{Workers: []WorkerKey{{Public: "not read", Targets: targets}}}
	}
	for _, c := range []struct {
		config Config
		want   []string
	}{
		{Config{}, []string{"source_missing", "inventory_missing"}},
		{Config{Server: jira}, []string{"inventory_missing"}},
		{Config{Server: jira, Keys: worker("t/t")}, []string{"inventory_missing"}},
		{Config{Server: jira, Keys: worker("t/t", "aws/prod")}, nil},
		{Config{Server: jira, Keys: worker("*")}, nil},
		{Config{Keys: worker("*")}, []string{"source_missing"}},
	} {
		var got []string
		for _, i := range c.config.MissingSources(set) {
			got = append(got, i.Code)
		}
		require.Equal(t, c.want, got)
	}
}
