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
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
	"ramp.dev/ramp/internal/clock"
)

// hostClockSkew is how far a host's clock may be behind the worker's. It is more
// than Ramp allows its own processes: hosts are many, and kept by others.
const hostClockSkew = time.Minute

// Mint implements integrations.Minter. The credential is a fresh key, with a
// certificate that is valid until the grant's end.
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
	line, err := t.find(ent, g.Name)
	if err != nil {
		return none, err
	}
	if !line.Admits(clock.Now()) {
		return none, integrations.ErrNotOpen
	}
	ends := integrations.Earlier(line.Options.ExpiresAt, g.ExpiresAt)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return none, err
	}
	cert, err := t.certify(public, g.Name, ent, ends)
	if err != nil {
		return none, err
	}
	// Recorded before it is handed out, or a revoke would not know of it.
	if err := t.dir.Issue(hostfiles.Key{Grant: g.Name, Public: cert.Key, ExpiresAt: ends}); err != nil {
		return none, err
	}
	return t.credential(private, cert, ent, hostKey, ends)
}

// certify returns a signed certificate. Its principal is the grant, never a login:
// on a host that trusts the authority but has no line for the grant, it opens
// nothing.
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
		ValidAfter: uint64(clock.Now().Add(-hostClockSkew).Unix()), ValidBefore: uint64(ends.Unix()), // #nosec G115 -- times after 1970
		Permissions: ssh.Permissions{CriticalOptions: map[string]string{}, Extensions: map[string]string{}},
	}
	if ent.Source != "" {
		cert.CriticalOptions["source-address"] = ent.Source
	}
	if ent.Command != "" {
		cert.CriticalOptions["force-command"] = ent.Command
	}
	for _, e := range t.config.Extensions {
		cert.Extensions[e] = ""
	}
	return cert, cert.SignCert(rand.Reader, t.ca)
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
			"config":      t.clientConfig(ent.User),
		},
		Arguments: map[string][]string{"ssh": useConfig, "scp": useConfig, "sftp": useConfig},
		Command:   []string{"ssh", t.short}, ExpiresAt: ends, Hint: hint,
	}, nil
}

// clientConfig returns an ssh_config that uses the credential's files and nothing
// of the user's own: no other key, no agent, no connection that is already open.
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
