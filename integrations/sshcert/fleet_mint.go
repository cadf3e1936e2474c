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
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostcall"
)

// patience is how long a pick-up waits for the other hosts once one admits its key.
const patience = 5 * time.Second

// Mint implements integrations.Minter: one key and one certificate for all hosts that admit
// it. Somebody who took a host over can have that host left out, and nothing more: its error
// and its silence stop no pick-up, and an early end that it says shortens no certificate,
// which ends with the latest of theirs. Each host's own line has its own end.
func (f *fleet) Mint(ctx context.Context, g access.Grant) (access.Credential, error) {
	var none access.Credential
	_, ent, meant, err := f.config.entitlement(g.Entitlement)
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
	ends, all := f.issue(ctx, hosts, one, key)
	if len(ends) == 0 {
		return none, all.every("admit it")
	}
	end := slices.MaxFunc(slices.Collect(maps.Values(ends)), time.Time.Compare).UTC().Truncate(time.Second)
	cert, err := f.authority.Sign(ctx, ent.wanted(key, g.Name, end, f.config.Extensions))
	if err != nil {
		return none, err
	}
	without := slices.DeleteFunc(meant, func(name string) bool { return !ends[name].IsZero() })
	return f.credential(private, cert, ent, slices.Sorted(maps.Keys(ends)), without, end)
}

// issue has hosts record a key, and returns the ends that they say. It waits for those that
// say nothing as long as none has admitted the key, and then for a short time.
func (f *fleet) issue(ctx context.Context, hosts []string, g access.Grant, key ssh.PublicKey) (map[string]time.Time, outcome) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var first sync.Once
	return gather(ctx, f, hosts, func(ctx context.Context, h hostcall.Host) (time.Time, error) {
		at, err := h.Issue(ctx, g, key)
		if err == nil {
			first.Do(func() { time.AfterFunc(f.patience, cancel) })
		}
		return at, err
	})
}

// credential returns what the requester's client gets, for the hosts that admit it, and
// says without which.
func (f *fleet) credential(private ed25519.PrivateKey, cert *ssh.Certificate, ent entitlement, hosts, without []string, ends time.Time) (access.Credential, error) {
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
	hint := fmt.Sprintf("ssh %s: you are %s on %s", hosts[0], ent.User, few(hosts))
	if len(without) > 0 {
		hint += " (not on " + few(without) + ", which did not take part)"
	}
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

// few names some hosts, in a hint, which has to be short.
func few(hosts []string) string {
	if len(hosts) > 3 {
		return fmt.Sprintf("%s and %d more", access.Clip(strings.Join(hosts[:3], ", "), 110), len(hosts)-3)
	}
	return access.Clip(strings.Join(hosts, ", "), 110)
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
