package sshcert

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/authority"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
	"ramp.dev/ramp/integrations/sshcert/hostsessions"
	"ramp.dev/ramp/internal/clock"
)

// Config configures one host.
type Config struct {
	Dir           field.File        `yaml:"dir"`                     // shared with the host; see package hostfiles
	CA            field.File        `yaml:"ca,omitempty"`            // the authority's private key, made on first use; dir/ca if empty
	Authority     *authority.Config `yaml:"authority,omitempty"`     // in place of ca: a key that this machine does not have
	Users         []string          `yaml:"users"`                   // the logins that contracts may give
	SourceAddress string            `yaml:"sourceAddress,omitempty"` // CIDR block that every login must come from
	Extensions    []string          `yaml:"extensions,omitempty"`    // of certificates; permit-pty alone if empty
	Host          string            `yaml:"host"`                    // what clients connect to
	Port          int               `yaml:"port,omitempty"`          // 22 if zero
	HostKey       field.FileOrText  `yaml:"hostKey"`                 // the host's public key, or the path of its .pub file
	Sessions      SessionsConfig    `yaml:"sessions"`
	// Describe says more of the logins (users) and the host (hosts) in the inventory.
	Describe integrations.Described `yaml:"describe,omitempty"`
}

// SessionsConfig says how live sessions are found and cut: exactly one way.
type SessionsConfig struct {
	Control   field.File `yaml:"control,omitempty"`   // the control socket of a demo host
	Processes bool       `yaml:"processes,omitempty"` // the processes of sshd on this machine; needs root
}

