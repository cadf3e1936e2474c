package sshcert

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
	"ramp.dev/ramp/internal/clock"
)

// skew is how far hosts' clocks may be behind the worker's.
const skew = time.Minute

// Mint implements integrations.Minter: a fresh key with a certificate for what
// is left of the grant. Errors are of code not_found (nothing is open), conflict
// (revoked, or on other terms), invalid and unavailable.
func (t *target) Mint(ctx context.Context, g access.Grant) (access.Credential, error) {
	var none access.Credential
	hostKey, err := t.config.hostKey()
	if err != nil {
		return none, err
	}
	ent, unlock, err := t.begin(ctx, g)
	if err != nil {
		return none, err
	}
	defer unlock()
	_, line, there, err := t.line(ent.user, g.Name)
	if err != nil {
		return none, err
	}
	if !there || !line.Admits(clock.Now()) {
		return none, notOpen()
	}
	if err := t.same(ent, line); err != nil {
		return none, err
	}
	ends := g.ExpiresAt.UTC().Truncate(time.Second)
	if line.Options.ExpiresAt.Before(ends) {
		ends = line.Options.ExpiresAt
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return none, err
	}
	cert, err := t.certify(public, g.Name, ent, ends)
	if err != nil {
		return none, err
	}
	// Recorded before it leaves, or revoking could not know of it.
	if err := t.dir.Issue(hostfiles.Key{Grant: g.Name, Public: cert.Key, ExpiresAt: ends}); err != nil {
		return none, err
	}
	return t.credential(private, cert, ent, hostKey, ends)
}

// certify makes the certificate. Its principal is the grant, never a login: on a
// host that trusts the authority but has no such line, it opens nothing.
func (t *target) certify(public ed25519.PublicKey, grant string, ent entitlement, ends time.Time) (*ssh.Certificate, error) {
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	var serial [8]byte
	rand.Read(serial[:]) // never fails
	cert := &ssh.Certificate{
		Key: key, Serial: binary.BigEndian.Uint64(serial[:]), CertType: ssh.UserCert,
		KeyId: grant, ValidPrincipals: []string{grant},
		ValidAfter: uint64(clock.Now().Add(-skew).Unix()), ValidBefore: uint64(ends.Unix()), // #nosec G115 -- times after 1970
		Permissions: ssh.Permissions{CriticalOptions: map[string]string{}, Extensions: map[string]string{}},
	}
	if ent.source != "" {
		cert.CriticalOptions["source-address"] = ent.source
	}
	if ent.command != "" {
		cert.CriticalOptions["force-command"] = ent.command
	}
	for _, e := range t.config.Extensions {
		cert.Extensions[e] = ""
	}
	return cert, cert.SignCert(rand.Reader, t.ca)
}

// credential is what the requester's client gets. The client puts the files into
// a directory of its own and {{dir}} stands for that.
func (t *target) credential(private ed25519.PrivateKey, cert *ssh.Certificate, ent entitlement, hostKey ssh.PublicKey, ends time.Time) (access.Credential, error) {
	block, err := ssh.MarshalPrivateKey(private, cert.KeyId)
	if err != nil {
		return access.Credential{}, err
	}
	address := net.JoinHostPort(t.config.Host, strconv.Itoa(t.config.Port))
	hint := fmt.Sprintf("ssh %s: you are %s on %s", t.short, ent.user, address)
	if ent.command != "" {
		hint += ", running " + access.Clip(ent.command, 60)
	}
	return access.Credential{
		Kind: "ssh",
		Files: map[string]string{
			"id":          string(pem.EncodeToMemory(block)),
			"id-cert.pub": strings.TrimSpace(string(ssh.MarshalAuthorizedKey(cert))) + " " + cert.KeyId + "\n",
			"known_hosts": knownhosts.Line([]string{address}, hostKey) + "\n",
			"config":      t.clientConfig(ent.user),
		},
		Command: []string{"ssh", t.short}, ExpiresAt: ends, Hint: hint,
	}, nil
}

// clientConfig is an ssh_config that uses these files and nothing of the user's
// own, neither other keys nor an agent nor a connection that is already open.
func (t *target) clientConfig(user string) string {
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
`, t.short, t.config.Host, t.config.Port, user)
}
