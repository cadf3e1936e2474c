package sshhost

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

func newHostKey() ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(key, "ramp demo host")
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(block), nil
}

// Keys of the connection's permissions, which keep what was found at login.
const (
	permGrant   = "ramp-grant"
	permCommand = "ramp-command"
)

func (h *Host) serverConfig() *ssh.ServerConfig {
	c := &ssh.ServerConfig{ServerVersion: "SSH-2.0-ramp-demo", PublicKeyCallback: h.authenticate}
	c.AddHostKey(h.key)
	return c
}

// authenticate admits certificates and nothing else. The library calls it before
// it has seen a signature, so the banner must not tell anything secret.
func (h *Host) authenticate(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	perms, err := h.admitCertificate(meta.User(), meta.RemoteAddr(), key)
	if err != nil {
		return nil, &ssh.BannerError{Err: err, Message: "Ramp: no access: " + err.Error() + ".\n"}
	}
	return perms, nil
}

func (h *Host) admitCertificate(user string, from net.Addr, key ssh.PublicKey) (*ssh.Permissions, error) {
	cert, ok := key.(*ssh.Certificate)
	if !ok || cert.CertType != ssh.UserCert {
		return nil, fmt.Errorf("only user certificates are accepted")
	}
	if err := h.trusted(cert.SignatureKey); err != nil {
		return nil, err
	}
	// A certificate without principals would be valid for any. Refuse it, as sshd
	// does.
	if len(cert.ValidPrincipals) == 0 {
		return nil, fmt.Errorf("the certificate names no principal")
	}
	if cert.ValidBefore == ssh.CertTimeInfinity {
		return nil, fmt.Errorf("the certificate has no end")
	}
	for _, grant := range cert.ValidPrincipals {
		line, err := h.admitted(user, grant, from)
		if err != nil || line == nil {
			if err != nil {
				return nil, err
			}
			continue
		}
		// source-address is enforced by the library, on what is returned here.
		checker := &ssh.CertChecker{SupportedCriticalOptions: []string{"source-address", "force-command"}}
		if err := checker.CheckCert(grant, cert); err != nil {
			return nil, err
		}
		if revoked, err := h.dir.IsRevoked(cert.Key); err != nil || revoked {
			return nil, fmt.Errorf("the certificate's key was revoked")
		}
		return permissions(cert, grant, line.Options.Command)
	}
	return nil, fmt.Errorf("this host does not admit this certificate as %q, or no longer", user)
}

// permissions combines the limits of the certificate and of the host's line. As
// with sshd, two forced commands must be the same.
func permissions(cert *ssh.Certificate, grant, command string) (*ssh.Permissions, error) {
	forced, inCert := cert.CriticalOptions["force-command"]
	if inCert && command != "" && forced != command {
		return nil, fmt.Errorf("the certificate and the host force different commands")
	}
	if !inCert {
		forced = command
	}
	p := &ssh.Permissions{CriticalOptions: cert.CriticalOptions, Extensions: map[string]string{permGrant: grant, permCommand: forced}}
	if _, ok := cert.Extensions["permit-pty"]; ok {
		p.Extensions["permit-pty"] = ""
	}
	return p, nil
}

// trusted returns an error unless the host trusts the authority. It reads the file
// each time, because the target, which writes it, may start after the host.
func (h *Host) trusted(authority ssh.PublicKey) error {
	rest, err := os.ReadFile(h.dir.CAPath())
	if err != nil {
		return fmt.Errorf("this host trusts no authority yet")
	}
	for len(rest) > 0 {
		var key ssh.PublicKey
		if key, _, _, rest, err = ssh.ParseAuthorizedKey(rest); err != nil {
			break
		}
		if bytes.Equal(key.Marshal(), authority.Marshal()) {
			return nil
		}
	}
	return fmt.Errorf("the certificate is of another authority")
}

// admitted returns the line that admits the grant now, or nil if there is none.
func (h *Host) admitted(user, grant string, from net.Addr) (*hostfiles.Line, error) {
	line, ok, err := h.dir.Admission(user, grant)
	if err != nil || !ok || !line.Admits(time.Now()) {
		return nil, err
	}
	if line.Options.From != "" {
		addr, err := netip.ParseAddrPort(from.String())
		if err != nil {
			return nil, err
		}
		if ok, err := hostfiles.FromAllows(line.Options.From, addr.Addr()); err != nil || !ok {
			return nil, err
		}
	}
	return &line, nil
}