var (
	hostShape  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$`)
	shortShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	// permit-X11-forwarding is not offered: with it, the host could reach the user's
	// own machine.
	extensions = []string{"permit-pty", "permit-port-forwarding", "permit-agent-forwarding", "permit-user-rc"}
)

// Open returns the target of a name. It creates the directory's files and the
// authority's key where they are missing. Errors are of code invalid, with every
// issue, or unavailable.
func (c Config) Open(ctx context.Context, name string) (integrations.Target, error) {
	return c.open(ctx, name, hostfiles.OS{})
}

func (c Config) open(ctx context.Context, name string, disk hostfiles.Disk) (*target, error) {
	if issues := c.Validate(name); len(issues) > 0 {
		return nil, access.Invalid(issues...)
	}
	if c.Port == 0 {
		c.Port = 22
	}
	if len(c.Extensions) == 0 {
		c.Extensions = []string{"permit-pty"}
	}
	if c.CA == "" {
		c.CA = field.File(filepath.Join(string(c.Dir), "ca"))
	}
	dir, unlock, err := c.prepare(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	signs, err := c.openAuthority(ctx, dir)
	if err != nil {
		return nil, err
	}
	dir = hostfiles.New(string(c.Dir), disk)
	t := &target{name: name, short: shortName(name), config: c, dir: dir, authority: signs, sessions: hostsessions.ControlSocket(c.Sessions.Control)}
	if c.Sessions.Processes {
		t.sessions = hostsessions.NewProcesses(dir)
	}
	return t, nil
}

// prepare makes the directory's files, and returns it with its lock held. The disk that
// tests break is for operations; set-up uses the real one.
func (c Config) prepare(ctx context.Context) (dir *hostfiles.Dir, unlock func(), err error) {
	dir = hostfiles.New(string(c.Dir), hostfiles.OS{})
	if err := dir.Create(); err != nil {
		return nil, nil, err
	}
	if unlock, err = dir.Lock(ctx); err != nil {
		return nil, nil, err
	}
	err = dir.RemoveLeftovers()
	if err == nil {
		err = dir.ForgetClosed(clock.Now())
	}
	if err == nil && c.Sessions.Processes {
		err = writeAdmit(dir)
	}
	if err != nil {
		unlock()
		return nil, nil, err
	}
	return dir, unlock, nil
}

// shortName returns the last part of a target's name: what people type after ssh.
func shortName(target string) string { return target[strings.LastIndexByte(target, '/')+1:] }

// Validate returns everything that is wrong. It does not reach for the host.
func (c Config) Validate(name string) access.Issues {
	var issues access.Issues
	require := issues.Require
	require(shortShape.MatchString(shortName(name)), "target_name", "", "the target's name must be like ssh/demo: its last part becomes the host's name for the ssh command")
	require(c.Dir != "", "dir_missing", "dir", "the directory shared with the host is needed")
	require(len(c.Users) > 0, "users_missing", "users", "at least one login is needed")
	for _, u := range c.Users {
		require(hostfiles.UserShape.MatchString(u), "user_malformed", "users", "%q is not a login name", access.Clip(u, 40))
	}
	require(c.CA == "" || c.Authority == nil, "ca_one", "ca", "ca or authority, not both: one key signs")
	if c.Authority != nil {
		for _, is := range c.Authority.Validate() {
			is.Field = "authority." + is.Field
			issues = append(issues, is)
		}
	}
	if c.SourceAddress != "" {
		_, err := parseBlock(c.SourceAddress)
		require(err == nil, "source_address_malformed", "sourceAddress", "%s", err)
	}
	for _, e := range c.Extensions {
		require(slices.Contains(extensions, e), "extension_unknown", "extensions", "%s is none of %s", access.Clip(e, 40), strings.Join(extensions, ", "))
	}
	require(hostShape.MatchString(c.Host), "host_malformed", "host", "a host name or an address is needed")
	require(c.Port >= 0 && c.Port <= 65535, "port_out_of_range", "port", "a port is between 1 and 65535")
	require(c.HostKey != "", "host_key_missing", "hostKey", "the host's public key, or the path of its .pub file, is needed: without it anybody could pose as the host")
	if c.HostKey.IsText() {
		_, err := parseHostKey([]byte(c.HostKey))
		require(err == nil, "host_key_malformed", "hostKey", "%s", err)
	}
	require((c.Sessions.Control != "") != c.Sessions.Processes, "sessions_one", "sessions",
		"exactly one of control and processes is needed: access that goes on in a live session has not ended")
	issues = append(issues, c.Describe.Validate(map[string]func(string) bool{
		listUsers: func(v string) bool { return slices.Contains(c.Users, v) }, listHosts: func(v string) bool { return v == c.Host }})...)
	_, err := os.Stat("/proc/self/stat")
	require(!c.Sessions.Processes || err == nil, "sessions_processes", "sessions.processes", "this needs Linux's /proc")
	return issues
}

// parseBlock refuses a block like 10.1.2.3/8, which holds more than it seems to.
func parseBlock(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return p, access.Errorf(access.CodeInvalid, "%q is no CIDR block, such as 10.0.0.0/8", access.Clip(s, 60))
	case p != p.Masked():
		return p, access.Errorf(access.CodeInvalid, "%s means %s; write that", p, p.Masked())
	case p.Addr().Is4In6():
		return p, access.Errorf(access.CodeInvalid, "%s: write an IPv4 block as IPv4", p)
	}
	return p, nil
}

// parseHostKey reads a public key, alone or as a known_hosts line.
func parseHostKey(b []byte) (ssh.PublicKey, error) {
	if key, _, _, _, err := ssh.ParseAuthorizedKey(b); err == nil {
		return key, nil
	}
	marker, _, key, _, _, err := ssh.ParseKnownHosts(b)
	if err != nil || marker != "" {
		return nil, access.Errorf(access.CodeInvalid, "not a host's public key")
	}
	return key, nil
}

// hostKey reads the key each time: a demo host creates its own when it first
// starts, which may be after the worker.
func (c Config) hostKey() (ssh.PublicKey, error) {
	if c.HostKey.IsText() {
		return parseHostKey([]byte(c.HostKey))
	}
	b, err := os.ReadFile(string(c.HostKey))
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "host key: %w", err)
	}
	return parseHostKey(b)
}
