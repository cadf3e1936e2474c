package sshcert

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/authority"
	"ramp.dev/ramp/integrations/sshcert/hostcall"
)

// FleetConfig configures several hosts, each with a helper of its own (see Helper), as one
// target.
type FleetConfig struct {
	CA            field.File        `yaml:"ca,omitempty"`            // the authority's private key, made on first use, with CA.pub for the hosts
	Authority     *authority.Config `yaml:"authority,omitempty"`     // or a key that this machine does not have
	Users         []string          `yaml:"users"`                   // the logins that contracts may give
	SourceAddress string            `yaml:"sourceAddress,omitempty"` // CIDR block that every login must come from
	Extensions    []string          `yaml:"extensions,omitempty"`    // of certificates; permit-pty alone if empty
	HelperKey     field.File        `yaml:"helperKey"`               // Ramp's private key, which the helpers know
	// HostAuthority is the public key that signs the hosts' certificates, or the path of
	// its .pub file: hosts without a hostKey are known by it.
	HostAuthority field.FileOrText `yaml:"hostAuthority,omitempty"`
	Hosts         []FleetHost      `yaml:"hosts"`
	// Describe says more of the logins (users) and the hosts (hosts) in the inventory.
	Describe integrations.Described `yaml:"describe,omitempty"`
}

// FleetHost is one host of a fleet.
type FleetHost struct {
	Name       string            `yaml:"name"`                 // what people type after ssh
	Host       string            `yaml:"host"`                 // what clients and Ramp connect to
	Port       int               `yaml:"port,omitempty"`       // of sshd; 22 if zero
	HelperPort int               `yaml:"helperPort,omitempty"` // 8022 if zero
	HostKey    field.FileOrText  `yaml:"hostKey,omitempty"`    // the host's public key, or the path of its .pub file
	Labels     map[string]string `yaml:"labels,omitempty"`     // by which contracts choose hosts
}

const (
	defaultHelperPort = 8022
	maxHosts          = 1000
)

