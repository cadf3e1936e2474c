package sshcert

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/authority"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
	"ramp.dev/ramp/internal/clock"
)

// Mint implements integrations.Minter. The credential is a fresh key, with a
// certificate that is valid until the grant's end.
func (t *target) Mint(ctx context.Context, g access.Grant) (access.Credential, error) {
	var none access.Credential
	hostKey, err := t.config.hostKey()
	if err != nil {
		return none, err
	}
	ent, err := t.config.entitlement(g.Entitlement)
	if err != nil {
		return none, err
	}
	key, private, err := newKey()
	if err != nil {
		return none, err
	}
	ends, err := t.issue(ctx, g, key)
	if err != nil {
		return none, err
	}
	cert, err := t.authority.Sign(ctx, ent.wanted(key, g.Name, ends, t.config.Extensions))
	if err != nil {
		return none, err
	}
	return t.credential(private, cert, ent, hostKey, ends)
}

// newKey returns a fresh key for one pick-up.
func newKey() (ssh.PublicKey, ed25519.PrivateKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	key, err := ssh.NewPublicKey(public)
	return key, private, err
}

// issue records a key of the grant and returns when its certificate must end. It is
// recorded before it is signed, let alone handed out: a revoke that comes meanwhile
// finds it, and puts it on the revoked list. The authority may be slow, and is not
// waited for with the host's files locked: that would hold up every end of access.
func (t *target) issue(ctx context.Context, g access.Grant, key ssh.PublicKey) (ends time.Time, err error) {
	ent, unlock, err := t.begin(ctx, g)
	if err != nil {
		return ends, err
	}
	defer unlock()
	line, err := t.find(ent, g.Name)
	if err != nil {
		return ends, err
	}
	if !line.Admits(clock.Now()) {
		return ends, integrations.ErrNotOpen
	}
	ends = integrations.Earlier(line.Options.ExpiresAt, g.ExpiresAt)
	return ends, t.dir.Issue(hostfiles.Key{Grant: g.Name, Public: key, ExpiresAt: ends})
}

// wanted is the certificate of a key for the entitlement under a grant.
func (e entitlement) wanted(key ssh.PublicKey, grant string, ends time.Time, extensions []string) authority.Wanted {
	w := authority.Wanted{Key: key, Grant: grant, Ends: ends, CriticalOptions: map[string]string{}, Extensions: extensions}
	if e.Source != "" {
		w.CriticalOptions["source-address"] = e.Source
	}
	if e.Command != "" {
		w.CriticalOptions["force-command"] = e.Command
	}
	return w
}

// credential returns what the requester's client gets.
func (t *target) credential(private ed25519.PrivateKey, cert *ssh.Certificate, ent entitlement, hostKey ssh.PublicKey, ends time.Time) (access.Credential, error) {
	block, err := ssh.MarshalPrivateKey(private, cert.KeyId)
	if err != nil {
		return access.Credential{}, err
	}
	address := net.JoinHostPort(t.config.Host, strconv.Itoa(t.config.Port))
	hint := fmt.Sprintf("ssh %s: you are %s on %s", t.short, ent.User, address)
	if ent.Command != "" {
		hint += ", running " + access.Clip(ent.Command, 60)
	}
	useConfig := []string{"-F", "{{dir}}/config"}
	return access.Credential{
		Kind: "ssh",
		Files: map[string]string{
			"id":          string(pem.EncodeToMemory(block)),
			"id-cert.pub": strings.TrimSpace(string(ssh.MarshalAuthorizedKey(cert))) + " " + cert.KeyId + "\n",
			"known_hosts": knownhosts.Line([]string{address}, hostKey) + "\n",
			"config":      clientConfig(t.short, t.config.Host, t.config.Port, ent.User),
		},
		Arguments: map[string][]string{"ssh": useConfig, "scp": useConfig, "sftp": useConfig},
		Command:   []string{"ssh", t.short}, ExpiresAt: ends, Hint: hint,
	}, nil
}

// clientConfig returns an ssh_config that uses the credential's files and nothing
// of the user's own: no other key, no agent, no connection that is already open.
func clientConfig(name, host string, port int, user string) string {
	return fmt.Sprintf(`Host %s
  HostName %s
  Port %d
  User %s
  IdentityFile "{{dir}}/id"
  CertificateFile "{{dir}}/id-cert.pub"
  UserKnownHostsFile "{{dir}}/known_hosts"
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  UpdateHostKeys no
  IdentitiesOnly yes
  IdentityAgent none
  PreferredAuthentications publickey
  ControlMaster no
  ControlPath none
`, name, host, port, user)
}
