package sshcert

import (
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/hostcall"
)

// Mint implements integrations.Minter: one key and one certificate for all hosts that the
// grant is on. The certificate ends with the earliest of them.
func (f *fleet) Mint(ctx context.Context, g access.Grant) (access.Credential, error) {
	var none access.Credential
	_, ent, _, err := f.config.entitlement(g.Entitlement)
	if err != nil {
		return none, err
	}
	one, hosts, err := f.held(ctx, g)
	if err != nil {
		return none, err
	}
	key, private, err := newKey()
	if err != nil {
		return none, err
	}
	ends, all := gather(ctx, f, hosts, func(ctx context.Context, h hostcall.Host) (time.Time, error) { return h.Issue(ctx, one, key) })
	if err := all.opened("admit it"); err != nil {
		return none, err
	}
	end := g.ExpiresAt
	for _, at := range ends {
		end = integrations.Earlier(at.UTC().Truncate(time.Second), end)
	}
	cert, err := f.authority.Sign(ctx, ent.wanted(key, g.Name, end, f.config.Extensions))
	if err != nil {
		return none, err
	}
	return f.credential(private, cert, ent, slices.Sorted(maps.Keys(ends)), end)
}

// credential returns what the requester's client gets, for the hosts that admit it.
func (f *fleet) credential(private ed25519.PrivateKey, cert *ssh.Certificate, ent entitlement, hosts []string, ends time.Time) (access.Credential, error) {
	block, err := ssh.MarshalPrivateKey(private, cert.KeyId)
	if err != nil {
		return access.Credential{}, err
	}
	var known, config strings.Builder
	for _, name := range hosts {
		h, _ := f.config.host(name)
		line, err := f.config.knownHost(h)
		if err != nil {
			return access.Credential{}, err
		}
		known.WriteString(line + "\n")
		config.WriteString(clientConfig(h.Name, h.Host, h.Port, ent.User))
	}
	on := strings.Join(hosts, ", ")
	if len(hosts) > 3 {
		on = fmt.Sprintf("%s and %d more", strings.Join(hosts[:3], ", "), len(hosts)-3)
	}
	hint := fmt.Sprintf("ssh %s: you are %s on %s", hosts[0], ent.User, on)
	if ent.Command != "" {
		hint += ", running " + access.Clip(ent.Command, 60)
	}
	useConfig := []string{"-F", "{{dir}}/config"}
	return access.Credential{
		Kind: "ssh",
		Files: map[string]string{
			"id":          string(pem.EncodeToMemory(block)),
			"id-cert.pub": strings.TrimSpace(string(ssh.MarshalAuthorizedKey(cert))) + " " + cert.KeyId + "\n",
			"known_hosts": known.String(),
			"config":      config.String(),
		},
		Arguments: map[string][]string{"ssh": useConfig, "scp": useConfig, "sftp": useConfig},
		Command:   []string{"ssh", hosts[0]}, ExpiresAt: ends, Hint: hint,
	}, nil
}

// knownHost returns the line of known_hosts by which a client knows a host: its key, or
// the authority that signed its certificate, for this address alone.
func (c FleetConfig) knownHost(h FleetHost) (string, error) {
	address := net.JoinHostPort(h.Host, strconv.Itoa(h.Port))
	if h.HostKey != "" {
		key, err := h.key()
		if err != nil {
			return "", err
		}
		return knownhosts.Line([]string{address}, key), nil
	}
	by, err := Config{HostKey: c.HostAuthority}.hostKey()
	if err != nil {
		return "", err
	}
	return "@cert-authority " + knownhosts.Line([]string{address}, by), nil
}
