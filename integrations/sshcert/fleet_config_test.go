package sshcert

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

func TestFleetBadConfig(t *testing.T) {
	for name, c := range map[string]struct {
		change      func(*FleetConfig)
		code, field string
	}{
		"no authority":                {func(c *FleetConfig) { c.CA = "" }, "ca_missing", "ca"},
		"no logins":                   {func(c *FleetConfig) { c.Users = nil }, "users_missing", "users"},
		"no key for the helpers":      {func(c *FleetConfig) { c.HelperKey = "" }, "helper_key_missing", "helperKey"},
		"no hosts":                    {func(c *FleetConfig) { c.Hosts = nil }, "hosts_missing", "hosts"},
		"a host that nobody knows":    {func(c *FleetConfig) { c.Hosts[1].HostKey = "" }, "host_key_missing", "hosts[1].hostKey"},
		"two of one name":             {func(c *FleetConfig) { c.Hosts[1].Name = "web1" }, "host_twice", "hosts[1].name"},
		"a name with a line":          {func(c *FleetConfig) { c.Hosts[0].Name = "a\n  ProxyCommand x" }, "name_malformed", "hosts[0].name"},
		"an address with a line":      {func(c *FleetConfig) { c.Hosts[0].Host = "a\n  ProxyCommand x" }, "host_malformed", "hosts[0].host"},
		"a port":                      {func(c *FleetConfig) { c.Hosts[0].HelperPort = 70000 }, "port_out_of_range", "hosts[0].helperPort"},
		"a label":                     {func(c *FleetConfig) { c.Hosts[0].Labels = map[string]string{"Site": "eu"} }, "label_malformed", "hosts[0].labels"},
		"a host key":                  {func(c *FleetConfig) { c.Hosts[0].HostKey = "ssh-ed25519 AAAA" }, "host_key_malformed", "hosts[0].hostKey"},
		"hosts' authority":            {func(c *FleetConfig) { c.HostAuthority = "ssh-ed25519 AAAA" }, "host_authority_malformed", "hostAuthority"},
		"describes what is not there": {func(c *FleetConfig) { c.Describe = integrations.Described{"hosts": {{Value: "web9"}}} }, "describe_not_allowed", "describe.hosts"},
	} {
		t.Run(name, func(t *testing.T) {
			config := FleetConfig{CA: "ca", HelperKey: "key", Users: []string{"deploy"}, Hosts: []FleetHost{
				{Name: "web1", Host: "web1.example.com", HostKey: hostKeyLine}, {Name: "web2", Host: "web2.example.com", HostKey: hostKeyLine}}}
			require.Empty(t, config.Validate("ssh/web"))
			c.change(&config)
			_, err := config.Open(context.Background(), "ssh/web")
			issues := access.IssuesOf(err)
			require.Len(t, issues, 1, "%v", err)
			require.Equal(t, c.code, issues[0].Code)
			require.Equal(t, c.field, issues[0].Field)
		})
	}
}

// Contracts compare a host's labels, unless the configuration describes it.
func TestFleetInventory(t *testing.T) {
	c := FleetConfig{Users: []string{"deploy"}, Hosts: []FleetHost{
		{Name: "web1", Host: "web1.example.com", HostKey: hostKeyLine, Labels: map[string]string{"site": "eu"}},
		{Name: "web2", Host: "web2.example.com", HostKey: hostKeyLine, Labels: map[string]string{"site": "us"}}},
		Describe: integrations.Described{"hosts": {{Value: "web2", Label: "The second", Attributes: map[string]string{"team": "orders"}}}}}
	f := &fleet{config: c.withDefaults()}
	hosts, next, err := f.Choices(context.Background(), "hosts", "")
	require.NoError(t, err)
	require.Empty(t, next)
	require.Equal(t, []access.Choice{{Value: "web1", Attributes: map[string]string{"site": "eu"}},
		{Value: "web2", Label: "The second", Attributes: map[string]string{"team": "orders"}}}, hosts)
}
