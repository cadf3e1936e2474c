package config

import (
	"os"
	"path/filepath"
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
		{Config{Server: jira, Keys: worker("aws/prod")}, nil},
		{Config{Server: jira, Keys: worker("t/t", "aws/prod")}, nil},
		{Config{Server: jira, Keys: worker("*")}, nil},
		{Config{Keys: worker("*")}, []string{"source_missing"}},
	} {
		var got []string
		for _, i := range c.config.Lacks(set) {
			got = append(got, i.Code)
		}
		require.Equal(t, c.want, got)
	}
}

// TestListsThatATargetLacks: a list's name that is written wrongly is found where the file
// has the target, and nothing is said of targets of other workers.
func TestListsThatATargetLacks(t *testing.T) {
	set, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(`apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request:
  who: 'true'
  params: {user: {type: string, required: true, choices: {from: ssh/demo, list: logins}}}
duration: {default: 30m, max: 1h}
grants: [{target: ssh/demo, entitlement: {user: '{{ params.user }}'}}]
approval: {stages: [{name: a, from: [x]}]}
`)})
	require.NoError(t, err)
	for text, want := range map[string]string{
		"server: {}\nworker: {targets: {ssh/demo: {kind: ssh}}}\nkeys: {workers: [{public: a.pub, targets: [ssh/demo]}]}\n": `c.yaml:6:75: contract c takes "user" from the list "logins", and ssh/demo has none of that name (it has hosts, users): nothing can ever be chosen`,
		"server: {}\nkeys: {workers: [{public: a.pub, targets: [ssh/demo]}]}\n":                                             "",
	} {
		path := filepath.Join(t.TempDir(), "ramp.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		c, err := Load(path)
		require.NoError(t, err)
		said := ""
		for _, i := range c.Lacks(set) {
			said += i.String()
		}
		require.Equal(t, want, said)
	}
}

// TestTargetsThatNobodyServes: a target's name that is written wrongly is found where the
// file says which targets there are, and nothing is said where it cannot tell. It is no
// mistake that keeps a server from starting: another worker may serve the target, with a
// file of its own and a key that nobody needs to list.
func TestTargetsThatNobodyServes(t *testing.T) {
	set, err := contracts.Parse(map[string][]byte{"c.yaml": []byte("apiVersion: ramp/v1\nkind: Contract\nmetadata: {name: c}\nrequest: {who: 'true'}\nduration: {default: 30m, max: 1h}\ngrants: [{target: ssh/dmo, entitlement: {a: b}}]\napproval: {stages: [{name: a, from: [x]}]}\n")})
	require.NoError(t, err)
	const both, server = "server: {}\nworker: {targets: {ssh/demo: {kind: ssh}}}\n", "server: {}\n"
	for text, want := range map[string]string{
		both:   `it grants access on "ssh/dmo", which no worker that the configuration tells of serves (they serve ssh/demo): unless another worker does, every request for it fails; did you mean "ssh/demo"?`,
		server: "",
		server + "keys: {workers: [{public: a.pub, targets: [ssh/demo]}]}\n":                                    `did you mean "ssh/demo"?`,
		server + "keys: {workers: [{public: a.pub, targets: [ssh/dmo]}]}\n":                                     "",
		server + "keys: {workers: [{public: a.pub, targets: ['*']}]}\n":                                         "",
		both + "keys: {workers: [{public: a.pub, targets: ['*']}]}\n":                                           `did you mean "ssh/demo"?`,
		both + "keys: {workers: [{public: a.pub, targets: ['*']}, {public: b.pub, targets: ['*']}]}\n":          "",
		both + "keys: {workers: [{public: a.pub, targets: [ssh/demo]}, {public: b.pub, targets: [ssh/dmo]}]}\n": "",
	} {
		path := filepath.Join(t.TempDir(), "ramp.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		c, err := Load(path)
		require.NoError(t, err)
		var said []string
		require.Empty(t, c.Lacks(set), text)
		for _, f := range c.Doubts(set) {
			said = append(said, f.Place+": "+f.Message+"; "+f.Instead)
		}
		if want == "" {
			require.Empty(t, said, text)
			continue
		}
		require.Len(t, said, 1, text)
		require.Contains(t, said[0], want)
		require.Contains(t, said[0], "c.yaml:6:11")
	}
}
