// Package testcert makes certificates for tests.
package testcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Authority issues certificates; whoever has its file, ca.pem, trusts it.
type Authority struct {
	Dir string

	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority returns an authority of its own, which lives for an hour.
func NewAuthority(t testing.TB) *Authority {
	a := &Authority{Dir: t.TempDir(), t: t}
	a.cert, a.key = a.issue("ca", func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	})
	return a
}

// Issue puts NAME.pem and NAME.key into the authority's directory, and returns the
// certificate. change adds what it is for: names, usages.
func (a *Authority) Issue(name string, change func(*x509.Certificate)) *x509.Certificate {
	c, _ := a.issue(name, change)
	return c
}

func (a *Authority) issue(name string, change func(*x509.Certificate)) (*x509.Certificate, *ecdsa.PrivateKey) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(a.t, err)
	c := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	change(c)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	require.NoError(a.t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	a.write(name+".pem", "CERTIFICATE", der)
	a.write(name+".key", "PRIVATE KEY", secret)
	c, err = x509.ParseCertificate(der)
	require.NoError(a.t, err)
	return c, key
}

func (a *Authority) write(name, kind string, b []byte) {
	require.NoError(a.t, os.WriteFile(a.File(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600))
}

// File returns the path of a file of the authority: ca.pem, NAME.pem or NAME.key.
func (a *Authority) File(name string) string { return filepath.Join(a.Dir, name) }

// Pool returns the authority as the only one that is trusted.
func (a *Authority) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// Certificates are files in PEM: of an authority, and of one certificate that it has signed
// for 127.0.0.1, as server and as client.
type Certificates struct{ Authority, Cert, Key string }

// New returns certificates of an authority of their own.
func New(t testing.TB) Certificates {
	a := NewAuthority(t)
	a.Issue("own", func(c *x509.Certificate) {
		c.IPAddresses, c.KeyUsage = []net.IP{net.IPv4(127, 0, 0, 1)}, x509.KeyUsageDigitalSignature
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	})
	return Certificates{a.File("ca.pem"), a.File("own.pem"), a.File("own.key")}
}