var (
	labelName  = regexp.MustCompile(`^[a-z][A-Za-z0-9_-]{0,39}$`)
	labelValue = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`)
)

// single returns the configuration of one host with what all have in common.
func (c FleetConfig) single() Config {
	return Config{Dir: "fleet", CA: c.CA, Authority: c.Authority, Users: c.Users, SourceAddress: c.SourceAddress, Extensions: c.Extensions,
		Host: "localhost", HostKey: "fleet", Sessions: SessionsConfig{Control: "fleet"}}
}

// Validate returns everything that is wrong. It does not reach for the hosts.
func (c FleetConfig) Validate(name string) access.Issues {
	issues := c.single().Validate(name)
	issues.Require(c.CA != "" || c.Authority != nil, "ca_missing", "ca", "ca or authority is needed: what signs the certificates")
	issues.Require(c.HelperKey != "", "helper_key_missing", "helperKey", "the private key that the hosts' helpers know is needed")
	issues.Require(len(c.Hosts) > 0 && len(c.Hosts) <= maxHosts, "hosts_missing", "hosts", "1 to %d hosts are needed", maxHosts)
	if c.HostAuthority.IsText() {
		_, err := parseHostKey([]byte(c.HostAuthority))
		issues.Require(err == nil, "host_authority_malformed", "hostAuthority", "%s", err)
	}
	for i, h := range c.Hosts {
		for _, is := range h.validate(c.HostAuthority != "") {
			is.Field = fmt.Sprintf("hosts[%d].%s", i, is.Field)
			issues = append(issues, is)
		}
		issues.Require(!slices.ContainsFunc(c.Hosts[:i], func(o FleetHost) bool { return o.Name == h.Name }), "host_twice", fmt.Sprintf("hosts[%d].name", i),
			"two hosts are called %s", access.Clip(h.Name, 40))
	}
	return append(issues, c.Describe.Validate(map[string]func(string) bool{
		listUsers: func(v string) bool { return slices.Contains(c.Users, v) },
		listHosts: func(v string) bool { return slices.Contains(c.names(), v) }})...)
}

func (h FleetHost) validate(authority bool) (issues access.Issues) {
	require := issues.Require
	require(shortShape.MatchString(h.Name), "name_malformed", "name", "a name that people can type after ssh is needed")
	require(hostShape.MatchString(h.Host), "host_malformed", "host", "a host name or an address is needed")
	require(h.Port >= 0 && h.Port <= 65535, "port_out_of_range", "port", "a port is between 1 and 65535")
	require(h.HelperPort >= 0 && h.HelperPort <= 65535, "port_out_of_range", "helperPort", "a port is between 1 and 65535")
	require(h.HostKey != "" || authority, "host_key_missing", "hostKey", "the host's public key is needed, or hostAuthority for all: without it anybody could pose as the host")
	if h.HostKey.IsText() {
		_, err := parseHostKey([]byte(h.HostKey))
		require(err == nil, "host_key_malformed", "hostKey", "%s", err)
	}
	for name, value := range h.Labels {
		require(labelName.MatchString(name) && labelValue.MatchString(value), "label_malformed", "labels", "%s: %s is not like role: web", access.Clip(name, 40), access.Clip(value, 40))
	}
	return issues
}

// names returns the hosts' names, in the order of the configuration.
func (c FleetConfig) names() []string {
	out := make([]string, len(c.Hosts))
	for i, h := range c.Hosts {
		out[i] = h.Name
	}
	return out
}

// host returns the host of a name.
func (c FleetConfig) host(name string) (FleetHost, bool) {
	i := slices.IndexFunc(c.Hosts, func(h FleetHost) bool { return h.Name == name })
	if i < 0 {
		return FleetHost{}, false
	}
	return c.Hosts[i], true
}

// Open returns the target of a name. It does not call the hosts. Errors are of code
// invalid, with every issue, or unavailable.
func (c FleetConfig) Open(ctx context.Context, name string) (integrations.Target, error) {
	return c.open(ctx, name, nil)
}

// open lets tests put a network between the target and the hosts.
func (c FleetConfig) open(ctx context.Context, name string, dial func(ctx context.Context, address string) (net.Conn, error)) (*fleet, error) {
	if issues := c.Validate(name); len(issues) > 0 {
		return nil, access.Invalid(issues...)
	}
	c = c.withDefaults()
	key, err := privateKey(string(c.HelperKey))
	if err != nil {
		return nil, err
	}
	signs, err := c.openAuthority(ctx)
	if err != nil {
		return nil, err
	}
	f := &fleet{config: c, authority: signs, hosts: map[string]hostcall.Host{}, patience: patience, openPatience: openPatience, own: ssh.FingerprintSHA256(key.PublicKey())}
	for _, h := range c.Hosts {
		address := net.JoinHostPort(h.Host, strconv.Itoa(h.HelperPort))
		f.hosts[h.Name] = hostcall.NewClient(address, key, func(_ string, remote net.Addr, key ssh.PublicKey) error { return c.checkHost(h, remote, key) }, dial)
	}
	return f, nil
}

func (c FleetConfig) withDefaults() FleetConfig {
	if len(c.Extensions) == 0 {
		c.Extensions = []string{"permit-pty"}
	}
	described := integrations.Described{listUsers: c.Describe[listUsers], listHosts: slices.Clone(c.Describe[listHosts])}
	c.Hosts = slices.Clone(c.Hosts)
	for i, h := range c.Hosts {
		if h.Port == 0 {
			c.Hosts[i].Port = 22
		}
		if h.HelperPort == 0 {
			c.Hosts[i].HelperPort = defaultHelperPort
		}
		// A host's labels are what contracts compare, unless the configuration says more.
		if !slices.ContainsFunc(described[listHosts], func(d integrations.DescribedChoice) bool { return d.Value == h.Name }) {
			described[listHosts] = append(described[listHosts], integrations.DescribedChoice{Value: h.Name, Attributes: h.Labels})
		}
	}
	c.Describe = described
	return c
}

// openAuthority returns what signs. The hosts' own files say what they trust.
func (c FleetConfig) openAuthority(ctx context.Context) (authority.Authority, error) {
	if c.Authority != nil {
		return c.Authority.Open(ctx)
	}
	key, err := loadOrCreateCA(string(c.CA))
	if err != nil {
		return nil, err
	}
	return authority.FromKey(key), trust(string(c.CA)+".pub", key.PublicKey(), "ca")
}

// checkHost reports whether a host is who it says it is, by its own key or by the
// certificate that the hosts' authority has signed for its address.
func (c FleetConfig) checkHost(h FleetHost, remote net.Addr, key ssh.PublicKey) error {
	if h.HostKey != "" {
		own, err := h.key()
		if err != nil {
			return err
		}
		if cert, is := key.(*ssh.Certificate); is {
			key = cert.Key
		}
		if !bytes.Equal(own.Marshal(), key.Marshal()) {
			return access.Errorf(access.CodeUnavailable, "it has another key than hostKey: something else is at its address")
		}
		return nil
	}
	trusted, err := Config{HostKey: c.HostAuthority}.hostKey()
	if err != nil {
		return err
	}
	checker := ssh.CertChecker{IsHostAuthority: func(by ssh.PublicKey, _ string) bool { return bytes.Equal(by.Marshal(), trusted.Marshal()) }}
	return checker.CheckHostKey(net.JoinHostPort(strings.ToLower(h.Host), strconv.Itoa(h.Port)), remote, key)
}

// key reads the host's key; see Config.hostKey.
func (h FleetHost) key() (ssh.PublicKey, error) { return Config{HostKey: h.HostKey}.hostKey() }
